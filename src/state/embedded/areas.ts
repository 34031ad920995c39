import { Area } from './area.ts';
import type { Database } from './database.ts';

/** The areas that are known to be in the database. None is ever removed from it. */
export class Areas {
  readonly #database: Database;
  readonly #known = new Map<string, Area>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Keeps what it finds, so not for what a transaction has made and may undo: there, `EntryFrame.findArea`. */
  find(name: string): Area | undefined {
    return this.known(name) ?? this.#lookUp(name);
  }

  /** Without a look into the database. */
  known(name: string): Area | undefined {
    return this.#known.get(name);
  }

  /** Of a transaction that is committed. */
  keep(name: string, area: Area): void {
    this.#known.set(name, area);
  }

  /** Those with reads that are not written down yet. */
  touched(): Area[] {
    return [...this.#known.values()].filter(({ touched }) => touched.size > 0);
  }

  #lookUp(name: string): Area | undefined {
    const row = this.#database.query('SELECT id FROM areas WHERE name = ?').row(name);
    if (row === undefined) return undefined;
    const area = new Area(this.#database, Number(row[0]));
    this.#known.set(name, area);
    return area;
  }
}
