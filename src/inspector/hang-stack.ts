/** Where a worker's thread writes the stack of its main thread, in the directory of reports, and what of it can be believed. */
import { formatFrame, readFrames } from './frames.ts';

/** @param pid of the worker. */
export function stackFile(pid: number): string {
  return `${pid}.stack`;
}

/** Of a stack in the log. */
const MOST_FRAMES = 10;

/** @returns one line, for people. */
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
