/** Checks the arguments of callers before they are used. */
import { createHash } from 'node:crypto';
import { parseSize } from '../options/values/size.ts';
import { LONGEST_TIME_MS, parseTime } from '../options/values/time.ts';
import { StateError } from './error.ts';

/** A time as text with its unit (`'500ms'`, `'10s'`, `'2m'`, `'1h'`), or a whole number of ms. */
export type Time = string | number;
/** A size as text with its unit (`'64kb'`, `'64mb'`), or a whole number of bytes. */
export type Size = string | number;

/** The length of a key or a name in UTF-8. Longer keys should be hashed. */
export const LONGEST_KEY_BYTES = 1024;

export function usage(message: string, cause?: unknown): StateError {
  return new StateError('ERR_STATE_USAGE', message, cause === undefined ? {} : { cause });
}

/** A key as text. A whole number is the same key as its digits. */
export type Key = string | number;

/**
 * Checks a key.
 *
 * @returns the key as text.
 */
export function checkKey(key: unknown, what: string): string {
  if (Number.isSafeInteger(key)) return String(key);
  if (typeof key !== 'string') throw usage(`${what}: expected a string or a whole number, got ${show(key)}`);
  if (hasLoneSurrogate(key)) throw usage(`${what}: expected text that UTF-8 can hold, got half of a character`);
  if (isTooLong(key)) {
    throw usage(
      `${what}: expected at most ${LONGEST_KEY_BYTES} bytes, got ${Buffer.byteLength(key)}: use a hash of it`,
    );
  }
  return key;
}

/**
 * Checks a key that clients may choose, such as that of a limit of requests. One that `checkKey` would refuse for its
 * text is replaced by a hash, because a client must not escape a limit with it, nor make an error of it.
 */
export function checkClientKey(key: unknown, what: string): string {
  if (typeof key !== 'string' || !(isTooLong(key) || hasLoneSurrogate(key))) return checkKey(key, what);
  return `sha256 ${createHash('sha256').update(key, 'utf16le').digest('base64url')}`;
}

/** Half a character is written as U+FFFD, so keys that differ here would be equal there. */
function hasLoneSurrogate(key: string): boolean {
  return /\p{Surrogate}/u.test(key);
}

/** Only long keys are measured, because a character takes at most three bytes for each unit. */
function isTooLong(key: string): boolean {
  return key.length * 3 > LONGEST_KEY_BYTES && Buffer.byteLength(key) > LONGEST_KEY_BYTES;
}

export function checkName(name: unknown, what: string): string {
  const checked = checkKey(name, what);
  if (checked === '') throw usage(`${what}: expected a name, got ''`);
  return checked;
}

export function checkFunction(value: unknown, what: string): void {
  if (typeof value !== 'function') throw usage(`${what}: expected a function, got ${show(value)}`);
}

/**
 * Reads a time.
 *
 * @returns ms; undefined for undefined.
 */
export function readTime(value: Time | undefined, what: string, least = 1): number | undefined {
  if (value === undefined) return undefined;
  const ms = typeof value === 'string' ? parseTime(value) : value;
  if (typeof ms !== 'number' || !Number.isSafeInteger(ms) || ms < least || ms > LONGEST_TIME_MS) {
    throw usage(`${what}: expected a time such as '10s', or a whole number of ms from ${least}, got ${show(value)}`);
  }
  return ms;
}

/**
 * Reads a size.
 *
 * @returns bytes; undefined for undefined.
 */
export function readSize(value: Size | undefined, what: string, least = 1): number | undefined {
  if (value === undefined) return undefined;
  const bytes = typeof value === 'string' ? parseSize(value) : value;
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < least) {
    throw usage(
      `${what}: expected a size such as '64mb', or a whole number of bytes from ${least}, got ${show(value)}`,
    );
  }
  return bytes;
}

/** Refuses options that are not known. Most of them are misspelt. */
export function checkOptions(given: object | undefined, known: readonly string[], what: string): void {
  if (given === undefined) return;
  if (typeof given !== 'object' || given === null) throw usage(`${what}: expected an object, got ${show(given)}`);
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw usage(`${what}: unknown option ${name}; there are ${known.join(', ')}`);
  }
}

export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`;
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
