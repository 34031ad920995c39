/**
 * SIEVE (Zhang et al., NSDI 2024): rows stand in the order in which their keys came, a hand goes along them, takes the
 * mark off those that were used since it last came by, and evicts the others. A hit writes at most one mark, and most
 * none; on skewed loads it keeps what is used better than LRU does.
 */
import type { Namespace } from './namespace.ts';

/** How many rows are looked at in one query. */
const STRIDE = 32;

export interface Eviction {
  /** Bytes. */
  readonly freed: number;
  readonly rows: number;
  readonly hand: number;
}

/**
 * Frees at least `wanted` bytes of an area that has them.
 *
 * @param hand where the last one ended.
 * @param spared the row that was just written.
 */
export function evict(area: Namespace, wanted: number, hand: number, spared: number): Eviction {
  let [freed, evicted, wraps] = [0, 0, 0];
  while (freed < wanted) {
    const rows = area.after(hand, STRIDE);
    // Three times round: once to take off the marks, once to evict, and the part before the first hand.
    if (rows.length === 0 && ++wraps > 3) break;
    if (rows.length === 0) hand = 0;
    for (const { id, size, visited } of rows) {
      hand = id;
      if (id === spared) continue;
      if (visited) {
        area.visit(id, false);
        continue;
      }
      area.remove(id);
      freed += size;
      evicted++;
      if (freed >= wanted) break;
    }
  }
  return { freed, rows: evicted, hand };
}
