/** What a worker said before it ended, cut to what a log line can hold. It is the application's text: nothing is assumed. */
import { fileURLToPath } from 'node:url';
import { printable, withoutSequences } from '../printable.ts';

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
    const place = /^at (?:.*\()?(.+):(\d+):\d+\)?$/.exec(line);
    if (place === null || /^node:|[/\\]node_modules[/\\]|<anonymous>$/.test(place[1]!)) continue;
    return ` at ${oneLine(pathOf(place[1]!))}:${place[2]}`;
  }
  return '';
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

/** Without what colours a terminal. */
function oneLine(text: string): string {
  const clean = printable(withoutSequences(text));
  return clean.length <= LONGEST ? clean : `${clean.slice(0, LONGEST)}...`;
}
