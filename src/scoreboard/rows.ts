import { ScoreboardError } from './error.ts';

/** The answer of {@link Rows.take} when every row is taken. The worker then does without a row. */
export const NO_ROW = -1;

/** The path of the board where none could be created. No worker has a row then. */
export const NO_BOARD = '';

/**
 * Records which rows of a board are taken. A row belongs to a worker and not to a slot, because in a reload the old and
 * the new worker of a slot both write. So rows are handed out and taken back, lowest first, which keeps the busy part
 * of a board together. The object does not own the file: the board does.
 */
export class Rows {
  readonly #taken: Uint8Array;

  constructor(capacity: number) {
    this.#taken = new Uint8Array(capacity);
  }

  /** Takes a free row, or returns {@link NO_ROW}. */
  take(): number {
    const row = this.#taken.indexOf(0);
    if (row === -1) return NO_ROW;
    this.#taken[row] = 1;
    return row;
  }

  isTaken(row: number): boolean {
    return this.#taken[row] === 1;
  }

  /** Frees `row`. The worker that wrote it must have exited before. */
  free(row: number): void {
    if (this.#taken[row] !== 1) {
      throw new ScoreboardError('ERR_SCOREBOARD_ROW', `row ${row} was given back and is not in use`);
    }
    this.#taken[row] = 0;
  }
}
