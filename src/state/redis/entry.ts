import type { Entry } from '../engine.ts';
import { StateError } from '../error.ts';
import { kinds, type Stored } from '../value.ts';

/** The kind as one byte, until when it is fresh as a double, then the data. The server itself knows when it expires. */
const HEAD = 9;

/** A number is kept as its digits, so that the server can add to it; no kind has the number of a digit or a sign. */
export function encodeEntry({ kind, data }: Stored, freshUntil: number): Buffer {
  if (kind === 'number') return Buffer.from(String(data));
  const head = Buffer.alloc(HEAD);
  head[0] = kinds.indexOf(kind);
  head.writeDoubleBE(freshUntil, 1);
  return Buffer.concat([head, typeof data === 'string' ? Buffer.from(data) : data]);
}

/** @throws StateError `ERR_STATE_VALUE` for what prefork did not write. */
export function decodeEntry(bytes: Buffer | null, key: string): Entry | undefined {
  if (bytes === null) return undefined;
  const kind = kinds[bytes[0] ?? -1];
  if (kind === undefined || kind === 'number') return forEver({ kind: 'number', data: numberIn(bytes, key) });
  if (bytes.length < HEAD) throw foreign(key);
  const freshUntil = bytes.readDoubleBE(1);
  if (Number.isNaN(freshUntil)) throw foreign(key);
  const data = bytes.subarray(HEAD);
  return { stored: kind === 'text' ? { kind, data: data.toString() } : { kind, data }, freshUntil, expires: Infinity };
}

function numberIn(bytes: Buffer, key: string): number {
  const text = bytes.toString('latin1');
  if (/^-?\d{1,16}$/.test(text)) return Number(text);
  throw foreign(key);
}

function foreign(key: string): StateError {
  return new StateError(
    'ERR_STATE_VALUE',
    `what Redis has for '${key}' was not written by prefork: delete it, or give openState a prefix of its own`,
  );
}

function forEver(stored: Stored): Entry {
  return { stored, freshUntil: Infinity, expires: Infinity };
}
