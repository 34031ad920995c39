import { addDurations, DURATIONS } from '../scoreboard/durations.ts';
import type { Row } from '../scoreboard/layout.ts';

/** The fields of a row that only grow while its worker lives. */
const NOTHING = {
  connectionsAccepted: 0,
  requestsStarted: 0,
  requestsFinished: 0,
  handoffsReceived: 0,
  handoffsSent: 0,
  handoffsRefused: 0,
  handoffsFailed: 0,
};

type Counted = keyof typeof NOTHING;

/** What the workers of one slot counted. */
export type Counts = { readonly [Name in Counted]: number } & { readonly durations: Float64Array };

export function sumOf(counts: Iterable<Counts>): Counts {
  const sum = { ...NOTHING, durations: new Float64Array(DURATIONS) };
  for (const one of counts) {
    for (const name of Object.keys(NOTHING) as Counted[]) sum[name] += one[name];
    addDurations(sum.durations, one.durations);
  }
  return sum;
}

/**
 * What workers that have ended had counted, by slot, so that no counter falls when one ends. Slots that are no more keep
 * theirs: a sum over all would fall otherwise. Owns nothing but memory.
 */
export class Totals {
  readonly #ended = new Map<number, Counts>();
  readonly #exits = new Map<string, { readonly slot: number; readonly reason: string; count: number }>();

  /** @param row the last that it wrote; what it counted after that is lost with it. */
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
