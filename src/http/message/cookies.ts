import { trimBlanks } from '../protocol/blanks.ts';

/**
 * Returns the cookies of a request. The first one of two with the same name counts, which is that of the longer path.
 * RFC 6265, 5.4.
 */
export function parseCookies(field: string): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of field.split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const name = trimBlanks(pair.slice(0, equals));
    if (!cookies.has(name)) cookies.set(name, decode(unquote(trimBlanks(pair.slice(equals + 1)))));
  }
  return cookies;
}

function unquote(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/** Decodes a value. A value that is not encoded correctly is left as it is. */
function decode(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
