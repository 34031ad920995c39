import type { Database } from './database.ts';
import { evict } from './eviction.ts';
import type { Namespace } from './namespace.ts';
import type { Totals } from './totals.ts';

/**
 * The share of the store that all caches together may take. The rest is for what must not be evicted: counters, sessions,
 * leases, messages and versions.
 */
const CACHES_SHARE = 0.75;

/** The space that an eviction frees beyond what is needed, so that not every write has to evict. */
const SLACK_BYTES = 32 * 1024;

/** The number of expired rows that a sweep removes. */
const SWEPT_ROWS = 64;

/** What a full store frees at a time: a part of it, within these limits. The lock is held meanwhile. */
const PART = 1 / 32;
const LEAST_BYTES = 64 * 1024;
const MOST_BYTES = 1024 * 1024;
const MOST_ROWS = 4096;

/** Makes room within a transaction. Expired items go first, then those that caches can do without. */
export class Room {
  readonly #database: Database;
  readonly #totals: Totals;
  readonly #findArea: (name: string) => Namespace | undefined;
  /** The bytes that were freed in this transaction. */
  #freed = 0;

  constructor(database: Database, totals: Totals, findArea: (name: string) => Namespace | undefined) {
    this.#database = database;
    this.#totals = totals;
    this.#findArea = findArea;
  }

  /** The size of all caches together, which is also the largest size of one of them. */
  get ofCaches(): number {
    return this.#database.capacity * CACHES_SHARE;
  }

  /** Keeps a cache within its own bound. One that is far over it, which has become less, gets there in several transactions. */
  keep(area: Namespace, maxSize: number): void {
    const over = this.#totals.of(area).bytes - maxSize;
    if (over > 0) this.#free(area, Math.min(over + slackOf(maxSize), this.#most));
  }

  /**
   * Keeps all caches together within their bound, at the expense of the largest one, as `keep` does. The totals must have been
   * written, and are written again.
   */
  share(): void {
    if (!this.#totals.hasCacheGrown()) return;
    for (;;) {
      const over = this.#sizeOfCaches() - this.ofCaches;
      const wanted = Math.min(over + slackOf(this.ofCaches), this.#most);
      if (over <= 0 || wanted <= 0 || this.#freeLargest(wanted) === 0) return;
    }
  }

  /** What this transaction may still free: as much as it has written, and always a part of the store. The lock is held meanwhile. */
  get #most(): number {
    return Math.max(this.#totals.growthOfCaches, MOST_BYTES - this.#freed);
  }

  /**
   * Removes expired items, which are never read again.
   *
   * @returns the number of bytes that were freed.
   */
  sweep(area: Namespace, limit: number = SWEPT_ROWS): number {
    let freed = 0;
    for (const { id, size } of area.expired(Date.now(), limit)) {
      area.remove(id);
      this.#totals.removed(area, size);
      freed += size;
    }
    return freed;
  }

  /**
   * Makes room in a store that is full.
   *
   * @returns whether there is more room than before.
   */
  make(): boolean {
    const wanted = Math.min(Math.max(this.#database.capacity * PART, LEAST_BYTES), MOST_BYTES);
    let freed = 0;
    for (const [name] of this.#database.query('SELECT name FROM areas').rows()) {
      const area = this.#findArea(String(name));
      if (freed < wanted && area !== undefined) freed += this.sweep(area, MOST_ROWS);
    }
    this.#totals.write();
    for (let more = 1; freed < wanted && more > 0; freed += more) more = this.#freeLargest(wanted - freed);
    return freed > 0;
  }

  #sizeOfCaches(): number {
    return Number(this.#database.query('SELECT total(bytes) FROM areas WHERE cache = 1').row()?.[0]);
  }

  /**
   * Frees space of the largest cache.
   *
   * @returns how much: less than asked for when the cache was smaller than that.
   */
  #freeLargest(wanted: number): number {
    const largest = 'SELECT name FROM areas WHERE cache = 1 AND entries > 0 ORDER BY bytes DESC LIMIT 1';
    const name = this.#database.query(largest).row()?.[0];
    const area = name === undefined ? undefined : this.#findArea(String(name));
    const freed = area === undefined ? 0 : this.#free(area, wanted);
    this.#totals.write();
    return freed;
  }

  #free(area: Namespace, wanted: number): number {
    const freed = this.#freeOf(area, wanted);
    this.#freed += freed;
    return freed;
  }

  #freeOf(area: Namespace, wanted: number): number {
    const swept = this.#sweepUntil(area, wanted);
    if (swept >= wanted) return swept;
    for (const id of area.touched) area.visit(id, true);
    area.touched.clear();
    const totals = this.#totals.of(area);
    const { freed, rows, hand } = evict(area, wanted - swept, totals.hand, totals.last);
    this.#totals.removed(area, freed, rows);
    totals.evicted += rows;
    totals.hand = hand;
    return swept + freed;
  }

  /** Removes expired items, the oldest first, until `wanted` bytes are free, or there are none. */
  #sweepUntil(area: Namespace, wanted: number): number {
    let freed = 0;
    for (let more = 1, rows = 0; more > 0 && freed < wanted && rows < MOST_ROWS; rows += SWEPT_ROWS) {
      more = this.sweep(area);
      freed += more;
    }
    return freed;
  }
}

function slackOf(bound: number): number {
  return Math.min(SLACK_BYTES, bound / 128);
}
