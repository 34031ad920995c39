import { CLASSES, TOKEN, VALUE } from './bytes.ts';
import { MisuseError } from './errors.ts';

/** The value of a field of a response. Several values are as many fields. */
export type FieldValue = string | number | readonly string[];

/** Returns the line of a field, checked against injection. @throws MisuseError ERR_HTTP_FIELD */
export function fieldLine(name: string, value: string | number): string {
  if (!isToken(name)) throw new MisuseError('ERR_HTTP_FIELD', `a field's name is a token, got ${show(String(name))}`);
  return `${name}: ${fieldText(name, value)}\r\n`;
}

/**
 * Returns a value as text, checked. The caller has to use this text: an object could have another one when it is asked
 * again.
 *
 * @param name the name of the field.
 * @throws MisuseError ERR_HTTP_FIELD
 */
export function fieldText(name: string, value: string | number): string {
  const text = typeof value === 'string' ? value : String(value);
  if (isValue(text)) return text;
  throw new MisuseError('ERR_HTTP_FIELD', `${name}: no control characters, nor any above U+00FF: ${show(text)}`);
}

export function isToken(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && isOf(TOKEN, text);
}

/**
 * Whether a text has only what latin1 can carry of VCHAR, SP, HTAB and obs-text. CR, LF and NUL, which would split a
 * response, are not among them.
 */
export function isValue(text: string): boolean {
  return isOf(VALUE, text);
}

/**
 * This is the hot path: each field of each response. It takes half the time of a regular expression, because fields are
 * short.
 */
function isOf(is: number, text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 255 || (CLASSES[code]! & is) === 0) return false;
  }
  return true;
}

/** Returns the text in quotes, with no more of it than a log wants. */
export function show(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
