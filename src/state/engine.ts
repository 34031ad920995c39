import type { Stored } from './value.ts';

/** Something of value or a promise of it: what an engine has at hand it need not wrap. */
export type Eventual<Value> = Value | Promise<Value>;

/** A value and how long it is good for. Times are `Date.now()`'s, and Infinity is for ever. */
export interface Entry {
  readonly stored: Stored;
  /** Until then it is what was written; from then to `expires` it is stale. */
  readonly freshUntil: number;
  readonly expires: number;
}

/** How an entry is to be kept. */
export interface Terms {
  /** It is fresh for so long, ms; undefined: for ever. */
  readonly ttl?: number | undefined;
  /** And may be served stale for so long after that, ms. */
  readonly stale?: number | undefined;
  /** What the entries of the area may take together, bytes: others are evicted, least recently used first or nearly so. */
  readonly maxSize?: number | undefined;
  /** Write only where there is an entry, only where there is none, or only while a mark holds (see `Engine.mark`). */
  readonly when?: 'present' | 'absent' | { readonly mark: string };
}

export interface Counted {
  readonly value: number;
  /** When it begins again at 0; Infinity: never. */
  readonly expires: number;
}

export interface AreaSize {
  readonly entries: number;
  readonly bytes: number;
}

/** What became of an attempt to get a lease. */
export type Attempt = { readonly token: number } | { readonly heldBy: string };

export type Listener = (body: Uint8Array, sender: string) => void;

/** What a function given to `update` makes of an entry; undefined leaves it as it is. */
export type Change = { readonly stored: Stored; readonly terms: Terms } | undefined;

/**
 * What keeps state: few operations, each atomic by itself and visible to every process that has the same store once it
 * settles. An area is a named set of entries. All of them reject with a `StateError`.
 */
export interface Engine {
  /** Whether what is in it takes this machine's memory, so that caches should have a bound, and `size` is cheap. */
  readonly isBounded: boolean;

  get(area: string, key: string): Eventual<Entry | undefined>;
  /** @returns whether it was written, which `when` can prevent. */
  set(area: string, key: string, stored: Stored, terms: Terms): Promise<boolean>;
  /** @returns whether there was one. */
  delete(area: string, key: string): Promise<boolean>;
  /** Reads and writes as one. `change` may be called more than once, and must do nothing but compute. */
  update(area: string, key: string, change: (current: Entry | undefined) => Change): Promise<void>;
  /**
   * Adds to a number, which begins at 0, and then expires after `ttl` ms if there is one.
   *
   * @param when `present`: where there is no number none begins, and 0 is what there is.
   */
  add(area: string, key: string, amount: number, ttl?: number, when?: 'present'): Promise<Counted>;
  /**
   * Marks that a value for the key begins to be computed. The mark holds until the entry is written or removed, or another
   * computation begins: what was computed from older facts than those is not written over them. It is kept for ten minutes.
   */
  mark(area: string, key: string): Promise<string>;
  clear(area: string): Promise<void>;
  /** What is there and has not expired, in no order; entries written meanwhile may or may not be among them. */
  entries(area: string): AsyncIterable<readonly [key: string, entry: Entry]>;
  size(area: string): Promise<AreaSize>;
  /** How many entries this process has evicted from it, to keep to `maxSize`. */
  evicted(area: string): number;

  /**
   * Tries to get the lease of this name for `ttl` ms. Tokens only ever grow, so whoever is written to by a holder can
   * refuse one that has been overtaken (a fencing token). A holder known to be dead does not hold.
   */
  acquire(name: string, owner: string, ttl: number): Promise<Attempt>;
  /** @returns false when the lease is another's by now, or nobody's. */
  renew(name: string, token: number, ttl: number): Promise<boolean>;
  /** Gives it back, and wakes those who wait for it. Of a lease that was lost it does nothing. */
  release(name: string, token: number): Promise<void>;
  /** Calls when the lease may have become free. Not all ways to become free are announced: look again now and then. */
  onReleased(name: string, listener: () => void): () => void;

  /** To all who listen, in every process, this one included, and in one order for all. */
  publish(channel: string, body: Uint8Array, sender: string): Promise<void>;
  /** @returns the end of it, once what is published from now on will be heard. */
  subscribe(channel: string, listener: Listener): Promise<() => void>;
  /** Whether listening keeps the process alive. It does not at first. */
  keepAlive(alive: boolean): void;

  /** Idempotent. What is under way is finished first. */
  close(): Promise<void>;
}
