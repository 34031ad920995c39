import { computationOf } from '../engine.ts';
import type { Database } from './database.ts';

/**
 * The marks on the leases of computations: see `Engine.begin`. A mark is a column of the lease, so it cannot outlive it.
 * Marks are only used within transactions.
 */
export class Marks {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  isMarked(area: string, key: string, owner: string): boolean {
    const query = this.#database.query('SELECT 1 FROM leases WHERE name = ? AND owner = ? AND marked = 1');
    return query.row(computationOf(area, key), owner) !== undefined;
  }

  remove(area: string, key: string): void {
    this.#database.query('UPDATE leases SET marked = 0 WHERE name = ? AND marked = 1').run(computationOf(area, key));
  }

  clear(area: string): void {
    const [from, to] = namesOf(area);
    this.#database.query('UPDATE leases SET marked = 0 WHERE name > ? AND name < ? AND marked = 1').run(from, to);
  }
}

/**
 * Returns what stands before and behind the names of an area's computations. They begin alike, up to the quotation mark
 * that opens the key.
 */
function namesOf(area: string): [from: string, to: string] {
  const beginning = computationOf(area, '').slice(0, -'""]'.length);
  return [`${beginning}"`, `${beginning}#`];
}
