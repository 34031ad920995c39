/**
 * What node writes of its own end. When V8's heap is full no JavaScript runs any more, often not even since long before:
 * neither a message nor the scoreboard can tell. The one trace besides the text on stderr, which is the application's own, is
 * node's report of a fatal error, a file that the worker's preload has it write here.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describeStack, stackFile } from '../../inspector/hang-stack.ts';
import { makeReports } from '../../scoreboard/reports-directory.ts';
import { readBounded } from './bounded-file.ts';

export interface FatalReport {
  readonly isHeapExhausted: boolean;
  /** In node's words, such as `Allocation failed - JavaScript heap out of memory`. */
  readonly event: string;
  readonly heap: { readonly used: number; readonly limit: number } | undefined;
}

/** Of a report, bytes: they have about ten thousand. */
const LONGEST = 1024 * 1024;

/**
 * A directory for the reports of one primary's workers. Owns it and all that is in it, and closing it removes both. A report
 * has the whole environment in it, secrets too, in every version of Node: the directory is open to its owner alone, and each
 * report is removed as soon as it was read.
 */
export class FatalReports {
  /** For `process.report.directory` of the workers. */
  readonly directory: string;
  /** However the primary ends, also when it was refused before it ran: nobody else knows of the directory. */
  readonly #onExit = (): void => this.close();

  /** @param board beside which it is made. */
  constructor(board: string) {
    this.directory = makeReports(board);
    process.once('exit', this.#onExit);
  }

  /** The report of a worker that ended, if it left one. Undefined also for one that cannot be read. */
  take(pid: number): FatalReport | undefined {
    const path = join(this.directory, reportFile(pid));
    const text = readBounded(path, LONGEST);
    if (text === undefined) return undefined;
    remove(path);
    return parseReport(text);
  }

  /** Where a worker that stands still does so, as one line, if its thread has written that down by now. */
  takeStack(pid: number): string | undefined {
    const path = join(this.directory, stackFile(pid));
    const text = readBounded(path, LONGEST);
    if (text === undefined) return undefined;
    remove(path);
    return describeStack(text);
  }

  /** Idempotent. */
  close(): void {
    process.off('exit', this.#onExit);
    remove(this.directory);
  }
}

/** For `process.report.filename` of the worker with this pid. */
export function reportFile(pid: number): string {
  return `${pid}.json`;
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Left in the temporary directory, closed to others. It is no reason to fail, least of all while ending.
  }
}

export function parseReport(text: string): FatalReport | undefined {
  try {
    const { header, javascriptHeap } = JSON.parse(text) as {
      header: { event?: unknown; trigger?: unknown };
      javascriptHeap?: { usedMemory?: unknown; memoryLimit?: unknown };
    };
    const event = String(header.event);
    return {
      isHeapExhausted: header.trigger === 'OOMError' || event.includes('heap out of memory'),
      event,
      heap: heapOf(javascriptHeap?.usedMemory, javascriptHeap?.memoryLimit),
    };
  } catch {
    // Cut short, where the disk was full; or none of node's.
    return undefined;
  }
}

function heapOf(used: unknown, limit: unknown): FatalReport['heap'] {
  return typeof used === 'number' && typeof limit === 'number' ? { used, limit } : undefined;
}
