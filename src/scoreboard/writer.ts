import { writeSync } from 'node:fs';
import { ScoreboardError } from './error.ts';
import { closeBoard, isCurrent, openBoard, readSharesSockets, type OpenBoard } from './header.ts';
import { PAIRS, ROW_BYTES, rowOffset, type PairPart, type Row } from './layout.ts';
import { encodeRow, nextVersion, viewOf } from './record.ts';

/**
 * A worker's end of the scoreboard, which writes one row. The writer owns a descriptor, and closing the writer closes
 * it. The row keeps what was last written until the primary clears it.
 */
export class Writer {
  /** The number of writes that failed. The server carries on, because its figures are worth less than its requests. */
  failures = 0;
  /** The pairs of the row, which go out with the next `write`: see {@link PAIRS}. */
  readonly pairs: Readonly<Record<PairPart, Uint8Array>>;
  readonly #path: string;
  readonly #row: number;
  #board: OpenBoard;
  // The row is encoded in place. Nothing is allocated, and one pwrite per row is the only system call.
  readonly #bytes: Buffer = Buffer.alloc(ROW_BYTES);
  readonly #view: DataView = viewOf(this.#bytes);
  #version = 0;
  #closed = false;

  private constructor(path: string, board: OpenBoard, row: number) {
    this.#path = path;
    this.#row = row;
    this.#board = board;
    const part = (from: number): Uint8Array => this.#bytes.subarray(from, from + PAIRS.slots);
    this.pairs = { unanswered: part(PAIRS.unanswered), sent: part(PAIRS.sent), arrived: part(PAIRS.arrived) };
  }

  /**
   * Opens the board.
   *
   * @throws ScoreboardError when `path` is not a board that can be written, or has no row `row`
   */
  static open(path: string, row: number): Writer {
    return new Writer(path, openAt(path, row), row);
  }

  /**
   * Writes `row` over the one before. The method never throws: a failure, such as ENOSPC on a real disk, is counted.
   */
  write(row: Readonly<Row>): void {
    // The number of a closed descriptor may belong to another file by now.
    if (this.#closed) return;
    this.#version = nextVersion(this.#version);
    encodeRow(this.#view, row, this.#version);
    try {
      if (writeSync(this.#board.fd, this.#bytes, 0, ROW_BYTES, rowOffset(this.#row)) !== ROW_BYTES) this.failures++;
    } catch {
      this.failures++;
    }
  }

  /** Goes on in the file that the primary has put in the place of one that was removed or moved. */
  follow(): void {
    const before = this.#board;
    if (this.#closed || isCurrent(before)) return;
    try {
      this.#board = openAt(this.#path, this.#row);
    } catch {
      // There is no other one yet, or this process may not open it.
      return;
    }
    closeBoard(before);
  }

  /** Tells whether another primary has the sockets; true also where the header cannot be read any more. */
  sharesSockets(): boolean {
    try {
      return this.#closed || readSharesSockets(this.#board.fd);
    } catch {
      return true;
    }
  }

  /** Closes the descriptor. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeBoard(this.#board);
  }
}

function openAt(path: string, row: number): OpenBoard {
  const board = openBoard(path, 'write');
  const { rows } = board.header;
  if (Number.isInteger(row) && row >= 0 && row < rows) return board;
  closeBoard(board);
  throw new ScoreboardError('ERR_SCOREBOARD_ROW', `${path} has rows 0 to ${rows - 1}, and no row ${row}`);
}
