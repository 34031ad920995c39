/**
 * Reads node's reports of its own fatal errors. When V8's heap is full no JavaScript runs any more, and often has not
 * for long, so neither a message nor the scoreboard can tell. Besides the text on stderr, which belongs to the
 * application, the only trace is node's report. The worker's preload makes node write it here.
 */
import { rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describeStack, stackFile } from '../../inspector/hang-stack.ts';
import { makeReports } from '../../scoreboard/reports-directory.ts';
import { readBounded } from './bounded-file.ts';

export interface FatalReport {
  readonly isHeapExhausted: boolean;
  /** The event in node's words, such as `Allocation failed - JavaScript heap out of memory`. */
  readonly event: string;
  readonly heap: { readonly used: number; readonly limit: number } | undefined;
}

/** The length of a report, which usually has about ten thousand bytes. */
const LONGEST_REPORT_BYTES = 1024 * 1024;

/**
 * A directory for the reports of one primary's workers. The object owns the directory with its content, and closing it
 * removes both. In every version of Node, a report contains the whole environment, including secrets. So only the owner
 * can open the directory, and each report is removed as soon as it was read.
 */
export class FatalReports {
  /** The value of `process.report.directory` in the workers. */
  readonly directory: string;
  /**
   * The directory is removed however the primary ends, even when it was refused before it ran, because no other process
   * knows of it.
   */
  readonly #onExit = (): void => this.close();

  /**
   * Creates the directory.
   *
   * @param board the path of the board beside which it is created.
   */
  constructor(board: string) {
    this.directory = makeReports(board);
    process.once('exit', this.#onExit);
  }

  /**
   * Reads and removes the report of a worker that ended. The result is undefined when there is none, or it cannot be
   * parsed.
   */
  take(pid: number): FatalReport | undefined {
    const path = join(this.directory, reportFile(pid));
    const text = readBounded(path, LONGEST_REPORT_BYTES);
    if (text === undefined) return undefined;
    attempt(() => unlinkSync(path));
    return parseReport(text);
  }

  /** Reads the stack of a worker that stands still, as one line, if its thread has written it by now. */
  takeStack(pid: number): string | undefined {
    const path = join(this.directory, stackFile(pid));
    const text = readBounded(path, LONGEST_REPORT_BYTES);
    if (text === undefined) return undefined;
    attempt(() => unlinkSync(path));
    return describeStack(text);
  }

  /** Removes the directory. A second call does nothing. */
  close(): void {
    process.off('exit', this.#onExit);
    attempt(() => rmSync(this.directory, { recursive: true, force: true }));
  }
}

/** The value of `process.report.filename` in the worker with this pid. */
export function reportFile(pid: number): string {
  return `${pid}.json`;
}

function attempt(remove: () => void): void {
  try {
    remove();
  } catch {
    // The directory stays in the temporary directory, closed to others. That is no reason to fail, least of all while
    // ending. A worker may have put a directory in the place of a file, with any number of files in it: that goes with the rest.
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
    // The text was cut short because the disk was full, or node did not write it.
    return undefined;
  }
}

function heapOf(used: unknown, limit: unknown): FatalReport['heap'] {
  return typeof used === 'number' && typeof limit === 'number' ? { used, limit } : undefined;
}
