import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  answerKey,
  computationOf,
  ID_LIFETIME_MS,
  type AddTerms,
  type AreaSize,
  type Attempt,
  type Change,
  type Counted,
  type Engine,
  type Item,
  type Eventual,
  type Lease,
  type Listener,
  type Terms,
} from '../engine.ts';
import { StateError } from '../error.ts';
import { ReleaseListeners } from '../release-listeners.ts';
import type { Stored } from '../value.ts';
import type { Namespace } from './namespace.ts';
import { Namespaces } from './namespaces.ts';
import { ChangeNotifier } from './change-notifier.ts';
import { Database, openBeside } from './database.ts';
import { itemOf, ItemFrame } from './frame.ts';
import { Leases, RELEASED } from './leases.ts';
import { Messages } from './messages.ts';
import { explained, isBusy } from './sqlite.ts';
import { Transactions } from './transactions.ts';
import { slotOf, Versions } from './versions.ts';

export interface EmbeddedOptions {
  /** The directory of the store's files. Undefined puts the store in the memory of this process, for it alone. */
  readonly directory: string | undefined;
  /** The limit of the whole store in bytes. */
  readonly maxSize: number;
}

/** The longest time until the database learns what was read. */
const TOUCH_DELAY_MS = 100;
const MOST_TOUCHED = 512;

/** How long opening may take. */
const OPEN_TIMEOUT_MS = 5000;

/** The number of rows that `entries` reads at a time. */
const PAGE_ROWS = 128;

/**
 * State in a database that the processes of this machine share. The engine owns the connection and the files'
 * descriptors.
 */
export class EmbeddedEngine implements Engine {
  readonly isBounded = true;
  readonly #database: Database;
  readonly #areas: Namespaces;
  readonly #versions: Versions | undefined;
  readonly #notifier: ChangeNotifier | undefined;
  readonly #transactions: Transactions<ItemFrame>;
  readonly #messages: Messages;
  readonly #leases: Leases;
  readonly #releaseListeners = new ReleaseListeners();
  #hearsReleases = false;
  #touchTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /**
   * Opens the store. SQLite refuses while another process creates the store or repairs what a dead one left, so this
   * tries again.
   */
  static async open(options: EmbeddedOptions): Promise<EmbeddedEngine> {
    for (const end = performance.now() + OPEN_TIMEOUT_MS; ; await delay(5)) {
      try {
        return new EmbeddedEngine(options);
      } catch (error) {
        if ((error as StateError).code !== 'ERR_STATE_TIMEOUT' || performance.now() > end) throw error;
      }
    }
  }

