/**
 * SIEVE (Zhang et al., NSDI 2024). Rows stand in the order in which their keys arrived. A hand moves along them, clears
 * the mark of rows that were used since it last came by, and evicts the others. A hit writes at most one mark, and most
 * hits write none. On skewed loads SIEVE keeps the used items better than LRU does.
 */
import type { Namespace } from './namespace.ts';

/** The number of rows that a query reads. */
const STRIDE = 32;

export interface Eviction {
  /** The number of bytes that were freed. */
  readonly freed: number;
  readonly rows: number;
  readonly hand: number;
}

/**
 * Frees at least `wanted` bytes of an area that holds that much.
 *
 * @param hand the position where the last eviction ended.
 * @param spared the row that was just written.
 */
export function evict(area: Namespace, wanted: number, hand: number, spared: number): Eviction {
  let [freed, evicted, wraps] = [0, 0, 0];
  while (freed < wanted) {
    const rows = area.after(hand, STRIDE);
    // The hand passes at most three times: once to clear the marks, once to evict, and over the part before its first
    // position.
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
