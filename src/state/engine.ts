import type { StateError } from './error.ts';
import type { Stored } from './value.ts';

/** A value or a promise of it. An engine need not wrap a value that it has at hand. */
export type Eventual<Value> = Value | Promise<Value>;

/** A value and its lifetime. Times are those of `Date.now()`, and Infinity stands for ever. */
export interface Item {
  readonly stored: Stored;
  /** The value is fresh until this time, and stale from then until `expires`. */
  readonly freshUntil: number;
  readonly expires: number;
}

/** The terms on which an item is kept. */
export interface Terms {
  /** How long the value is fresh, in ms; undefined for ever. */
  readonly ttl?: number | undefined;
  /** How long it may be served stale after that, in ms. */
  readonly stale?: number | undefined;
  /**
   * The size of all items of the area in bytes. Items that were least recently used, or nearly so, are evicted
   * first.
   */
  readonly maxSize?: number | undefined;
  /**
   * Restricts the write: only where there is an item, only where there is none, or only while the computation that
   * this owner has begun is up to date (see `Engine.begin`).
   */
  readonly when?: 'present' | 'absent' | { readonly computedBy: string };
}

export interface Counted {
  readonly value: number;
  /** The time at which it starts again at 0; Infinity for never. */
  readonly expires: number;
}

export interface AreaSize {
  readonly entries: number;
  readonly bytes: number;
}

/** A lease that was got. No two attempts to get one have the same owner. */
export interface Lease {
  readonly name: string;
  readonly owner: string;
  readonly token: number;
}

/** The outcome of an attempt to get a lease. */
export type Attempt = { readonly token: number } | { readonly heldBy: string };

export type Listener = (body: Uint8Array, sender: string) => void;

/** How an addition is made. */
export interface AddTerms {
  /** How long after the first addition the number starts again at 0, in ms; undefined for never. */
  readonly ttl?: number | undefined;
  /** Adds only to a number that exists. The result is 0 otherwise. */
  readonly when?: 'present' | undefined;
  /**
   * Names this addition to this number. One that was done under the same name within the last ten minutes is not done
   * again.
   */
  readonly id?: string | undefined;
}

/** How long the answers to additions with an id are kept. */
export const ID_LIFETIME_MS = 600_000;

/** Returns the key of such an answer. Two numbers that are added to under one id have two answers. */
export function answerKey(key: string, id: string): string {
  return JSON.stringify([key, id]);
}

/** What an engine tells about the store that it asks, when that is a server. */
export interface Outages {
  readonly isAway: boolean;
  on(event: 'away', listener: (reason: StateError) => void): unknown;
  on(event: 'back', listener: () => void): unknown;
  readonly counts: OutageCounts;
}

/** What happened to a server and its connections, counted from the start. */
export interface OutageCounts {
  readonly answers: number;
  /** The time of all answers together, in ms. */
  readonly answerMs: number;
  readonly timeouts: number;
  /** How often the server went away. */
  readonly outages: number;
}

/** How long what a process leaves that dies while it computes is kept, beyond the end of its lease. */
export const ABANDONED_LIFETIME_MS = 600_000;

/** Returns the name of the lease for a computation. */
export function computationOf(area: string, key: string): string {
  return `compute ${JSON.stringify([area, key])}`;
}

/** The change that a function given to `update` makes; undefined leaves the item as it is. */
export type Change = { readonly stored: Stored; readonly terms: Terms } | undefined;

/**
 * The interface to a store. It has few operations. Each is atomic, and once it settles every process with the same
 * store sees its effect. An area is a named set of items. All operations reject with a `StateError`.
 */
export interface Engine {
  /** True when the store takes this machine's memory. Caches should then have a bound, and `size` is cheap. */
  readonly isBounded: boolean;
  /** Undefined for a store on this machine, which cannot be away. */
  readonly outages?: Outages;

  get(area: string, key: string): Eventual<Item | undefined>;
  /**
   * Writes an item.
   *
   * @returns whether it was written, which `when` can prevent.
   */
  set(area: string, key: string, stored: Stored, terms: Terms): Promise<boolean>;
  /**
   * Removes an item.
   *
   * @returns whether there was one.
   */
  delete(area: string, key: string): Promise<boolean>;
  /** Reads and writes in one step. `change` may be called more than once, and must only compute. */
  update(area: string, key: string, change: (current: Item | undefined) => Change): Promise<void>;
  /** Adds to a number, which starts at 0. */
  add(area: string, key: string, amount: number, terms?: AddTerms): Promise<Counted>;
  clear(area: string): Promise<void>;
  /**
   * Lists the items that have not expired, in no order. Items that are written meanwhile may or may not be
   * included.
   */
  entries(area: string): AsyncIterable<readonly [key: string, item: Item]>;
  size(area: string): Promise<AreaSize>;
  /** The number of items that this process has evicted from the area, to keep it within `maxSize` or to make room. */
  evicted(area: string): number;

  /**
   * Tries to get the lease of this name for `ttl` ms. Tokens only ever grow, so a resource can refuse a holder that has
   * been overtaken (a fencing token). A holder that is known to be dead does not hold. When this rejects, the owner does
   * not hold, or will not for long: what was got without an answer is given back.
   */
  acquire(name: string, owner: string, ttl: number): Promise<Attempt>;
  /**
   * Renews a lease.
   *
   * @returns false when another process has it by now, or none.
   */
  renew(lease: Lease, ttl: number): Promise<boolean>;
  /** Releases a lease, and wakes the processes that wait for it. If the lease was lost, this does nothing. */
  release(name: string, owner: string): Promise<void>;
  /**
   * Tries to begin the computation of a key's value. That is a lease for `ttl` ms, and a mark on it: `computedBy` lets
   * the owner write until the item is written or removed, or until another computation begins, which may be after `ttl`.
   * So a value that was computed from older facts does not overwrite a newer one.
   *
   * @returns false when another owner has begun.
   */
  begin(area: string, key: string, owner: string, ttl: number): Promise<boolean>;
  /**
   * Ends a computation, whatever came of it. The lease and its mark are gone in one step, so that failures leave nothing
   * behind. The processes that wait hear of it by `onReleased`, under the name that `computationOf` gives.
   */
  end(area: string, key: string, owner: string): Promise<void>;
  /**
   * Calls the listener when the lease may have become free. Some releases are not announced, so a caller must also look
   * again from time to time.
   */
  onReleased(name: string, listener: () => void): () => void;

  /** Sends a message to all listeners in every process, this one included, in the same order for all. */
  publish(channel: string, body: Uint8Array, sender: string): Promise<void>;
  /**
   * Subscribes to a channel.
   *
   * @param onGap is called when messages may have been missed.
   * @returns a function that ends the subscription, once messages from now on will be heard.
   */
  subscribe(channel: string, listener: Listener, onGap?: () => void): Promise<() => void>;
  /** Sets whether listening keeps the process alive. It does not at first. */
  keepAlive(alive: boolean): void;

  /** Closes the store after finishing what is under way. A second call does nothing. */
  close(): Promise<void>;
}
