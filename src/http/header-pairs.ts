import { isToken } from './field-line.ts';

export type HeadersSource = NonNullable<ResponseInit['headers']>;

/** Names and values as they were given. */
export type HeaderPairs = ReadonlyArray<readonly [name: string, value: string]>;

/** More are not compared with one another. */
const MOST_COMPARED = 8;

/** A value that `Headers` leaves as it is: without blanks at its ends, and of bytes that may be sent. */
const PLAIN = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

/**
 * A copy of what an init has as headers, so that it may change: a list where `new Headers` would only copy it too, and by
 * `Headers` itself where that would combine, trim or refuse something.
 *
 * @throws TypeError that the standard has for it
 */
export function copyHeaders(source: HeadersSource): HeaderPairs | Headers {
  if (source instanceof Headers) return [...source];
  const pairs = pairsOf(source);
  return pairs !== undefined && isPlain(pairs) ? pairs : new Headers(source);
}

/** Undefined for what is neither a list of pairs nor a plain object. */
function pairsOf(source: HeadersSource): HeaderPairs | undefined {
  if (Array.isArray(source)) return source.every(isPair) ? source.map(([name, value]) => [name, value]) : undefined;
  if (Symbol.iterator in source) return undefined;
  const prototype: unknown = Object.getPrototypeOf(source);
  return prototype === Object.prototype || prototype === null
    ? Object.entries(source as Record<string, string>)
    : undefined;
}

function isPair(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2;
}

function isPlain(pairs: HeaderPairs): boolean {
  if (pairs.length > MOST_COMPARED) return false;
  return pairs.every(([name, value], index) => {
    if (!isToken(name) || typeof value !== 'string' || !PLAIN.test(value)) return false;
    const lower = name.toLowerCase();
    return !pairs.slice(0, index).some(([before]) => before.toLowerCase() === lower);
  });
}
