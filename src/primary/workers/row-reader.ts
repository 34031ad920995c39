import type { Row } from '../../scoreboard/layout.ts';
import { rowInRange } from '../../scoreboard/range.ts';
import { Reader } from '../../scoreboard/reader.ts';
import { NO_ROW } from '../../scoreboard/rows.ts';

/**
 * Reads the scoreboard for the primary. The object owns a reader, which closing closes. Nothing is known without a
 * board, or about a worker that has no row in it.
 */
export class RowReader {
  readonly #reader: Reader | undefined;

  /**
   * Opens the board.
   *
   * @param path undefined where no file could be created.
   */
  constructor(path: string | undefined) {
    this.#reader = path === undefined ? undefined : Reader.open(path);
  }

  /**
   * Returns the worker's row as it last wrote it, with numbers in range. A row of another process was left by a
   * predecessor.
   */
  read(row: number, pid: number | undefined): Row | undefined {
    if (row === NO_ROW) return undefined;
    const found = this.#reader?.read(row);
    return found !== undefined && found.pid === pid ? rowInRange(found) : undefined;
  }

  close(): void {
    this.#reader?.close();
  }
}