  private constructor({ directory, maxSize }: EmbeddedOptions) {
    this.#database = Database.open(directory, maxSize);
    this.#areas = new Namespaces(this.#database);
    if (directory !== undefined) {
      this.#versions = new Versions(openBeside(directory, 'versions'));
      this.#notifier = new ChangeNotifier(join(directory, 'changes'), openBeside(directory, 'changes'));
    }
    const notify = (): void => this.#notify();
    const frame = (): ItemFrame => new ItemFrame(this.#database, this.#areas, this.#versions, notify);
    const makeRoom = (room: ItemFrame): boolean => {
      const isPruned = this.#messages.prune();
      return room.makeRoom() || isPruned;
    };
    this.#transactions = new Transactions(this.#database, frame, makeRoom);
    this.#messages = new Messages(this.#database, this.#transactions, this.#notifier);
    this.#leases = new Leases(this.#database, this.#transactions, this.#messages);
  }

  /**
   * Reads an item. This is the hot path: one pread of 8 bytes tells whether an earlier copy still holds
   * (docs/state.md).
   */
  get(name: string, key: string): Eventual<Item | undefined> {
    this.#check();
    try {
      return this.#read(name, key);
    } catch (error) {
      if (!isBusy(error)) throw explained(error);
      // SQLite is busy while another process repairs what a dead one left. That takes a moment, so this read is tried again.
      return this.#readLater(name, key);
    }
  }

  set(name: string, key: string, stored: Stored, terms: Terms): Promise<boolean> {
    return this.#run((frame) => {
      const area = frame.area(name);
      const now = Date.now();
      if (!mayWrite(frame, area, key, terms.when, now)) return false;
      frame.put(area, key, itemOf(stored, terms, now), terms.maxSize);
      return true;
    });
  }

  delete(name: string, key: string): Promise<boolean> {
    return this.#run((frame) => {
      const area = frame.findArea(name);
      frame.outdate(name, key);
      return area !== undefined && frame.remove(area, key);
    });
  }

  update(name: string, key: string, change: (current: Item | undefined) => Change): Promise<void> {
    return this.#run((frame) => {
      const area = frame.area(name);
      const now = Date.now();
      const next = change(frame.find(area, key, now));
      if (next !== undefined) frame.put(area, key, itemOf(next.stored, next.terms, now), next.terms.maxSize);
    });
  }

  add(name: string, key: string, amount: number, { ttl, when, id }: AddTerms = {}): Promise<Counted> {
    return this.#run((frame) => {
      const area = frame.area(name);
      const now = Date.now();
      const before = frame.find(area, key, now);
      const answer = id === undefined ? undefined : answerKey(key, id);
      const done = answer === undefined ? undefined : frame.find(frame.area(doneArea(name)), answer, now);
      if (done?.stored.kind === 'number') return { value: done.stored.data, expires: before?.expires ?? now };
      if (before === undefined && when === 'present') return { value: 0, expires: now };
      const value = sum(before, amount, key);
      const expires = before?.expires ?? now + (ttl ?? Infinity);
      const stored = { kind: 'number', data: value } as const;
      frame.put(area, key, { stored, freshUntil: expires, expires }, undefined);
      if (answer !== undefined) {
        const until = now + ID_LIFETIME_MS;
        frame.put(frame.area(doneArea(name)), answer, { stored, freshUntil: until, expires: until }, undefined);
      }
      return { value, expires };
    });
  }

  clear(name: string): Promise<void> {
    return this.#run((frame) => {
      const area = frame.findArea(name);
      frame.outdate(name);
      if (area !== undefined) frame.clear(area);
    });
  }

  async *entries(name: string): AsyncIterable<readonly [string, Item]> {
    const area = await this.#run((frame) => frame.findArea(name));
    if (area === undefined) return;
    for (let last = 0; ;) {
      const after = last;
      const page = await this.#run(() => area.page(after, PAGE_ROWS));
      const now = Date.now();
      for (const { key, item } of page) if (item.expires > now) yield [key, item];
      if (page.length < PAGE_ROWS) return;
      last = page.at(-1)!.id;
    }
  }

  size(name: string): Promise<AreaSize> {
    return this.#run((frame) => {
      const area = frame.findArea(name);
      return area === undefined ? { entries: 0, bytes: 0 } : frame.sizeOf(area);
    });
  }

  evicted(name: string): number {
    return this.#areas.known(name)?.evicted ?? 0;
  }

  async acquire(name: string, owner: string, ttl: number): Promise<Attempt> {
    this.#check();
    return this.#leases.acquire(name, owner, ttl);
  }

  async renew(lease: Lease, ttl: number): Promise<boolean> {
    this.#check();
    return this.#leases.renew(lease, ttl);
  }

  async release(name: string, owner: string): Promise<void> {
    this.#check();
    return this.#leases.release(name, owner);
  }

  async begin(name: string, key: string, owner: string, ttl: number): Promise<boolean> {
    this.#check();
    return 'token' in (await this.#leases.acquire(computationOf(name, key), owner, ttl, true));
  }

  end(name: string, key: string, owner: string): Promise<void> {
    return this.release(computationOf(name, key), owner);
  }

  onReleased(name: string, listener: () => void): () => void {
    this.#hearReleases();
    return this.#releaseListeners.add(name, listener);
  }

  async publish(channel: string, body: Uint8Array, sender: string): Promise<void> {
    this.#check();
    return this.#messages.publish(channel, body, sender);
  }

  async subscribe(channel: string, listener: Listener, onGap?: () => void): Promise<() => void> {
    return this.#run(() => this.#messages.subscribe(channel, listener, onGap));
  }

  keepAlive(alive: boolean): void {
    this.#notifier?.keepAlive(alive);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#transactions.settled();
    clearTimeout(this.#touchTimer);
    this.#messages.close();
    this.#notifier?.close();
    this.#versions?.close();
    this.#database.close();
  }

  /** Listens for released leases. This may fail for now, because the callers look again from time to time anyway. */
  #hearReleases(): void {
    if (this.#hearsReleases) return;
    try {
      this.#messages.subscribe(RELEASED, (name) => this.#releaseListeners.tell(Buffer.from(name).toString()));
      this.#hearsReleases = true;
    } catch (error) {
      if (!isBusy(error)) throw explained(error);
    }
  }

  #read(name: string, key: string): Item | undefined {
    const area = this.#areas.find(name);
    if (area === undefined) return undefined;
    const now = Date.now();
    if (this.#versions === undefined) return this.#found(area, area.find(key, 0), now)?.item;
    const slot = slotOf(area.id, key);
    // The version is read before the database. A later write then makes the copy look old.
    const version = this.#versions.read(slot);
    const copy = area.copies.get(key, version, now);
    if (copy !== undefined) return copy;
    const found = this.#found(area, area.find(key, slot), now);
    // Additions to numbers do not change the version.
    if (found?.version === version && found.item.stored.kind !== 'number')
      area.copies.keep(key, found.item, version, now);
    return found?.item;
  }

  /**
   * Reads within a transaction and keeps no copy. Earlier writes of the same transaction may be undone, or written
   * again under the same version.
   */
  #readLater(name: string, key: string): Promise<Item | undefined> {
    return this.#run((frame) => {
      const area = frame.findArea(name);
      return area === undefined ? undefined : frame.find(area, key, Date.now());
    });
  }

  #found(area: Namespace, found: ReturnType<Namespace['find']>, now: number): ReturnType<Namespace['find']> {
    if (found === undefined || found.item.expires <= now) return undefined;
    if (!found.visited && found.item.stored.kind !== 'number') this.#touch(area, found.id);
    return found;
  }

  /** Records a read. Reads are written later and many at a time, because a read that wrote would not be cheap. */
  #touch(area: Namespace, id: number): void {
    area.touched.add(id);
    if (area.touched.size >= MOST_TOUCHED) this.#writeTouches();
    else this.#touchTimer ??= setTimeout(() => this.#writeTouches(), TOUCH_DELAY_MS).unref();
  }

  #writeTouches(): void {
    clearTimeout(this.#touchTimer);
    this.#touchTimer = undefined;
    const write = this.#transactions.run(() => {
      for (const area of this.#areas.touched()) {
        for (const id of area.touched) area.visit(id, true);
        area.touched.clear();
      }
    });
    // A busy or full store does without these marks.
    write.catch(() => {});
  }

  #notify(): void {
    this.#notifier?.notify();
    // This process delivers at once, because its own watch would take longer. A store in memory has no watch.
    queueMicrotask(() => this.#messages.deliver());
  }

  #run<Result>(work: (frame: ItemFrame) => Result): Promise<Result> {
    if (this.#isClosed) return Promise.reject(closed());
    return this.#transactions.run(work);
  }

  #check(): void {
    if (this.#isClosed) throw closed();
  }
}

function mayWrite(frame: ItemFrame, area: Namespace, key: string, when: Terms['when'], now: number): boolean {
  if (when === undefined) return true;
  if (typeof when === 'object') return frame.isMarked(area, key, when.computedBy);
  return (when === 'present') === frame.has(area, key, now);
}

function closed(): StateError {
  return new StateError('ERR_STATE_CLOSED', 'the state is closed');
}

function sum(before: Item | undefined, amount: number, key: string): number {
  if (before === undefined) return amount;
  const { kind, data } = before.stored;
  if (kind !== 'number')
    throw new StateError('ERR_STATE_VALUE', `'${key}' is not a number, so nothing can be added to it`);
  const value = data + amount;
  if (Number.isSafeInteger(value)) return value;
  throw new StateError(
    'ERR_STATE_VALUE',
    `'${key}' would become ${value}, which is more than a number can represent exactly`,
  );
}

/** The area of the answers to additions that have an id. */
function doneArea(name: string): string {
  return `done ${name}`;
}
