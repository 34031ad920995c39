import { closeSync, readSync } from 'node:fs';
import { openBoard } from './header.ts';
import { ROW_BYTES, rowOffset, type Header, type Row } from './layout.ts';
import { decodeRow, viewOf } from './record.ts';

/**
 * The number of attempts before a row is given up as torn. Against a writer that does nothing but write, 0.4 % of the
 * reads are torn, and the next one finds the row whole. The exception is a writer that the kernel suspended in the
 * middle of a write. The caller should then wait, and its next look is due anyway.
 */
const TRIES = 4;

/**
 * Reads a scoreboard without disturbing its writers, from any process that may open it. The reader owns a descriptor,
 * and closing the reader closes it. A board that was removed meanwhile can still be read, but no longer changes.
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
    this.#bytes = Buffer.alloc(ROW_BYTES * header.rows);
    this.#view = viewOf(this.#bytes);
  }

  /**
   * Opens the board.
   *
   * @throws ScoreboardError `ERR_SCOREBOARD_OPEN` when `path` cannot be opened, `ERR_SCOREBOARD_FORMAT` when it is
   *   not a board, `ERR_SCOREBOARD_VERSION` when another version of prefork created it
   */
  static open(path: string): Reader {
    const { fd, header } = openBoard(path, 'read');
    return new Reader(fd, header);
  }

  /**
   * Reads row `row` as its worker last wrote it. The result is undefined when no worker has written it, or when it
   * could not be read whole. Either way nothing is known.
   */
  read(row: number): Row | undefined {
    if (!(row >= 0 && row < this.header.rows)) return undefined;
    for (let tries = 0; tries < TRIES; tries++) {
      if (!this.#fetch(rowOffset(row), ROW_BYTES)) return undefined;
      const result = decodeRow(this.#view);
      if (result === 'blank') return undefined;
      if (result !== 'torn') return result;
    }
    return undefined;
  }

  /**
   * Reads all rows, with undefined as in {@link read}. This takes one system call, and one more for each row that was
   * torn.
   */
  readAll(): Array<Row | undefined> {
    const { rows } = this.header;
    // What a file that was cut short does not have is blank.
    this.#bytes.fill(0, this.#read(rowOffset(0), ROW_BYTES * rows));
    // All rows are decoded before one is read again, because that uses the same bytes.
    const results = Array.from({ length: rows }, (_, row) => decodeRow(this.#view, ROW_BYTES * row));
    return results.map((result, row) => {
      if (result === 'torn') return this.read(row);
      return result === 'blank' ? undefined : result;
    });
  }

  /** Closes the descriptor. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }

  /** Reads bytes. The result is false when another process has cut the file short. */
  #fetch(position: number, length: number): boolean {
    return this.#read(position, length) === length;
  }

  #read(position: number, length: number): number {
    return this.#closed ? 0 : readSync(this.#fd, this.#bytes, 0, length, position);
  }
}
