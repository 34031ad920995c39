import { deserialize, serialize } from 'node:v8';
import { StateError } from './error.ts';
import { messageOf } from '../contract/message-of.ts';

/**
 * A value as it is stored. Text, bytes and numbers stay as they are; other values are written by Node's structured
 * clone.
 */
export type Stored =
  | { readonly kind: 'text'; readonly data: string }
  | { readonly kind: 'number'; readonly data: number }
  | { readonly kind: 'bytes' | 'clone'; readonly data: Uint8Array };

/** The kinds, by the number that files and servers know them by. Add new ones at the end, and change none. */
export const kinds: ReadonlyArray<Stored['kind']> = ['clone', 'text', 'bytes', 'number'];

/**
 * Encodes a value.
 *
 * @param name the name of the value in an error.
 * @throws StateError `ERR_STATE_VALUE` for a value that structured clone refuses: functions, symbols, promises...
 */
export function encode(value: unknown, name: string): Stored {
  if (typeof value === 'string') return { kind: 'text', data: value };
  if (Buffer.isBuffer(value)) return { kind: 'bytes', data: value };
  try {
    return { kind: 'clone', data: serialize(value) };
  } catch (cause) {
    const why = messageOf(cause);
    throw new StateError('ERR_STATE_VALUE', `${name} cannot be stored: ${why} Store plain data instead`, {
      cause,
    });
  }
}

/**
 * Decodes a value.
 *
 * @returns a value of the caller's own: changing it changes neither the store nor what others get.
 */
export function decode({ kind, data }: Stored, name: string): unknown {
  if (kind === 'text' || kind === 'number') return data;
  // The bytes are copied, because an engine may keep them for the next caller.
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

/** Returns the approximate size in bytes, accurate enough to limit memory. */
export function sizeOf({ kind, data }: Stored): number {
  if (kind === 'number') return 8;
  return kind === 'text' ? Buffer.byteLength(data) : data.byteLength;
}
