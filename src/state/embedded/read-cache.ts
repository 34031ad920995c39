import type { Entry } from '../engine.ts';
import { sizeOf } from '../value.ts';

interface Copy {
  readonly entry: Entry;
  readonly version: number;
  /** Of `Date.now()`. */
  readonly until: number;
}

/** Of each of the two generations. With the next this is what an area's copies take at most: 4 MB in each process. */
const MOST = 512;
const LARGEST = 4096;

/**
 * How long a copy is used, ms. It could be for ever, but then the database would not see that the entry is in use, and
 * would evict it.
 */
const LIFETIME = 1000;

/**
 * Entries of one area as this process read them last. Two generations instead of a list: what is used in the younger one's
 * time moves there, and the older is dropped as a whole when the younger is full.
 */
export class ReadCache {
  #young = new Map<string, Copy>();
  #old = new Map<string, Copy>();

  /** @returns the entry if nothing was written since. */
  get(key: string, version: number, now: number): Entry | undefined {
    const copy = this.#young.get(key) ?? this.#promote(key);
    return copy !== undefined && copy.version === version && now < copy.until ? copy.entry : undefined;
  }

  keep(key: string, entry: Entry, version: number, now: number): void {
    if (sizeOf(entry.stored) > LARGEST) return;
    this.#put(key, { entry, version, until: Math.min(entry.expires, now + LIFETIME) });
  }

  #promote(key: string): Copy | undefined {
    const copy = this.#old.get(key);
    if (copy !== undefined) this.#put(key, copy);
    return copy;
  }

  #put(key: string, copy: Copy): void {
    if (this.#young.size >= MOST) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, copy);
  }
}
