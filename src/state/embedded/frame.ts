import type { AreaSize, Item, Terms } from '../engine.ts';
import { StateError } from '../error.ts';
import { sizeOf } from '../value.ts';
import { Namespace } from './namespace.ts';
import type { Namespaces } from './namespaces.ts';
import type { Database } from './database.ts';
import { Marks } from './marks.ts';
import { Room } from './room.ts';
import { Totals } from './totals.ts';
import type { Frame } from './transactions.ts';
import { slotOf, type Versions } from './versions.ts';

/** After this many writes that expire, expired items of the area are removed. */
const WRITES_BETWEEN_SWEEPS = 32;

/** The items that a transaction changes. Totals and versions of several items are written once. */
export class ItemFrame implements Frame {
  readonly #database: Database;
  readonly #versions: Versions | undefined;
  readonly #marks: Marks;
  readonly #totals: Totals;
  readonly #room: Room;
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
    this.#totals = new Totals(database);
    this.#room = new Room(database, this.#totals, (name) => this.findArea(name));
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
   * @param asked the wanted `maxSize`; undefined for items that must not be evicted. The area evicts items at this bound,
   *   or earlier, so that caches do not fill the store.
   * @throws StateError `ERR_STATE_FULL` for a single item that is larger than the area may be, or than the store.
   */
  put(area: Namespace, key: string, item: Item, asked: number | undefined): void {
    const size = Namespace.sizeOf(key, item);
    const maxSize = asked === undefined ? Infinity : Math.min(asked, this.#room.ofCaches);
    // Nothing else has to go for what can never fit.
    const limit = Math.min(maxSize, this.#database.capacity);
    if (size > limit) throw tooLarge(key, item, limit);
    const before = area.head(key);
    const { kind } = item.stored;
    if (kind !== 'number') this.outdate(area.name, key);
    // The version changes first, because that may fail. Numbers are never copied and need no new version.
    if (kind !== 'number' || (before?.kind ?? kind) !== 'number') this.#bump(area, key);
    const last = area.put(key, item, size, before);
    const totals = this.#totals.of(area);
    Object.assign(totals, { last, isCache: asked !== undefined });
    totals.bytes += size - (before?.size ?? 0);
    if (before === undefined) totals.entries++;
    this.#room.keep(area, maxSize);
    if (item.expires < Infinity) this.#sweep(area);
  }

  remove(area: Namespace, key: string): boolean {
    // The version changes even when there is no item. An eviction changes no version, and other processes may still
    // have copies.
    this.#bump(area, key);
    const head = area.head(key);
    if (head === undefined) return false;
    area.remove(head.id);
    this.#totals.removed(area, head.size);
    return head.expires > Date.now();
  }

  /**
   * Removes all items. All versions change, because items that were evicted may still be copied, under keys that
   * are not known.
   */
  clear(area: Namespace): void {
    this.#bumpAll();
    area.clear();
    Object.assign(this.#totals.of(area), { bytes: 0, entries: 0, hand: 0 });
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
    const { entries, bytes } = this.#totals.of(area);
    return { entries, bytes };
  }

  /** Makes the commit wake the listeners, because there is a message for other processes. */
  notify(): void {
    this.#notifies = true;
  }

  /**
   * Makes room in a store that is full.
   *
   * @returns whether there is more room than before.
   */
  makeRoom(): boolean {
    return this.#room.make();
  }

  beforeCommit(): void {
    this.#totals.write();
    this.#room.share();
  }

  afterCommit(): void {
    this.#totals.committed();
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

  /** Removes expired items from time to time, so that they do not pile up. */
  #sweep(area: Namespace): void {
    if (++area.writes < WRITES_BETWEEN_SWEEPS) return;
    area.writes = 0;
    this.#room.sweep(area);
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
