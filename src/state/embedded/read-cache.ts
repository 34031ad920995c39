import type { Item } from '../engine.ts';
import { sizeOf } from '../value.ts';

interface Copy {
  readonly item: Item;
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
 * How long a copy is used. It could be used for ever, but then the database would not know that the item is in use and
 * would evict it.
 */
const LIFETIME_MS = 1000;

/**
 * The items of an area as this process last read them. Two generations replace a list: an item that is used moves to
 * the younger one, and the older one is dropped as a whole when the younger one is full.
 */
export class ReadCache {
  #young = new Map<string, Copy>();
  #old = new Map<string, Copy>();

  /**
   * Returns a copy that is still good.
   *
   * @returns the item if nothing was written since.
   */
  get(key: string, version: number, now: number): Item | undefined {
    const copy = this.#young.get(key) ?? this.#promote(key);
    return copy !== undefined && copy.version === version && now < copy.until ? copy.item : undefined;
  }

  keep(key: string, item: Item, version: number, now: number): void {
    if (sizeOf(item.stored) > LARGEST_BYTES) return;
    this.#put(key, { item, version, until: Math.min(item.expires, now + LIFETIME_MS) });
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
