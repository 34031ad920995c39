import { closeSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../contract/system-code.ts';
import { ScoreboardError } from './error.ts';
import { createFile, removeBoard } from './file.ts';
import { encodeHeader } from './header.ts';
import { FORMAT, MAX_ROWS, ROW_SIZE, rowOffset } from './layout.ts';
import { boardDirectories, boardFileName, userId } from './place.ts';
import { NO_ROW, Rows } from './rows.ts';
import { isStale, thisPrimary } from './stale.ts';
import { inheritState } from './state-directory.ts';

export { sweepStale } from './stale.ts';

export interface BoardOptions {
  /** The server's name, which becomes part of the file's. */
  readonly name: string;
  /** How many workers may live at the same time: more than there are slots, for reloads and spares. */
  readonly rows: number;
  /** Where the file may go, best first. @default boardDirectories() */
  readonly directories?: readonly string[];
}

/**
 * The primary's scoreboard. Owns the file, and the descriptor through which rows are cleared; closing it closes the one
 * and removes the other. Workers and readers that have it open keep what they have.
 */
export class Board {
  /** For the writers in the workers, and for readers anywhere. */
  readonly path: string;
  readonly #fd: number;
  readonly #rows: Rows;
  #closed = false;

  private constructor(path: string, fd: number, rows: number) {
    this.path = path;
    this.#fd = fd;
    this.#rows = new Rows(rows);
  }

  /** @throws ScoreboardError `ERR_SCOREBOARD_CREATE` when no directory takes the file */
  static create({ name, rows, directories = boardDirectories() }: BoardOptions): Board {
    if (!Number.isInteger(rows) || rows < 1 || rows > MAX_ROWS) {
      throw new RangeError(`a scoreboard has 1 to ${MAX_ROWS} rows, not ${rows}`);
    }
    const fileName = boardFileName({ uid: userId(), primaryPid: process.pid, name });
    const image = Buffer.alloc(rowOffset(rows));
    image.set(encodeHeader({ format: FORMAT, rowSize: ROW_SIZE, rows, ...thisPrimary() }));
    let refusal: unknown = new Error('there is no directory for it');
    for (const directory of directories) {
      const path = join(directory, fileName);
      try {
        return new Board(path, createOrReplace(path, image), rows);
      } catch (error) {
        refusal = error;
      }
    }
    throw new ScoreboardError(
      'ERR_SCOREBOARD_CREATE',
      `cannot create the scoreboard ${fileName} in ${directories.join(' or ')}: ${(refusal as Error).message}`,
      { cause: refusal },
    );
  }

  /** A row for a worker about to be started; -1 when all are taken, and that worker then does without. */
  takeRow(): number {
    return this.#rows.take();
  }

  /** Takes back the row of a worker that has exited, and clears it. Read it before, if its totals are to be kept. */
  freeRow(row: number): void {
    if (row === NO_ROW) return;
    this.#rows.free(row);
    this.#clear(row);
  }

  /** The workers are to share the state of those of the primary before this one. @param before that one's board. */
  inherit(before: string): void {
    inheritState(this.path, before);
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
    try {
      removeBoard(this.path);
    } catch {
      // Somebody else has put something in its place. The next primary sweeps up what can be.
    }
  }

  #clear(row: number): void {
    if (this.#closed) return;
    writeSync(this.#fd, new Uint8Array(ROW_SIZE), 0, ROW_SIZE, rowOffset(row));
  }
}

/** Only a file that a dead primary left is replaced: pid 1 of a restarted container finds its predecessor's. */
function createOrReplace(path: string, image: Uint8Array): number {
  try {
    return createFile(path, image);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST' || !isStale(path)) throw error;
    removeBoard(path);
    return createFile(path, image);
  }
}
