import type { Entry } from '../engine.ts';
import { sizeOf } from '../value.ts';

interface Copy {
  readonly entry: Entry;
  readonly version: number;
  /** The end of its use, by `Date.now()`. */
  readonly until: number;
}

/**
 * The number of copies in each of the two generations. With the size limit below, the copies of an area take at most 4
 * MB in each process.
 */
const MOST_COPIES = 512;
const LARGEST_BYTES = 4096;

/**
 * How long a copy is used. It could be used for ever, but then the database would not know that the entry is in use and
 * would evict it.
 */
const LIFETIME_MS = 1000;

/**
 * The entries of an area as this process last read them. Two generations replace a list: an entry that is used moves to
 * the younger one, and the older one is dropped as a whole when the younger one is full.
 */
export class ReadCache {
  #young = new Map<string, Copy>();
  #old = new Map<string, Copy>();

  /**
   * Returns a copy that is still good.
   *
   * @returns the entry if nothing was written since.
   */
  get(key: string, version: number, now: number): Entry | undefined {
    const copy = this.#young.get(key) ?? this.#promote(key);
    return copy !== undefined && copy.version === version && now < copy.until ? copy.entry : undefined;
  }

  keep(key: string, entry: Entry, version: number, now: number): void {
    if (sizeOf(entry.stored) > LARGEST_BYTES) return;
    this.#put(key, { entry, version, until: Math.min(entry.expires, now + LIFETIME_MS) });
  }

  #promote(key: string): Copy | undefined {
    const copy = this.#old.get(key);
    if (copy !== undefined) this.#put(key, copy);
    return copy;
  }

  #put(key: string, copy: Copy): void {
    if (this.#young.size >= MOST_COPIES) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, copy);
  }
}
