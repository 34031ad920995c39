import { Namespace } from './namespace.ts';
import type { Database } from './database.ts';

/** The areas that are known to be in the database. None is ever removed from it. */
export class Namespaces {
  readonly #database: Database;
  readonly #known = new Map<string, Namespace>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Keeps what it finds, so not for what a transaction has made and may undo: there, `EntryFrame.findArea`. */
  find(name: string): Namespace | undefined {
    return this.known(name) ?? this.#lookUp(name);
  }

  /** Without a look into the database. */
  known(name: string): Namespace | undefined {
    return this.#known.get(name);
  }

  /** Of a transaction that is committed. */
  keep(name: string, area: Namespace): void {
    this.#known.set(name, area);
  }

  /** Those with reads that are not written down yet. */
  touched(): Namespace[] {
    return [...this.#known.values()].filter(({ touched }) => touched.size > 0);
  }

  #lookUp(name: string): Namespace | undefined {
    const row = this.#database.query('SELECT id FROM areas WHERE name = ?').row(name);
    if (row === undefined) return undefined;
    const area = new Namespace(this.#database, Number(row[0]));
    this.#known.set(name, area);
    return area;
  }
}
