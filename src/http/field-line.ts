import { MisuseError } from './errors.ts';

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What latin1 can carry of VCHAR, SP, HTAB and obs-text: no CR, LF or NUL, with which a response would be split. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What a field of a response can have: several values are as many fields. */
export type FieldValue = string | number | readonly string[];

/** The line of a field, checked against injection. @throws MisuseError ERR_HTTP_FIELD */
export function fieldLine(name: string, value: string | number): string {
  if (!isToken(name)) throw new MisuseError('ERR_HTTP_FIELD', `a field's name is a token, got ${show(String(name))}`);
  return `${name}: ${fieldText(name, value)}\r\n`;
}

/**
 * A value as text, checked. The text is what has to be used: an object could have another one when it is asked again.
 *
 * @param name of what it is the value
 * @throws MisuseError ERR_HTTP_FIELD
 */
export function fieldText(name: string, value: string | number): string {
  const text = typeof value === 'string' ? value : String(value);
  if (VALUE.test(text)) return text;
  throw new MisuseError('ERR_HTTP_FIELD', `${name}: no control characters, nor any above U+00FF: ${show(text)}`);
}

export function isToken(text: unknown): text is string {
  return typeof text === 'string' && NAME.test(text);
}

/** Not more than a log wants. */
export function show(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
