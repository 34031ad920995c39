/**
 * Turns an inspector's account of a stack into frames. The process that is inspected can answer anything, so every
 * value is checked and limited.
 */
import { fileURLToPath } from 'node:url';

/** A call of the stack. Line and column count from 1. `file` is a path, or Node's name of one of its modules. */
export interface Frame {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A deeper stack would not be read by people. */
const MOST_FRAMES = 200;

/** The length of a name in characters. */
const LONGEST_NAME = 500;

/** The largest line or column number that is believed. */
const MOST_LINES = 1_000_000_000;

/** The name of the one line that is evaluated to cause a pause. The name tells its frame from the application's. */
export const OWN_SCRIPT = 'prefork:stack';

/**
 * Converts the frames of the protocol, the innermost first.
 *
 * @param callFrames the frames of `Debugger.paused`.
 * @param urls the URL of each script, by its id.
 */
export function framesOf(callFrames: unknown, urls: ReadonlyMap<string, string>): Frame[] {
  if (!Array.isArray(callFrames)) return [];
  const frames = callFrames.slice(0, MOST_FRAMES).map((frame) => toFrame(recordOf(frame), urls));
  return frames.filter(({ file }) => file !== OWN_SCRIPT);
}

/** Reads frames that were written as JSON. */
export function readFrames(value: unknown): Frame[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, MOST_FRAMES).map((frame) => {
    const { function: name, file, line, column } = recordOf(frame);
    return { function: textOf(name), file: textOf(file), line: countOf(line), column: countOf(column) };
  });
}

/** Formats a frame much as Node does: `spin (/srv/app/server.js:3:18)`. A function without a name is `(anonymous)`. */
export function formatFrame({ function: name, file, line, column }: Frame): string {
  return `${name} (${file}:${line}:${column})`;
}

function toFrame(frame: Record<string, unknown>, urls: ReadonlyMap<string, string>): Frame {
  const location = recordOf(frame['location']);
  const url = textOf(urls.get(String(location['scriptId'])));
  return {
    function: textOf(frame['functionName']) || '(anonymous)',
    file: pathOf(url) || '(unknown)',
    line: countOf(location['lineNumber']) + 1,
    column: countOf(location['columnNumber']) + 1,
  };
}

function pathOf(url: string): string {
  try {
    return url.startsWith('file:') ? textOf(fileURLToPath(url)) : url;
  } catch {
    return url;
  }
}

/** Returns one line, without control characters that would move a terminal's cursor or colour it. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, LONGEST_NAME).replaceAll(/\p{Cc}/gu, '?') : '';
}

function countOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 && value < MOST_LINES ? Math.floor(value) : 0;
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
