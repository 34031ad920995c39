import { ScoreboardError } from './error.ts';

/** What {@link Rows.take} answers when every row is taken: that worker does without. */
export const NO_ROW = -1;

/**
 * Which rows of a board are taken. A row belongs to a worker and not to a slot, because in a reload the old and the new
 * worker of a slot both write; so rows are handed out and taken back, lowest first, which keeps the busy part of a board
 * together. Owns no file: the board does.
 */
export class Rows {
  readonly #taken: Uint8Array;

  constructor(capacity: number) {
    this.#taken = new Uint8Array(capacity);
  }

  /** A free row, taken from now on, or {@link NO_ROW}. */
  take(): number {
    const row = this.#taken.indexOf(0);
    if (row === -1) return NO_ROW;
    this.#taken[row] = 1;
    return row;
  }

  /** Takes `row` back: once the worker that wrote it has exited, and not before. */
  free(row: number): void {
    if (this.#taken[row] !== 1) {
      throw new ScoreboardError('ERR_SCOREBOARD_ROW', `row ${row} was given back and is not in use`);
    }
    this.#taken[row] = 0;
  }
}
