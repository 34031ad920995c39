/**
 * Which bytes may stand where: one table of 256 entries for all classes, a bit each, so that a byte is judged by one load.
 * RFC 9110 section 5.5 and 5.6, RFC 9112, RFC 3986.
 */

/** `tchar`: methods and names of fields. */
export const TOKEN = 1;
/** What a value of a field may have: VCHAR, SP, HTAB, obs-text. No CR, LF, NUL or other control. */
export const VALUE = 2;
/** What a request-target may have: VCHAR. Stricter than a browser, looser than RFC 3986, as every server has to be. */
export const TARGET = 4;
/** What a host's name may have, but for encoded bytes: `unreserved` and `sub-delims` of RFC 3986. */
export const HOST_NAME = 8;
export const DIGIT = 16;
/** `qdtext` of a quoted string. */
export const QUOTED = 32;

export const CLASSES: Uint8Array = new Uint8Array(256);
/** The value of a hexadecimal digit; 255 for any other byte. */
export const HEX: Uint8Array = new Uint8Array(256).fill(255);

export const HTAB = 9;
export const LF = 10;
export const CR = 13;
export const SP = 32;
export const QUOTE = 34;
export const COLON = 58;
export const SEMICOLON = 59;
export const EQUALS = 61;
export const BACKSLASH = 92;

const DIGITS = '0123456789';
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

mark(TOKEN, "!#$%&'*+-.^_`|~" + DIGITS + LETTERS);
mark(HOST_NAME, "-._~!$&'()*+,;=" + DIGITS + LETTERS);
mark(DIGIT, DIGITS);
markRange(TARGET, 0x21, 0x7e);
markRange(VALUE | QUOTED, 0x20, 0x7e);
markRange(VALUE | QUOTED, 0x80, 0xff);
mark(VALUE | QUOTED, '\t');
for (const byte of [QUOTE, BACKSLASH]) CLASSES[byte]! &= ~QUOTED;
for (const [value, digit] of '0123456789abcdef'.split('').entries()) {
  HEX[digit.charCodeAt(0)] = value;
  HEX[digit.toUpperCase().charCodeAt(0)] = value;
}

/** What `toString('latin1')` ends in, without its checks: 80 ns of 110. In Node since ever, in no documentation. */
type Sliceable = Buffer & { latin1Slice(from: number, to: number): string };

export function latin1(bytes: Buffer, from: number, to: number): string {
  return (bytes as Sliceable).latin1Slice(from, to);
}

function mark(bit: number, characters: string): void {
  for (const character of characters) CLASSES[character.charCodeAt(0)]! |= bit;
}

function markRange(bit: number, from: number, to: number): void {
  for (let byte = from; byte <= to; byte++) CLASSES[byte]! |= bit;
}
