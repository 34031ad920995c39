import { CLASSES, TOKEN, VALUE } from './bytes.ts';
import { MisuseError } from './errors.ts';

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
  if (isValue(text)) return text;
  throw new MisuseError('ERR_HTTP_FIELD', `${name}: no control characters, nor any above U+00FF: ${show(text)}`);
}

export function isToken(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && isOf(TOKEN, text);
}

/** What latin1 can carry of VCHAR, SP, HTAB and obs-text: no CR, LF or NUL, with which a response would be split. */
export function isValue(text: string): boolean {
  return isOf(VALUE, text);
}

/** The hot path: each field of each response. Half the time of a regular expression, as fields are short. */
function isOf(is: number, text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 255 || (CLASSES[code]! & is) === 0) return false;
  }
  return true;
}

/** Not more than a log wants. */
export function show(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
