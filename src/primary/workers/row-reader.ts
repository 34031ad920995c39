import type { Board } from '../../scoreboard/board.ts';
import type { Row } from '../../scoreboard/layout.ts';
import { rowInRange } from '../../scoreboard/range.ts';
import { Reader } from '../../scoreboard/reader.ts';
import { NO_ROW } from '../../scoreboard/rows.ts';

/**
 * Reads the scoreboard for the primary. The object owns a reader, which closing closes. Nothing is known without a
 * board, or about a worker that has no row in it.
 */
export class RowReader {
  readonly #board: Pick<Board, 'path' | 'files'> | undefined;
  #reader: Reader | undefined;
  #files: number | undefined;

  /**
   * Opens the board.
   *
   * @param board undefined where no file could be created.
   */
  constructor(board: Pick<Board, 'path' | 'files'> | undefined) {
    this.#board = board;
    this.#reader = board && Reader.open(board.path);
    this.#files = board?.files;
  }

  /**
   * Returns the worker's row as it last wrote it, with numbers in range. A row of another process was left by a
   * predecessor.
   */
  read(row: number, pid: number | undefined): Row | undefined {
    if (row === NO_ROW) return undefined;
    this.#follow();
    const found = this.#reader?.read(row);
    return found !== undefined && found.pid === pid ? rowInRange(found) : undefined;
  }

  /** The board has a new file in the place of one that was removed. */
  #follow(): void {
    if (this.#board === undefined || this.#board.files === this.#files) return;
    const { path, files } = this.#board;
    try {
      const next = Reader.open(path);
      this.#reader?.close();
      this.#reader = next;
      this.#files = files;
    } catch {
      // The file was removed again, or this process has no descriptor left. The next read tries it again.
    }
  }

  close(): void {
    this.#reader?.close();
  }
}
