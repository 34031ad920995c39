/**
 * The file in the directory of reports to which a worker's thread writes the stack of its main thread. The file's
 * content is checked before it is used.
 */
import { formatFrame, readFrames } from './frames.ts';

/**
 * Returns the file's name.
 *
 * @param pid the pid of the worker.
 */
export function stackFile(pid: number): string {
  return `${pid}.stack`;
}

/** The number of frames in the log. */
const MOST_FRAMES = 10;

/** Formats the stack as one line for people. */
export function describeStack(text: string): string {
  const { frames, reason } = parse(text);
  const known = readFrames(frames);
  if (known !== undefined)
    return known.slice(0, MOST_FRAMES).map(formatFrame).join(' < ') || 'none: it waits in its event loop';
  return `unknown: ${typeof reason === 'string' ? reason.slice(0, 200) : 'its thread wrote no stack'}`;
}

function parse(text: string): { frames?: unknown; reason?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
