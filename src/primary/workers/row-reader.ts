import type { Row } from '../../scoreboard/layout.ts';
import { rowInRange } from '../../scoreboard/range.ts';
import { Reader } from '../../scoreboard/reader.ts';
import { NO_ROW } from '../../scoreboard/rows.ts';

/**
 * The primary's eyes on the scoreboard. Owns a reader, which closing closes. Without a board, or where a worker has no row
 * in it, nothing is known.
 */
export class RowReader {
  readonly #reader: Reader | undefined;

  /** @param path undefined where no file could be made. */
  constructor(path: string | undefined) {
    this.#reader = path === undefined ? undefined : Reader.open(path);
  }

  /** The worker's row as it wrote it last, with numbers in range. One of another process is what a predecessor left. */
  read(row: number, pid: number | undefined): Row | undefined {
    if (row === NO_ROW) return undefined;
    const found = this.#reader?.read(row);
    return found !== undefined && found.pid === pid ? rowInRange(found) : undefined;
  }

  close(): void {
    this.#reader?.close();
  }
}
