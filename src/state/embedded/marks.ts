import { randomUUID } from 'node:crypto';
import type { Database } from './database.ts';

/** How long a mark is kept. The mark of a process that died while it computed would otherwise stay for ever. */
const LIFETIME_MS = 600_000;

/** Rows that mark which values are being computed: see `Engine.mark`. They are only used within transactions. */
export class Marks {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put(area: number, key: string): string {
    const now = Date.now();
    const mark = randomUUID();
    this.#database.query('DELETE FROM marks WHERE made < ?').run(now - LIFETIME_MS);
    this.#database.query('INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)').run(area, key, mark, now);
    return mark;
  }

  get(area: number, key: string): string | undefined {
    const row = this.#database.query('SELECT mark FROM marks WHERE area = ? AND key = ?').row(area, key);
    return row === undefined ? undefined : String(row[0]);
  }

  remove(area: number, key: string): void {
    this.#database.query('DELETE FROM marks WHERE area = ? AND key = ?').run(area, key);
  }

  clear(area: number): void {
    this.#database.query('DELETE FROM marks WHERE area = ?').run(area);
  }
}
