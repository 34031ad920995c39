import { closeSync, writeSync } from 'node:fs';
import { ScoreboardError } from './error.ts';
import { openBoard } from './header.ts';
import { PAIRS, ROW_SIZE, rowOffset, type PairPart, type Row } from './layout.ts';
import { encodeRow, nextVersion, viewOf } from './record.ts';

/**
 * A worker's end of the scoreboard: writes one row. Owns a descriptor, which closing it closes; the row keeps what was
 * written last until the primary clears it.
 */
export class Writer {
  /** Writes that failed. The server goes on: its figures are worth less than its requests. */
  failures = 0;
  /** Of the row, as it goes out with the next `write`: see {@link PAIRS}. */
  readonly pairs: Readonly<Record<PairPart, Uint8Array>>;
  readonly #fd: number;
  readonly #position: number;
  // Encoded in place: nothing is allocated, and one pwrite per row is all the system calls there are.
  readonly #bytes: Buffer = Buffer.alloc(ROW_SIZE);
  readonly #view: DataView = viewOf(this.#bytes);
  #version = 0;
  #closed = false;

  private constructor(fd: number, row: number) {
    this.#fd = fd;
    this.#position = rowOffset(row);
    const part = (from: number): Uint8Array => this.#bytes.subarray(from, from + PAIRS.slots);
    this.pairs = { unanswered: part(PAIRS.unanswered), sent: part(PAIRS.sent), arrived: part(PAIRS.arrived) };
  }

  /** @throws ScoreboardError when `path` is no board that can be written, or has no row `row` */
  static open(path: string, row: number): Writer {
    const { fd, header } = openBoard(path, 'write');
    if (Number.isInteger(row) && row >= 0 && row < header.rows) return new Writer(fd, row);
    closeSync(fd);
    throw new ScoreboardError('ERR_SCOREBOARD_ROW', `${path} has rows 0 to ${header.rows - 1}, and no row ${row}`);
  }

  /** Writes `row` over the one before. Never throws: what fails, such as ENOSPC on a real disk, is counted. */
  write(row: Readonly<Row>): void {
    // A number that was closed may be another file's by now.
    if (this.#closed) return;
    this.#version = nextVersion(this.#version);
    encodeRow(this.#view, row, this.#version);
    try {
      if (writeSync(this.#fd, this.#bytes, 0, ROW_SIZE, this.#position) !== ROW_SIZE) this.failures++;
    } catch {
      this.failures++;
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }
}
