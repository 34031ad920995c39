/**
 * Reads the replies of a server. A reply is data from outside: the server may not be Redis, or may be broken. Each
 * reply is read as the type that it must have. Anything else counts as an outage, which callers can handle.
 */
import { messageOf } from '../../contract/message-of.ts';
import { StateError } from '../error.ts';

export function bytesIn(reply: unknown): Buffer {
  if (Buffer.isBuffer(reply)) return reply;
  throw strange(reply, 'bytes');
}

export function bytesOrNull(reply: unknown): Buffer | null {
  return reply === null ? null : bytesIn(reply);
}

/** Reads a whole number, in the protocol's own form or as digits. */
export function integerIn(reply: unknown): number {
  const value = Buffer.isBuffer(reply) ? digitsIn(reply) : reply;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw strange(reply, 'a whole number');
}

/**
 * Reads a list.
 *
 * @param length the length that it must have; undefined for any.
 */
export function listIn(reply: unknown, length?: number): readonly unknown[] {
  if (Array.isArray(reply) && (length === undefined || reply.length === length)) return reply as unknown[];
  throw strange(reply, length === undefined ? 'a list' : `a list of ${length}`);
}

/** Whether an error is a reply: such a one begins with a word in capitals. Any other comes from the connection, or from here. */
export function isReply(error: unknown): boolean {
  return /^[A-Z]{3,} /.test(messageOf(error));
}

function digitsIn(text: Buffer): number | undefined {
  return text.length <= 17 && /^-?\d+$/.test(text.toString('latin1')) ? Number(text) : undefined;
}

/** Makes the error of a reply that is none. */
export function strange(reply: unknown, expected: string): StateError {
  const got = reply === null ? 'nothing' : Array.isArray(reply) ? `a list of ${reply.length}` : nameOf(reply);
  return new StateError(
    'ERR_STATE_UNAVAILABLE',
    `Redis answered with ${got}, where ${expected} was expected: is it a Redis or Valkey server?`,
  );
}

/** Makes the error of a server whose answers come to no end. */
export function endless(what: string): StateError {
  return new StateError('ERR_STATE_UNAVAILABLE', `Redis comes to no end with ${what}: is it a Redis or Valkey server?`);
}

function nameOf(reply: unknown): string {
  return Buffer.isBuffer(reply) ? `${reply.length} bytes` : `a ${typeof reply}`;
}
