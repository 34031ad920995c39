import { deserialize, serialize } from 'node:v8';
import { StateError } from './error.ts';

/** How a value is kept: text, bytes and numbers as they are, all else as Node's structured clone writes it. */
export type Stored =
  | { readonly kind: 'text'; readonly data: string }
  | { readonly kind: 'number'; readonly data: number }
  | { readonly kind: 'bytes' | 'clone'; readonly data: Uint8Array };

/** By the number that files and servers know them by: add at the end, change none. */
export const kinds: ReadonlyArray<Stored['kind']> = ['clone', 'text', 'bytes', 'number'];

/**
 * @param name what the value is to become, for the error.
 * @throws StateError `ERR_STATE_VALUE` for what structured clone refuses: functions, symbols, promises...
 */
export function encode(value: unknown, name: string): Stored {
  if (typeof value === 'string') return { kind: 'text', data: value };
  if (Buffer.isBuffer(value)) return { kind: 'bytes', data: value };
  try {
    return { kind: 'clone', data: serialize(value) };
  } catch (cause) {
    const why = (cause as Error).message;
    throw new StateError('ERR_STATE_VALUE', `${name} cannot be stored: ${why} Store plain data: what it is made of`, {
      cause,
    });
  }
}

/** @returns a value of the caller's own: changing it changes nothing in the store, nor what others get. */
export function decode({ kind, data }: Stored, name: string): unknown {
  if (kind === 'text' || kind === 'number') return data;
  // The copy: an engine may keep the bytes for the next who asks.
  if (kind === 'bytes') return Buffer.from(data);
  try {
    return deserialize(data);
  } catch (cause) {
    throw new StateError(
      'ERR_STATE_VALUE',
      `${name} was written by a newer Node, whose format this one (${process.version}) cannot read: delete it, or update`,
      { cause },
    );
  }
}

/** What it takes, bytes, near enough to bound memory by. */
export function sizeOf({ kind, data }: Stored): number {
  if (kind === 'number') return 8;
  return kind === 'text' ? Buffer.byteLength(data) : data.byteLength;
}
