/** What a worker said before it ended, cut to what a log line can hold. It is the application's text: nothing is assumed. */
import { fileURLToPath } from 'node:url';

const LONGEST = 200;

/** What Node prints above an error: the place, the line of code and a caret. */
const preamble = /^\S.*:\d+\r?\n.*\r?\n\s*\^+\s*\r?\n/;

/** The line that names the error. */
export function firstLine(text: string): string {
  return oneLine(linesOf(text.replace(preamble, ''))[0] ?? '');
}

export function lastLine(text: string): string {
  // What Node itself ends every fatal error with.
  return oneLine(linesOf(text).findLast((line) => !/^Node\.js v\d/.test(line)) ?? '');
}

/** ` at /app/server.js:12`: the innermost frame that is the application's, neither Node's nor a dependency's. */
export function whereThrown(text: string): string {
  for (const line of linesOf(text)) {
    const place = placeOf(line);
    if (place === undefined || /^node:|[/\\]node_modules[/\\]|<anonymous>$/.test(place.file)) continue;
    return ` at ${oneLine(pathOf(place.file))}:${place.line}`;
  }
  return '';
}

/**
 * `at f (file:line:column)` or `at file:line:column`. Read from its end, by hand: a worker can write whatever it likes, and an
 * expression that looks for the right parenthesis takes a second over 16 KB of them.
 */
function placeOf(frame: string): { readonly file: string; readonly line: string } | undefined {
  if (!frame.startsWith('at ')) return undefined;
  const end = frame.endsWith(')') ? frame.length - 1 : frame.length;
  const column = frame.lastIndexOf(':', end - 1);
  const line = frame.lastIndexOf(':', column - 1);
  const file = frame.slice(frame.lastIndexOf('(', line) + 1 || 'at '.length, Math.max(line, 0));
  const row = frame.slice(line + 1, column);
  if (line < 0 || file === '' || !isNumber(row) || !isNumber(frame.slice(column + 1, end))) return undefined;
  return { file, line: row };
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

/** Without what would move a terminal's cursor or colour it. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what is taken out
  const clean = text.replaceAll(/\u001B\[[\d;]*[A-Za-z]|[\u0000-\u001F\u007F-\u009F]/g, '');
  return clean.length <= LONGEST ? clean : `${clean.slice(0, LONGEST)}...`;
}
