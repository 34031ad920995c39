import type { Item } from '../engine.ts';
import { kinds, sizeOf, type Stored } from '../value.ts';
import { ReadCache } from './read-cache.ts';
import { damaged, numberIn, storedIn } from './damaged.ts';
import { PAGE_BYTES, type Database } from './database.ts';
import type { Column, Query, Row } from './sqlite.ts';

/**
 * The space that a row takes beyond key and value, and the space of its place in the index beyond the key. Both include
 * unused space.
 */
const ROW_BYTES = 30;
const PLACE_BYTES = 50;
/** The space of a place among those that expire. */
const EXPIRY_BYTES = 30;

/** A row as the sweep sees it. */
export interface Expired {
  readonly id: number;
  readonly size: number;
}

/** A row as the eviction sees it. */
export interface Passed {
  readonly id: number;
  readonly size: number;
  readonly visited: boolean;
}

/** A row without its value. */
export interface Head {
  readonly id: number;
  readonly size: number;
  readonly expires: number;
  readonly kind: Stored['kind'];
}

/** A row with its value. */
export interface Found {
  readonly id: number;
  readonly item: Item;
  readonly visited: boolean;
  /** The version of its slot, as the database has it. */
  readonly version: number;
}

/**
 * The table of one area, with this process's data about it. Rows are in the order in which their keys arrived, and the
 * eviction's hand moves along `id`.
 */
export class Namespace {
  readonly name: string;
  readonly id: number;
  readonly copies: ReadCache = new ReadCache();
  /** Rows that were read since the last record of reads. The eviction spares them. */
  readonly touched: Set<number> = new Set();
  /** The number of writes of this process since the last sweep. */
  writes = 0;
  /** The number of rows that this process has evicted. */
  evicted = 0;
  readonly #find: Query;
  readonly #head: Query;
  readonly #put: Query;
  readonly #change: Query;
  readonly #remove: Query;
  readonly #visit: Query;
  readonly #next: Query;
  readonly #expired: Query;
  readonly #page: Query;
  readonly #database: Database;

  constructor(database: Database, name: string, id: number) {
    this.#database = database;
    this.name = name;
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
    this.#change = database.query(
      `UPDATE ${table} SET size = ?, fresh = ?, visited = 1, kind = ?, value = ? WHERE id = ?`,
    );
    this.#remove = database.query(`DELETE FROM ${table} WHERE id = ?`);
    this.#visit = database.query(`UPDATE ${table} SET visited = ? WHERE id = ?`);
    this.#next = database.query(`SELECT id, size, visited FROM ${table} WHERE id > ? ORDER BY id LIMIT ?`);
    this.#expired = database.query(`SELECT id, size FROM ${table} WHERE expires <= ? ORDER BY expires LIMIT ?`);
    this.#page = database.query(
      `SELECT id, fresh, expires, visited, kind, value, key FROM ${table} WHERE id > ? ORDER BY id LIMIT ?`,
    );
  }

  static create(database: Database, name: string): Namespace {
    database.query('INSERT INTO areas(name, bytes, entries, hand, cache) VALUES (?, 0, 0, 0, 0)').run(name);
    const id = Number(database.query('SELECT id FROM areas WHERE name = ?').row(name)![0]);
    // The columns that are read without the value stand before it. Otherwise the pages of the value would be read too.
    database.exec(
      `CREATE TABLE ${tableOf(id)}(id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, size INTEGER, fresh REAL,
         expires REAL, visited INTEGER, kind INTEGER, value);
       CREATE INDEX ${tableOf(id)}_expires ON ${tableOf(id)}(expires) WHERE expires IS NOT NULL`,
    );
    return new Namespace(database, name, id);
  }

  /**
   * Estimates the space of an item. Rows up to the size of a page are not split, so a row of two thirds of a page
   * leaves a third unused.
   */
  static sizeOf(key: string, { stored, expires }: Item): number {
    const keyed = Buffer.byteLength(key);
    const row = ROW_BYTES + keyed + sizeOf(stored);
    const fitting = Math.floor(PAGE_BYTES / row);
    const places = PLACE_BYTES + keyed + (expires < Infinity ? EXPIRY_BYTES : 0);
    return Math.ceil(fitting === 0 ? row : PAGE_BYTES / fitting) + places;
  }

  find(key: string, slot: number): Found | undefined {
    const row = this.#find.row(slot, key);
    return row === undefined ? undefined : foundIn(row, Number(row[6]));
  }

  head(key: string): Head | undefined {
    const row = this.#head.row(key);
    if (row === undefined) return undefined;
    const [id, size, expires, kind] = row;
    // A row with an unknown kind may be overwritten like any other.
    return {
      id: numberIn(id),
      size: numberIn(size),
      expires: endIn(expires),
      kind: kinds[Number(kind)] ?? 'clone',
    };
  }

  /**
   * Writes a row. Most counters are added to without a change of the time when they expire. Their place among those that
   * expire is left alone then.
   *
   * @returns the row's id.
   */
  put(key: string, { stored, freshUntil, expires }: Item, size: number, before: Head | undefined): number {
    if (before?.expires === expires) {
      this.#change.run(size, freshUntil, kinds.indexOf(stored.kind), stored.data, before.id);
      return before.id;
    }
    const end = expires === Infinity ? null : expires;
    return Number(this.#put.row(key, size, freshUntil, end, kinds.indexOf(stored.kind), stored.data)![0]);
  }

  remove(id: number): void {
    this.#remove.run(id);
  }

  visit(id: number, visited: boolean): void {
    this.#visit.run(visited ? 1 : 0, id);
  }

  /** Returns at most `limit` rows after `id`. */
  after(id: number, limit: number): Passed[] {
    return this.#next.rows(id, limit).map((row) => ({
      id: Number(row[0]),
      size: Number(row[1]),
      visited: row[2] === 1,
    }));
  }

  /** Returns at most `limit` rows that have expired, the oldest first. */
  expired(now: number, limit: number): Expired[] {
    return this.#expired.rows(now, limit).map(([id, size]) => ({ id: Number(id), size: Number(size) }));
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
    item: { stored: storedIn(kind, data), freshUntil: numberIn(freshUntil), expires: endIn(expires) },
    visited: visited === 1,
    version,
  };
}

/** Items that stay for ever have no time. They are not in the index of those that expire either. */
function endIn(expires: Column | undefined): number {
  return expires === null ? Infinity : numberIn(expires);
}

function keyIn(row: Row): string {
  const key = row[6];
  if (typeof key === 'string') return key;
  throw damaged('a key is not text');
}
