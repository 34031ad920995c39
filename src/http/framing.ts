import { CLASSES, DIGIT, latin1 } from './bytes.ts';
import type { Fault } from './faults.ts';

// What of the field Connection concerns us, a bit each.
export const NO_TOKENS = 0;
export const KEEP_ALIVE = 1;
export const CLOSE = 2;
export const UPGRADES = 4;

/** @returns -1 when it is no number of bytes: `1*DIGIT` and nothing else, RFC 9112, 6.2. */
export function lengthOf(bytes: Uint8Array, from: number, to: number): number {
  let length = from === to ? -1 : 0;
  for (let at = from; at < to; at++) {
    if ((CLASSES[bytes[at]!]! & DIGIT) === 0) return -1;
    length = length * 10 + bytes[at]! - 48;
    if (length > Number.MAX_SAFE_INTEGER) return -1;
  }
  return length;
}

/**
 * What is wrong with a list of transfer codings. Chunked has to be the last, or the end of the body cannot be known; any
 * other coding we could not undo, and a handler would take it for the content.
 */
export function transferCoding(list: string): Fault | undefined {
  const codings = list.split(',').map((coding) => coding.trim().toLowerCase());
  if (codings.lastIndexOf('chunked') !== codings.length - 1) return 'BAD_CODING';
  if (codings.indexOf('chunked') !== codings.length - 1) return 'BAD_CODING';
  return codings.length === 1 ? undefined : 'OTHER_CODING';
}

export function isContinue(expectation: string): boolean {
  return expectation.toLowerCase() === '100-continue';
}

const TOKENS: ReadonlyMap<string, number> = new Map([
  ['keep-alive', KEEP_ALIVE],
  ['close', CLOSE],
  ['upgrade', UPGRADES],
]);

/** `keep-alive` as the number that its length is: nearly every value is this one word. */
const KEEP_ALIVE_LENGTH = 10;

/** What of a value of Connection concerns us: KEEP_ALIVE, CLOSE, UPGRADES, added up. */
export function connectionTokens(bytes: Buffer, from: number, to: number): number {
  const value = latin1(bytes, from, to).toLowerCase();
  if (to - from <= KEEP_ALIVE_LENGTH) return TOKENS.get(value) ?? tokensOf(value);
  return tokensOf(value);
}

function tokensOf(value: string): number {
  let tokens = NO_TOKENS;
  for (const token of value.split(',')) tokens |= TOKENS.get(token.trim()) ?? NO_TOKENS;
  return tokens;
}
