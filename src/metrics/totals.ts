import { FIGURES, type FigureRow } from '../contract/figures.ts';
import type { Row } from '../scoreboard/layout.ts';

/** The figures that only grow while their worker lives. */
const counted = FIGURES.filter(({ aggregation }) => aggregation === 'total');

type Counted = Extract<FigureRow, { aggregation: 'total' }>['name'];

/** The counts of the workers of one slot. */
export type Counts = { readonly [Name in Counted]: Row[Name] };

export function sumOf(counts: Iterable<Counts>): Counts {
  const sum: Record<string, number | Float64Array> = {};
  for (const { name, count } of counted) sum[name] = count === undefined ? 0 : new Float64Array(count);
  for (const one of counts) {
    for (const { name } of counted) sum[name] = plus(sum[name]!, one[name as Counted]);
  }
  return sum as unknown as Counts;
}

/** Adds two counts. Numbers make a new number, and an array is changed in place. */
function plus(sum: number | Float64Array, other: number | Float64Array): number | Float64Array {
  if (typeof sum === 'number') return sum + (other as number);
  for (let index = 0; index < sum.length; index++) sum[index]! += (other as Float64Array)[index]!;
  return sum;
}

/**
 * Keeps the counts of workers that have ended, by slot, so that no counter falls when a worker ends. Slots that are no
 * more keep their counts, because a sum over all slots would fall otherwise. Owns nothing but memory.
 */
export class Totals {
  readonly #ended = new Map<number, Counts>();
  readonly #exits = new Map<string, { readonly slot: number; readonly reason: string; count: number }>();

  /** @param row the last row that the worker wrote. What it counted after that is lost with it. */
  ended(row: Row): void {
    if (row.slot < 0) return;
    this.#ended.set(row.slot, sumOf([this.of(row.slot), row]));
  }

  exited(slot: number, reason: string): void {
    const key = `${slot} ${reason}`;
    const exits = this.#exits.get(key) ?? { slot, reason, count: 0 };
    exits.count++;
    this.#exits.set(key, exits);
  }

  of(slot: number): Counts {
    return this.#ended.get(slot) ?? sumOf([]);
  }

  get slots(): number[] {
    return [...this.#ended.keys()];
  }

  get exits(): ReadonlyArray<{ readonly slot: number; readonly reason: string; readonly count: number }> {
    return [...this.#exits.values()].map((exits) => ({ ...exits }));
  }
}
