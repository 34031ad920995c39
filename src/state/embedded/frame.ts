import type { AreaSize, Item, Terms } from '../engine.ts';
import { StateError } from '../error.ts';
import { sizeOf } from '../value.ts';
import { Namespace } from './namespace.ts';
import type { Namespaces } from './namespaces.ts';
import { damaged, numberIn } from './damaged.ts';
import type { Database } from './database.ts';
import { evict } from './eviction.ts';
import { Marks } from './marks.ts';
import type { Frame } from './transactions.ts';
import { slotOf, type Versions } from './versions.ts';

/** The totals of an area as the database has them, and the number of rows evicted in this transaction. */
interface Totals {
  bytes: number;
  entries: number;
  hand: number;
  evicted: number;
}

/** After this many writes that expire, this many rows are checked, and the expired ones are removed. */
const WRITES_BETWEEN_SWEEPS = 32;
const SWEPT_ROWS = 64;

/** The space that an eviction frees beyond what is needed. */
const SLACK_BYTES = 32 * 1024;

/** The share of the store that one area may take. */
const LARGEST_SHARE = 0.75;

/** The items that a transaction changes. Totals and versions of several items are written once. */
export class ItemFrame implements Frame {
  readonly #database: Database;
  readonly #versions: Versions | undefined;
  readonly #marks: Marks;
  readonly #totals = new Map<Namespace, Totals>();
  readonly #bumped = new Set<number>();
  /**
   * The version of all changes in this transaction. A random number out of 2^52 makes sure that no slot had it before.
   */
  readonly #version = 1 + Math.random();
  readonly #areas: Namespaces;
  readonly #created = new Map<string, Namespace>();
  readonly #wake: () => void;
  #notifies = false;

  /**
   * Creates the frame.
   *
   * @param wake runs after the commit if the transaction contains messages.
   */
  constructor(database: Database, areas: Namespaces, versions: Versions | undefined, wake: () => void) {
    this.#database = database;
    this.#marks = new Marks(database);
    this.#areas = areas;
    this.#versions = versions;
    this.#wake = wake;
  }

  /**
   * Finds an area, first among those that this transaction created. The database shows them as if they were committed,
   * but they may be undone.
   */
  findArea(name: string): Namespace | undefined {
    return this.#created.get(name) ?? this.#areas.find(name);
  }

