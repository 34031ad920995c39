import { Namespace } from './namespace.ts';
import type { Database } from './database.ts';

/** The areas that are known to be in the database. An area is never removed. */
export class Namespaces {
  readonly #database: Database;
  readonly #known = new Map<string, Namespace>();

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Finds an area and remembers it. This is not for areas that a transaction has created and may undo:
   * `ItemFrame.findArea` is.
   */
  find(name: string): Namespace | undefined {
    return this.known(name) ?? this.#lookUp(name);
  }

  /** Returns an area without reading the database. */
  known(name: string): Namespace | undefined {
    return this.#known.get(name);
  }

  /** Remembers an area of a transaction that is committed. */
  keep(name: string, area: Namespace): void {
    this.#known.set(name, area);
  }

  /** Lists the areas with reads that are not recorded yet. */
  touched(): Namespace[] {
    return [...this.#known.values()].filter(({ touched }) => touched.size > 0);
  }

  #lookUp(name: string): Namespace | undefined {
    const row = this.#database.query('SELECT id FROM areas WHERE name = ?').row(name);
    if (row === undefined) return undefined;
    const area = new Namespace(this.#database, name, Number(row[0]));
    this.#known.set(name, area);
    return area;
  }
}
