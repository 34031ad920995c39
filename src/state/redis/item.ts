import type { Item } from '../engine.ts';
import { StateError } from '../error.ts';
import { kinds, type Stored } from '../value.ts';

/**
 * The head of an item: the kind as one byte, and the end of its freshness as a double. The server itself knows when it
 * expires.
 */
const HEAD_BYTES = 9;

/**
 * Encodes an item. A number is kept as its digits, so that the server can add to it. No kind has the number of a
 * digit.
 */
export function encodeItem({ kind, data }: Stored, freshUntil: number): Buffer {
  if (kind === 'number') return Buffer.from(String(data));
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = kinds.indexOf(kind);
  head.writeDoubleBE(freshUntil, 1);
  return Buffer.concat([head, typeof data === 'string' ? Buffer.from(data) : data]);
}

/**
 * Decodes an item.
 *
 * @throws StateError `ERR_STATE_VALUE` for a value that `encodeItem` did not write: another program uses the same
 *   keys.
 */
export function decodeItem(bytes: Buffer | null): Item | undefined {
  if (bytes === null) return undefined;
  const kind = kinds[bytes[0] ?? -1];
  if (kind === undefined || kind === 'number') return forEver({ kind: 'number', data: decodeNumber(bytes) });
  if (bytes.length < HEAD_BYTES) throw foreign();
  const freshUntil = bytes.readDoubleBE(1);
  if (Number.isNaN(freshUntil)) throw foreign();
  const data = bytes.subarray(HEAD_BYTES);
  const stored: Stored = kind === 'text' ? { kind, data: data.toString() } : { kind, data };
  return { stored, freshUntil, expires: Infinity };
}

function decodeNumber(bytes: Buffer): number {
  const text = bytes.toString('latin1');
  if (!/^-?\d{1,16}$/.test(text)) throw foreign();
  return Number(text);
}

function foreign(): StateError {
  return new StateError(
    'ERR_STATE_VALUE',
    'Redis has a value there that prefork has not written: choose another prefix',
  );
}

function forEver(stored: Stored): Item {
  return { stored, freshUntil: Infinity, expires: Infinity };
}