  /** Returns the area with this name, and creates it if there is none. */
  area(name: string): Namespace {
    const found = this.findArea(name);
    if (found !== undefined) return found;
    const area = Namespace.create(this.#database, name);
    this.#created.set(name, area);
    return area;
  }

  find(area: Namespace, key: string, now: number): Item | undefined {
    const item = area.find(key, 0)?.item;
    return item === undefined || item.expires <= now ? undefined : item;
  }

  has(area: Namespace, key: string, now: number): boolean {
    return (area.head(key)?.expires ?? 0) > now;
  }

  /**
   * Writes an item.
   *
   * @param asked the wanted `maxSize`. The area evicts items at this bound, or earlier, so that it does not fill
   *   the store.
   * @throws StateError `ERR_STATE_FULL` for a single item that is larger than the area may be.
   */
  put(area: Namespace, key: string, item: Item, asked: number | undefined): void {
    const size = Namespace.sizeOf(key, item.stored);
    const maxSize = asked === undefined ? Infinity : Math.min(asked, this.#database.capacity * LARGEST_SHARE);
    if (size > maxSize) throw tooLarge(key, item, maxSize);
    const before = area.head(key);
    const { kind } = item.stored;
    if (kind !== 'number') this.outdate(area.name, key);
    // The version changes first, because that may fail. Numbers are never copied and need no new version.
    if (kind !== 'number' || (before?.kind ?? kind) !== 'number') this.#bump(area, key);
    const id = area.put(key, item, size);
    const totals = this.#totalsOf(area);
    totals.bytes += size - (before?.size ?? 0);
    if (before === undefined) totals.entries++;
    if (totals.bytes > maxSize) this.#evict(area, totals, id, maxSize);
    if (item.expires < Infinity) this.#sweep(area);
  }

  remove(area: Namespace, key: string): boolean {
    // The version changes even when there is no item. An eviction changes no version, and other processes may still
    // have copies.
    this.#bump(area, key);
    const head = area.head(key);
    if (head === undefined) return false;
    area.remove(head.id);
    this.#removed(area, head.size);
    return head.expires > Date.now();
  }

  /**
   * Removes all items. All versions change, because items that were evicted may still be copied, under keys that
   * are not known.
   */
  clear(area: Namespace): void {
    this.#bumpAll();
    area.clear();
    const totals = this.#totalsOf(area);
    Object.assign(totals, { bytes: 0, entries: 0, hand: 0 });
  }

  /**
   * Makes what is being computed out of date. The area may not be there yet.
   *
   * @param key undefined stands for all keys.
   */
  outdate(area: string, key?: string): void {
    if (key === undefined) this.#marks.clear(area);
    else this.#marks.remove(area, key);
  }

  /** Tells whether the computation that this owner has begun is up to date. */
  isMarked(area: Namespace, key: string, owner: string): boolean {
    return this.#marks.isMarked(area.name, key, owner);
  }

  sizeOf(area: Namespace): AreaSize {
    const { entries, bytes } = this.#totalsOf(area);
    return { entries, bytes };
  }

  /** Makes the commit wake the listeners, because there is a message for other processes. */
  notify(): void {
    this.#notifies = true;
  }

  beforeCommit(): void {
    const update = this.#database.query('UPDATE areas SET bytes = ?, entries = ?, hand = ? WHERE id = ?');
    for (const [area, { bytes, entries, hand }] of this.#totals) update.run(bytes, entries, hand, area.id);
  }

  afterCommit(): void {
    for (const [area, { evicted }] of this.#totals) area.evicted += evicted;
    for (const [name, area] of this.#created) this.#areas.keep(name, area);
    if (this.#notifies) this.#wake();
  }

  #bump(area: Namespace, key: string): void {
    if (this.#versions === undefined) return;
    const slot = slotOf(area.id, key);
    if (this.#bumped.has(slot)) return;
    this.#versions.write(slot, this.#version);
    this.#database.query('INSERT OR REPLACE INTO versions VALUES (?, ?)').run(slot, this.#version);
    // The slot is recorded last. After a failure the transaction may go on with another job, which then has to write
    // the version itself.
    this.#bumped.add(slot);
  }

  /**
   * Changes all versions. A slot that is not in the database gets no row, so that a full store can be cleared. Its keys
   * are then not copied.
   */
  #bumpAll(): void {
    if (this.#versions === undefined) return;
    this.#versions.writeAll(this.#version);
    this.#database.query('UPDATE versions SET version = ?').run(this.#version);
  }

  #totalsOf(area: Namespace): Totals {
    let totals = this.#totals.get(area);
    if (totals === undefined) {
      const row = this.#database.query('SELECT bytes, entries, hand FROM areas WHERE id = ?').row(area.id) ?? [];
      const [bytes, entries, hand] = row.map(numberIn);
      if (hand === undefined) throw damaged('an area has no totals');
      this.#totals.set(area, (totals = { bytes: bytes!, entries: entries!, hand, evicted: 0 }));
    }
    return totals;
  }

  #removed(area: Namespace, size: number): void {
    const totals = this.#totalsOf(area);
    totals.bytes -= size;
    totals.entries--;
  }

  /** Evicts a little more than necessary, so that not every write has to evict. */
  #evict(area: Namespace, totals: Totals, spared: number, maxSize: number): void {
    for (const id of area.touched) area.visit(id, true);
    area.touched.clear();
    const wanted = totals.bytes - maxSize + Math.min(SLACK_BYTES, maxSize / 128);
    const { freed, rows, hand } = evict(area, wanted, totals.hand, spared);
    totals.bytes -= freed;
    totals.entries -= rows;
    totals.evicted += rows;
    totals.hand = hand;
  }

  /** Checks a few rows at a time, so that expired items which are never read again do not pile up. */
  #sweep(area: Namespace): void {
    if (++area.writes < WRITES_BETWEEN_SWEEPS) return;
    area.writes = 0;
    const now = Date.now();
    const rows = area.after(area.sweptTo, SWEPT_ROWS);
    area.sweptTo = rows.length < SWEPT_ROWS ? 0 : rows.at(-1)!.id;
    for (const { id, size, expires } of rows) {
      if (expires > now) continue;
      area.remove(id);
      this.#removed(area, size);
    }
  }
}

function tooLarge(key: string, { stored }: Item, maxSize: number): StateError {
  const text = `'${key}' takes ${sizeOf(stored)} bytes, which is more than the limit of ${Math.floor(maxSize)}`;
  return new StateError('ERR_STATE_FULL', text);
}

/** Makes an item with these terms, from now on. */
export function itemOf(stored: Item['stored'], { ttl = Infinity, stale = 0 }: Terms, now: number): Item {
  return { stored, freshUntil: now + ttl, expires: now + ttl + stale };
}
