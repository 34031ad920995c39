import { isToken, isValue } from '../protocol/field-line.ts';

export type HeadersSource = NonNullable<ResponseInit['headers']>;

/** A name, its value, the next name, and so on, as they were given. No name but `set-cookie` comes twice. */
export type HeaderList = readonly string[];

/** The real class. The global is looked up through an accessor. */
const RealHeaders: typeof Headers = globalThis.Headers;

/** The longest list whose names are compared with one another; names and values both count. */
const MOST_COMPARED = 16;
const SPACE = 32;

/**
 * Returns a copy of the headers of an init, which may then change. The copy is a list where `new Headers` would only
 * copy them too. It is a `Headers` where that would combine, trim or refuse something. This is a hot path: most
 * responses have some.
 *
 * @throws TypeError the one that the standard has for it
 */
export function copyHeaders(source: HeadersSource): HeaderList | Headers {
  if (source instanceof RealHeaders) return [...source].flat();
  const list = listOf(source);
  return list !== undefined && isPlain(list) ? list : new RealHeaders(source);
}

export function headersOf(list: HeaderList): Headers {
  const headers = new RealHeaders();
  for (let at = 0; at < list.length; at += 2) headers.append(list[at]!, list[at + 1]!);
  return headers;
}

/**
 * Returns undefined for what is neither a list of pairs nor a plain object. It avoids `Object.entries`, which takes
 * five times as long.
 */
function listOf(source: HeadersSource): HeaderList | undefined {
  if (Array.isArray(source)) return source.every(isPair) ? source.flat() : undefined;
  const prototype: unknown = Object.getPrototypeOf(source);
  if ((prototype !== Object.prototype && prototype !== null) || Symbol.iterator in source) return undefined;
  const list: string[] = [];
  for (const name of Object.keys(source)) list.push(name, (source as Record<string, string>)[name]!);
  return list;
}

function isPair(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2;
}

function isPlain(list: HeaderList): boolean {
  if (list.length > MOST_COMPARED) return false;
  for (let at = 0; at < list.length; at += 2) {
    if (!isToken(list[at]) || !isUntrimmed(list[at + 1])) return false;
    if (at > 0 && isAmong(list, at, list[at]!)) return false;
  }
  return true;
}

/** Whether `Headers` leaves the value as it is. */
function isUntrimmed(value: unknown): boolean {
  if (typeof value !== 'string' || !isValue(value)) return false;
  return !(value.charCodeAt(0) <= SPACE || value.charCodeAt(value.length - 1) <= SPACE);
}

/** Whether one of the names up to `end` is the same, in any case. */
function isAmong(list: HeaderList, end: number, name: string): boolean {
  for (let at = 0; at < end; at += 2) {
    const other = list[at]!;
    if (other.length === name.length && other.toLowerCase() === name.toLowerCase()) return true;
  }
  return false;
}
