import { damaged, numberIn } from './damaged.ts';
import type { Database } from './database.ts';
import type { Namespace } from './namespace.ts';

/** What an area holds. */
export interface AreaTotals {
  bytes: number;
  entries: number;
  /** Where the last eviction ended. */
  hand: number;
  /** Whether its items may be evicted, as the last write said. */
  isCache: boolean;
  /** The number of rows evicted in this transaction, and the row that was written last. */
  evicted: number;
  last: number;
  /** The bytes before this transaction. */
  readonly bytesBefore: number;
}

/** The totals of the areas that a transaction changes. They are written once, before the commit. */
export class Totals {
  readonly #database: Database;
  readonly #areas = new Map<Namespace, AreaTotals>();

  constructor(database: Database) {
    this.#database = database;
  }

  of(area: Namespace): AreaTotals {
    const known = this.#areas.get(area);
    if (known !== undefined) return known;
    const query = this.#database.query('SELECT bytes, entries, hand, cache FROM areas WHERE id = ?');
    const [bytes, entries, hand, cache] = (query.row(area.id) ?? []).map(numberIn);
    if (cache === undefined) throw damaged('an area has no totals');
    const totals = { bytes: bytes!, entries: entries!, hand: hand!, isCache: cache === 1, evicted: 0, last: 0 };
    const read = { ...totals, bytesBefore: totals.bytes };
    this.#areas.set(area, read);
    return read;
  }

  removed(area: Namespace, size: number, rows = 1): void {
    const totals = this.of(area);
    totals.bytes -= size;
    totals.entries -= rows;
  }

  /** The bytes by which caches have grown in this transaction. Where they have shrunk, it is less than 0. */
  get growthOfCaches(): number {
    let growth = 0;
    for (const { isCache, bytes, bytesBefore } of this.#areas.values()) if (isCache) growth += bytes - bytesBefore;
    return growth;
  }

  /** Tells whether a cache has become larger in this transaction. */
  hasCacheGrown(): boolean {
    for (const { isCache, bytes, bytesBefore } of this.#areas.values()) if (isCache && bytes > bytesBefore) return true;
    return false;
  }

  write(): void {
    const update = this.#database.query('UPDATE areas SET bytes = ?, entries = ?, hand = ?, cache = ? WHERE id = ?');
    for (const [area, { bytes, entries, hand, isCache }] of this.#areas)
      update.run(bytes, entries, hand, isCache ? 1 : 0, area.id);
  }

  /** Tells the areas what this transaction, which is committed, has evicted. */
  committed(): void {
    for (const [area, { evicted }] of this.#areas) area.evicted += evicted;
  }
}
