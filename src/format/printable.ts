/**
 * Makes text from other processes safe to print. A worker, a client or a process of another user can put any character
 * into a name, an address or an error. In a terminal some characters are commands, and others begin a line or reverse
 * the order of letters. The sender could then decide what the screen shows. So everything that prefork prints goes
 * through here.
 */

/** Matches C0, DEL and C1, the separators of lines and paragraphs, and the controls of bidirectional text (UAX #9). */
const UNSAFE = /[\p{Cc}\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;
const UNSAFE_IN_LINES = /[^\P{Cc}\n\t]|[\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** A colour is matched first and as a whole, and is put back. */
// oxlint-disable-next-line no-control-regex -- how a colour begins
const UNSAFE_IN_OUTPUT = /\u001B\[[\d;:]{0,32}m|[^\P{Cc}\n\t\r]/gu;

/** Matches sequences that colour text or move the cursor. An error for a terminal loses nothing without them. */
// oxlint-disable-next-line no-control-regex -- these sequences are what the pattern removes
const SEQUENCES = /\u001B\[[\d;:?]*[A-Za-z]/g;

/** Makes a text one safe line: `\u001b` and the like replace control characters. */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, escaped);
}

/** Makes several lines safe. Line feeds and tabs stay. JSON still has the same value afterwards. */
export function printableLines(text: string): string {
  return text.replaceAll(UNSAFE_IN_LINES, escaped);
}

/** Makes the output of a program safe. Colours stay, and so does the return to the start of a line. */
export function printableOutput(text: string): string {
  return text.replaceAll(UNSAFE_IN_OUTPUT, (match) => (match.length > 1 ? match : escaped(match)));
}

/** Removes colours and cursor movements. */
export function withoutSequences(text: string): string {
  return text.replaceAll(SEQUENCES, '');
}

/** Makes every string in a JSON value safe, including keys. */
export function printableValue<Value>(value: Value): Value {
  return made(value) as Value;
}

function made(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(made);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [printable(key), made(one)]));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
