/**
 * Shortens what a worker said before it ended to the length of a log line. The text belongs to the application, so
 * nothing is assumed about it.
 */
import { fileURLToPath } from 'node:url';
import { printable, withoutSequences } from '../../format/printable.ts';

const LONGEST = 200;

/**
 * The number of lines that Node prints above some errors: the place, lines of code, and carets, which end the preamble.
 */
const PREAMBLE_LINES = 8;

/** Returns the line that names the error. */
export function firstLine(text: string): string {
  return oneLine(split(text).lines[0] ?? '');
}

export function lastLine(text: string): string {
  // Node itself ends every fatal error with this line.
  return oneLine(linesOf(text).findLast((line) => !/^Node\.js v\d/.test(line)) ?? '');
}

/**
 * Returns ` at /app/server.js:12` for the innermost frame of the application, not of Node or a dependency. A syntax
 * error has no such frame, and its place is the line that is wrong.
 */
export function whereThrown(text: string): string {
  const { place, lines } = split(text);
  const thrown = placeOf(lines);
  const said = lines[0]?.includes('SyntaxError') === true ? (place ?? thrown) : (thrown ?? place);
  return said === undefined ? '' : ` at ${oneLine(pathOf(said.path))}:${said.line}`;
}

interface Place {
  readonly path: string;
  readonly line: string;
}

function placeOf(lines: readonly string[]): Place | undefined {
  for (const line of lines) {
    const place = frameOf(line);
    if (place !== undefined && !/^node:|[/\\]node_modules[/\\]|<anonymous>$/.test(place.path)) return place;
  }
  return undefined;
}

/** Splits an error into its lines without the preamble, and the place that the preamble names. */
function split(text: string): { place: Place | undefined; lines: string[] } {
  const lines = linesOf(text);
  const place = /^(?!at )(?!node:)(.+):(\d+)$/.exec(lines[0] ?? '');
  const end = lines.slice(0, PREAMBLE_LINES).findLastIndex((line) => /^\^+$/.test(line));
  if (place === null || end === -1) return { place: undefined, lines };
  // More code may follow the carets. The error then begins at the next line with the name of one.
  const error = lines.findIndex((line, at) => at > end && /^\w*(?:Error|Exception)\b/.test(line));
  return { place: { path: place[1]!, line: place[2]! }, lines: lines.slice(error === -1 ? end + 1 : error) };
}

/**
 * Parses `at f (file:line:column)` or `at file:line:column` by hand, from its end. A worker can write anything, and a
 * regular expression that looks for the right parenthesis takes a second over 16 KB of them.
 */
function frameOf(frame: string): Place | undefined {
  if (!frame.startsWith('at ')) return undefined;
  const end = frame.endsWith(')') ? frame.length - 1 : frame.length;
  const column = frame.lastIndexOf(':', end - 1);
  const line = frame.lastIndexOf(':', column - 1);
  const path = frame.slice(frame.lastIndexOf('(', line) + 1 || 'at '.length, Math.max(line, 0));
  const row = frame.slice(line + 1, column);
  if (line < 0 || path === '' || !isNumber(row) || !isNumber(frame.slice(column + 1, end))) return undefined;
  return { path, line: row };
}

function isNumber(text: string): boolean {
  return /^\d{1,9}$/.test(text);
}

function pathOf(place: string): string {
  try {
    return place.startsWith('file:') ? fileURLToPath(place) : place;
  } catch {
    return place;
  }
}

function linesOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
}

/** Makes one line without terminal sequences. */
function oneLine(text: string): string {
  const clean = printable(withoutSequences(text));
  return clean.length <= LONGEST ? clean : `${clean.slice(0, LONGEST)}...`;
}
