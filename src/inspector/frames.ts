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

/** The name of the one line that is evaluated. The name tells its frame from the application's. */
const OWN_SCRIPT = 'prefork:stack';

/**
 * The parameters of the `Runtime.evaluate` whose answer tells the stack.
 *
 * An evaluation runs on top of whatever JavaScript the process is in, so the stack of an exception that the evaluation
 * throws is the stack of the process. The inspector tells that stack, to a depth of 200, while its Runtime domain is
 * enabled. `silent` keeps a debugger that pauses at exceptions from pausing at this one.
 *
 * A pause (`Debugger.pause`) would tell the stack as well, but it must not be asked for. A process in native code reads
 * its commands when that returns. When Node 22 or later reads the commands that would end the pause together with the
 * one that began it, the process stands there for ever: the loop in which it waits looks at new commands alone.
 */
export const STACK_EVALUATION: { readonly expression: string; readonly silent: true } = {
  expression: `throw 0 //# sourceURL=${OWN_SCRIPT}`,
  silent: true,
};

/**
 * Converts the frames of the protocol, the innermost first.
 *
 * @param thrown the answer to `STACK_EVALUATION`.
 * @returns undefined when the answer has no stack.
 */
export function framesOf(thrown: unknown): Frame[] | undefined {
  const { stackTrace } = recordOf(recordOf(thrown)['exceptionDetails']);
  const { callFrames } = recordOf(stackTrace);
  if (!Array.isArray(callFrames)) return undefined;
  const frames = callFrames.slice(0, MOST_FRAMES).map((frame) => toFrame(recordOf(frame)));
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

function toFrame(frame: Record<string, unknown>): Frame {
  return {
    function: textOf(frame['functionName']) || '(anonymous)',
    file: pathOf(textOf(frame['url'])) || '(unknown)',
    line: countOf(frame['lineNumber']) + 1,
    column: countOf(frame['columnNumber']) + 1,
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
