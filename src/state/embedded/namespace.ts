import type { Entry } from '../engine.ts';
import { kinds, sizeOf, type Stored } from '../value.ts';
import { ReadCache } from './read-cache.ts';
import { damaged, numberIn, storedIn } from './damaged.ts';
import { PAGE, type Database } from './database.ts';
import type { Query, Row } from './sqlite.ts';

/** What a row takes beside key and value, and its place in the index beside the key, with what that leaves empty, bytes. */
const ROW = 30;
const PLACE = 50;

/** A row as the eviction and the sweep see it. */
export interface Passed {
  readonly id: number;
  readonly size: number;
  readonly expires: number;
  readonly visited: boolean;
}

/** What is in the database for a key, but for the value. */
export interface Head {
  readonly id: number;
  readonly size: number;
  readonly expires: number;
  readonly kind: Stored['kind'];
}

/** What is in the database for a key. */
export interface Found {
  readonly id: number;
  readonly entry: Entry;
  readonly visited: boolean;
  /** Of its slot, as the database has it. */
  readonly version: number;
}

/**
 * One area's table, and what this process keeps beside it. Rows are in the order in which their keys came: `id` is where
 * the eviction's hand goes along.
 */
export class Namespace {
  readonly id: number;
  readonly copies: ReadCache = new ReadCache();
  /** Rows that were read since it was last written down: what the eviction spares. */
  readonly touched: Set<number> = new Set();
  /** How many writes of this process since the last sweep, and where that ended. */
  writes = 0;
  sweptTo = 0;
  /** How many rows this process has evicted. */
  evicted = 0;
  readonly #find: Query;
  readonly #head: Query;
  readonly #put: Query;
  readonly #remove: Query;
  readonly #visit: Query;
  readonly #next: Query;
  readonly #page: Query;
  readonly #database: Database;

  constructor(database: Database, id: number) {
    this.#database = database;
    this.id = id;
    const table = tableOf(id);
    this.#find = database.query(
      `SELECT id, fresh, expires, visited, kind, value,
         coalesce((SELECT version FROM versions WHERE slot = ?), 0) FROM ${table} WHERE key = ?`,
    );
    this.#head = database.query(`SELECT id, size, expires, kind FROM ${table} WHERE key = ?`);
    this.#put = database.query(
      `INSERT INTO ${table}(key, size, fresh, expires, visited, kind, value) VALUES (?, ?, ?, ?, 0, ?, ?)
       ON CONFLICT(key) DO UPDATE SET size = excluded.size, fresh = excluded.fresh, expires = excluded.expires,
         visited = 1, kind = excluded.kind, value = excluded.value RETURNING id`,
    );
    this.#remove = database.query(`DELETE FROM ${table} WHERE id = ?`);
    this.#visit = database.query(`UPDATE ${table} SET visited = ? WHERE id = ?`);
    this.#next = database.query(`SELECT id, size, expires, visited FROM ${table} WHERE id > ? ORDER BY id LIMIT ?`);
    this.#page = database.query(
      `SELECT id, fresh, expires, visited, kind, value, key FROM ${table} WHERE id > ? ORDER BY id LIMIT ?`,
    );
  }

  static create(database: Database, name: string): Namespace {
    database.query('INSERT INTO areas(name, bytes, entries, hand) VALUES (?, 0, 0, 0)').run(name);
    const id = Number(database.query('SELECT id FROM areas WHERE name = ?').row(name)![0]);
    // What is looked at without the value comes before it, lest its pages be read too.
    database.exec(
      `CREATE TABLE ${tableOf(id)}(id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, size INTEGER, fresh REAL,
         expires REAL, visited INTEGER, kind INTEGER, value)`,
    );
    return new Namespace(database, id);
  }

  /** Rows of no more than a page are not divided, so of one of two thirds the page is empty in a third. */
  static sizeOf(key: string, stored: Stored): number {
    const keyed = Buffer.byteLength(key);
    const row = ROW + keyed + sizeOf(stored);
    const fitting = Math.floor(PAGE / row);
    return Math.ceil(fitting === 0 ? row : PAGE / fitting) + PLACE + keyed;
  }

  find(key: string, slot: number): Found | undefined {
    const row = this.#find.row(slot, key);
    return row === undefined ? undefined : foundIn(row, Number(row[6]));
  }

  head(key: string): Head | undefined {
    const row = this.#head.row(key);
    if (row === undefined) return undefined;
    const [id, size, expires, kind] = row;
    // A kind that is none is written over like any other.
    return {
      id: numberIn(id),
      size: numberIn(size),
      expires: numberIn(expires),
      kind: kinds[Number(kind)] ?? 'clone',
    };
  }

  /** @returns the row's id. */
  put(key: string, { stored, freshUntil, expires }: Entry, size: number): number {
    return Number(this.#put.row(key, size, freshUntil, expires, kinds.indexOf(stored.kind), stored.data)![0]);
  }

  remove(id: number): void {
    this.#remove.run(id);
  }

  visit(id: number, visited: boolean): void {
    this.#visit.run(visited ? 1 : 0, id);
  }

  /** The rows after `id`, at most so many. */
  after(id: number, limit: number): Passed[] {
    return this.#next.rows(id, limit).map((row) => ({
      id: Number(row[0]),
      size: Number(row[1]),
      expires: Number(row[2]),
      visited: row[3] === 1,
    }));
  }

  page(id: number, limit: number): Array<Found & { readonly key: string }> {
    return this.#page.rows(id, limit).map((row) => ({ ...foundIn(row, 0), key: keyIn(row) }));
  }

  clear(): void {
    this.#database.query(`DELETE FROM ${tableOf(this.id)}`).run();
  }
}

function tableOf(id: number): string {
  return `area_${id}`;
}

function foundIn(row: Row, version: number): Found {
  const [id, freshUntil, expires, visited, kind, data] = row;
  return {
    id: numberIn(id),
    entry: { stored: storedIn(kind, data), freshUntil: numberIn(freshUntil), expires: numberIn(expires) },
    visited: visited === 1,
    version,
  };
}

function keyIn(row: Row): string {
  const key = row[6];
  if (typeof key === 'string') return key;
  throw damaged('a key is no text');
}
