/**
 * Text of others, as it may be shown. A worker, a client or a process of another user can have any character in a name, an
 * address or an error. In a terminal some of them are commands, and others begin a line or turn the order of the letters
 * round: what was shown would then be theirs to decide. All that is printed goes through here.
 */

/** C0, DEL and C1; the separators of lines and paragraphs; the controls of bidirectional text (UAX #9). */
const UNSAFE = /[\p{Cc}\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;
const UNSAFE_IN_LINES = /[^\P{Cc}\n\t]|[\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** Colours are matched first, whole, and put back. */
// oxlint-disable-next-line no-control-regex -- how a colour begins
const UNSAFE_IN_OUTPUT = /\u001B\[[\d;:]{0,32}m|[^\P{Cc}\n\t\r]/gu;

/** What colours text, or moves the cursor: of an error that was written for a terminal nothing is lost without them. */
// oxlint-disable-next-line no-control-regex -- these are what is taken out
const SEQUENCES = /\u001B\[[\d;:?]*[A-Za-z]/g;

/** One line, with `\u001b` and the like in place of what would be no text. */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, escaped);
}

/** Likewise several lines: line feeds and tabs stay. JSON is the same value afterwards. */
export function printableLines(text: string): string {
  return text.replaceAll(UNSAFE_IN_LINES, escaped);
}

/** Likewise the output of a program: its colours stay, and the return to the begin of a line. */
export function printableOutput(text: string): string {
  return text.replaceAll(UNSAFE_IN_OUTPUT, (match) => (match.length > 1 ? match : escaped(match)));
}

/** Without colours. */
export function withoutSequences(text: string): string {
  return text.replaceAll(SEQUENCES, '');
}

/** Every string in a value that came as JSON, keys too. */
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
