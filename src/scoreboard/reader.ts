import { closeSync, readSync } from 'node:fs';
import { openBoard } from './header.ts';
import { ROW_SIZE, rowOffset, type Header, type Row } from './layout.ts';
import { decodeRow, viewOf } from './record.ts';

/**
 * How often a row is read before it is given up as torn. Against a writer that does nothing but write, 0.4 % of the reads
 * are torn, and the next one finds the row whole, unless the kernel has put the writer aside in the middle of it: then
 * waiting is for the caller, whose next look is due anyway.
 */
const TRIES = 4;

/**
 * Reads a scoreboard, from any process that may open it, without disturbing its writers. Owns a descriptor, which
 * closing it closes; a board that has been removed meanwhile can be read on, and no longer changes.
 */
export class Reader {
  readonly header: Readonly<Header>;
  readonly #fd: number;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #closed = false;

  private constructor(fd: number, header: Header) {
    this.#fd = fd;
    this.header = header;
    this.#bytes = Buffer.alloc(ROW_SIZE * header.rows);
    this.#view = viewOf(this.#bytes);
  }

  /**
   * @throws ScoreboardError `ERR_SCOREBOARD_OPEN` when `path` cannot be opened, `ERR_SCOREBOARD_FORMAT` when it is no
   * board, `ERR_SCOREBOARD_VERSION` when another version of prefork made it
   */
  static open(path: string): Reader {
    const { fd, header } = openBoard(path, 'read');
    return new Reader(fd, header);
  }

  /**
   * Row `row` as its worker last wrote it. Undefined when no worker has written it, or when it could not be read whole:
   * either way nothing is known, and nobody should be killed for it.
   */
  read(row: number): Row | undefined {
    if (!(row >= 0 && row < this.header.rows)) return undefined;
    for (let tries = 0; tries < TRIES; tries++) {
      if (!this.#fetch(rowOffset(row), ROW_SIZE)) return undefined;
      const result = decodeRow(this.#view);
      if (result === 'blank') return undefined;
      if (result !== 'torn') return result;
    }
    return undefined;
  }

  /** All rows by their number, undefined as in {@link read}. One system call, and one more for each that was torn. */
  readAll(): Array<Row | undefined> {
    const { rows } = this.header;
    if (!this.#fetch(rowOffset(0), ROW_SIZE * rows)) return Array.from({ length: rows }, () => undefined);
    // All are decoded before one is read again, into the same bytes.
    const results = Array.from({ length: rows }, (_, row) => decodeRow(this.#view, ROW_SIZE * row));
    return results.map((result, row) => {
      if (result === 'torn') return this.read(row);
      return result === 'blank' ? undefined : result;
    });
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }

  /** False when somebody has cut the file short. */
  #fetch(position: number, length: number): boolean {
    return !this.#closed && readSync(this.#fd, this.#bytes, 0, length, position) === length;
  }
}
