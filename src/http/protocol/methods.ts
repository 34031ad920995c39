import { latin1 } from './bytes.ts';

/**
 * The methods that are registered (RFC 9110, 16.1.1) and those in use that node:http knows too. Any other is answered
 * with 501, as RFC 9110, 9.1, recommends: an application that does not know a method should not get it under the name
 * of another.
 */
const METHODS: ReadonlySet<string> = new Set(
  (
    'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY ACL BIND CHECKOUT COPY LINK LOCK M-SEARCH MERGE ' +
    'MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY PROPFIND PROPPATCH PURGE REBIND REPORT SEARCH SOURCE SUBSCRIBE UNBIND ' +
    'UNLINK UNLOCK UNSUBSCRIBE'
  ).split(' '),
);

/** The letters of 'GET' as one number, so that the most frequent method needs no string. */
const GET = 0x474554;

/**
 * @returns the method as one of the strings above, which makes a comparison with a literal cheap; undefined when it is
 * unknown.
 */
export function methodAt(bytes: Buffer, from: number, to: number): string | undefined {
  if (to - from === 3 && ((bytes[from]! << 16) | (bytes[from + 1]! << 8) | bytes[from + 2]!) === GET) return 'GET';
  const method = latin1(bytes, from, to);
  return METHODS.has(method) ? method : undefined;
}
