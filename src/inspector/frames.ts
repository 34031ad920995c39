/**
 * What an inspector says of a stack, as frames. A process that is looked into can answer anything: nothing is taken as it
 * comes, and there is an end of it.
 */
import { fileURLToPath } from 'node:url';

/** One call, the innermost first. Line and column count from 1; `file` is a path, or as Node names its own modules. */
export interface Frame {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Deeper is nobody's to read. */
const MOST_FRAMES = 200;

/** Of a name, characters. */
const LONGEST_NAME = 500;

/** A number in front is what a file has at most. */
const MOST_LINES = 1_000_000_000;

/** The name of the one line that is evaluated to have a pause, by which its frame is told from the application's. */
export const OWN_SCRIPT = 'prefork:stack';

/**
 * @param callFrames of `Debugger.paused`.
 * @param urls by the id of their script.
 */
export function framesOf(callFrames: unknown, urls: ReadonlyMap<string, string>): Frame[] {
  if (!Array.isArray(callFrames)) return [];
  const frames = callFrames.slice(0, MOST_FRAMES).map((frame) => toFrame(recordOf(frame), urls));
  return frames.filter(({ file }) => file !== OWN_SCRIPT);
}

/** Of frames that were written down as JSON. */
export function readFrames(value: unknown): Frame[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, MOST_FRAMES).map((frame) => {
    const { function: name, file, line, column } = recordOf(frame);
    return { function: textOf(name), file: textOf(file), line: countOf(line), column: countOf(column) };
  });
}

/** `spin (/srv/app/server.js:3:18)`, as Node prints a frame. */
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

/** One line, without what would move a terminal's cursor or colour it. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, LONGEST_NAME).replaceAll(/\p{Cc}/gu, '?') : '';
}

function countOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 && value < MOST_LINES ? Math.floor(value) : 0;
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
