import type { KeptLines, LineSource } from '../../control/controls.ts';

/** The limits of what is kept: a worker that writes without end costs no more memory than this. */
const MOST_LINES = 1000;
const MOST_BYTES = 262_144;
const LONGEST_LINE_BYTES = 4096;

const NEWLINE = 10;
const RETURN = 13;

interface Line {
  readonly at: number;
  readonly worker: LineSource;
  readonly text: Buffer;
}

/**
 * The last lines of the log and of the workers, as `prefork logs` shows them. Owns nothing but memory, and that is bounded by lines and
 * by bytes. What a worker writes may be anything: it is kept as it is, and becomes text when it is asked for.
 */
export class LineRing {
  readonly #lines: Line[] = [];
  #bytes = 0;
  /** The number of the oldest line that is kept. Lines are counted from 0. */
  #first = 0;
  /** Whether the workers' lines come here, too. */
  hasWorkers = false;

  /** @param text without its line end; it is copied. */
  add(worker: LineSource, text: Buffer | string, at: number = Date.now()): void {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    // The copy keeps no larger buffer alive.
    const kept = Buffer.from(bytes.subarray(0, LONGEST_LINE_BYTES));
    this.#lines.push({ at, worker, text: kept });
    this.#bytes += kept.length;
    while (this.#lines.length > MOST_LINES || this.#bytes > MOST_BYTES) {
      this.#bytes -= this.#lines.shift()!.text.length;
      this.#first += 1;
    }
  }

  /**
   * Adds lines, of which only the last are kept: they may be many thousands of empty ones.
   *
   * @param lines whole ones, each with its end
   */
  addLines(worker: LineSource, lines: Buffer, at: number = Date.now()): void {
    let start = lines.length;
    for (let nth = 0; nth < MOST_LINES && start > 0; nth++)
      start = start < 2 ? 0 : lines.lastIndexOf(NEWLINE, start - 2) + 1;
    if (start > 0) this.#drop(countLines(lines.subarray(0, start)));
    for (let end = lines.indexOf(NEWLINE, start); end !== -1; end = lines.indexOf(NEWLINE, start)) {
      this.add(worker, lines.subarray(start, end > start && lines[end - 1] === RETURN ? end - 1 : end), at);
      start = end + 1;
    }
  }

  /** Drops all lines, and so many more that came after them. */
  #drop(more: number): void {
    this.#first += this.#lines.length + more;
    this.#lines.length = 0;
    this.#bytes = 0;
  }

  /**
   * Returns the lines that are kept.
   *
   * @param after the `next` of an earlier call: only lines since then. @default all
   * @param worker the slot whose lines are wanted. @default all, and those of prefork
   */
  read(after = 0, worker?: number): KeptLines {
    const start = Math.max(0, after - this.#first);
    const lines = this.#lines.slice(start).filter((line) => worker === undefined || line.worker === worker);
    return {
      version: 1,
      hasWorkers: this.hasWorkers,
      dropped: after === 0 ? 0 : Math.max(0, this.#first - after),
      next: this.#first + this.#lines.length,
      lines: lines.map(({ at, worker: slot, text }) => ({
        at: new Date(at).toISOString(),
        worker: slot,
        text: text.toString(),
      })),
    };
  }
}

function countLines(lines: Buffer): number {
  let count = 0;
  for (const byte of lines) count += byte === NEWLINE ? 1 : 0;
  return count;
}
