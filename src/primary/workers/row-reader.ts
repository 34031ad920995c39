import type { Board } from '../../scoreboard/board.ts';
import type { Row } from '../../scoreboard/layout.ts';
import { rowInRange } from '../../scoreboard/range.ts';
import { Reader } from '../../scoreboard/reader.ts';
import { NO_ROW } from '../../scoreboard/rows.ts';

/**
 * Reads the scoreboard for the primary. The object owns a reader of its file, and one of a file before that. Closing it closes both.
 * Nothing is known without a board, or about a worker that has no row in it.
 */
export class RowReader {
  readonly #board: Pick<Board, 'path' | 'files' | 'capacity'> | undefined;
  #reader: Reader | undefined;
  #files: number | undefined;
  /** The reader of a file that was removed. A worker that may not open the new one, as after its `setuid`, goes on writing there. */
  #previous: Reader | undefined;
  /** The rows that were last found there. */
  readonly #behind = new Set<number>();
  /** The processes that were found in a later file, by their rows. What they have left in the previous one is old. */
  readonly #arrived = new Map<number, number>();

  /**
   * Opens the board.
   *
   * @param board undefined where no file could be created.
   */
  constructor(board: Pick<Board, 'path' | 'files' | 'capacity'> | undefined) {
    this.#board = board;
    this.#reader = board && openWhole(board);
    this.#files = board?.files;
  }

  /**
   * Returns the worker's row as it last wrote it, with numbers in range. A row of another process was left by a
   * predecessor.
   */
  read(row: number, pid: number | undefined): Row | undefined {
    if (row === NO_ROW) return undefined;
    this.#follow();
    const found = this.#find(row, pid);
    return found && rowInRange(found);
  }

  #find(row: number, pid: number | undefined): Row | undefined {
    this.#behind.delete(row);
    const found = this.#reader?.read(row);
    if (found !== undefined && found.pid === pid) {
      if (this.#previous !== undefined) this.#arrived.set(row, pid);
      return found;
    }
    if (this.#arrived.get(row) === pid) return undefined;
    const before = this.#previous?.read(row);
    if (before === undefined || before.pid !== pid) return undefined;
    this.#behind.add(row);
    return before;
  }

  /** The board has a new file in the place of one that was removed. */
  #follow(): void {
    if (this.#board === undefined || this.#board.files === this.#files) return;
    const { files } = this.#board;
    try {
      const next = openWhole(this.#board);
      this.#leave();
      this.#reader = next;
      this.#files = files;
    } catch {
      // The file is gone again, is not as it should be, or this process has no descriptor left. The next read tries it again.
    }
  }

  /** Keeps the reader for those who stay with its file. As long as some stay with the file before, that one is kept. */
  #leave(): void {
    if (this.#behind.size > 0) return this.#reader?.close();
    this.#previous?.close();
    this.#previous = this.#reader;
    this.#arrived.clear();
  }

  close(): void {
    this.#reader?.close();
    this.#previous?.close();
  }
}

/** @throws Error also where another process of this user has just written another header, which would hide rows for as long as it is open */
function openWhole({ path, capacity }: Pick<Board, 'path' | 'capacity'>): Reader {
  const reader = Reader.open(path);
  if (reader.header.rows === capacity) return reader;
  reader.close();
  throw new Error(`${path} says that it has ${reader.header.rows} rows, and not ${capacity}`);
}
