import { durationsOfAll, quantile } from '../scoreboard/durations.ts';

/** Requests of the last so many ms; rows are written every 250 ms. */
const WINDOW = 1000;

interface Mark {
  readonly at: number;
  /** Requests by bucket since the start. */
  readonly counts: readonly number[];
}

/** How long the requests of the last second took. Owns nothing but memory. */
export class Latency {
  /** The oldest first; the first of them is at least `WINDOW` old, as soon as one is. */
  #marks: readonly Mark[] = [];

  /** @param durations as in a row of the scoreboard, of all workers that ever were. */
  read(at: number, durations: Float64Array): { p50: number | null; p99: number | null } {
    const counts = durationsOfAll(durations);
    const old = this.#marks.findLastIndex((mark) => at - mark.at >= WINDOW);
    this.#marks = [...this.#marks.slice(Math.max(0, old)), { at, counts }];
    const since = this.#marks[0]!.counts;
    // A worker's row may be gone a moment before it is counted among the ended.
    const recent = counts.map((count, bucket) => Math.max(0, count - since[bucket]!));
    return { p50: round(quantile(recent, 0.5)), p99: round(quantile(recent, 0.99)) };
  }
}

function round(ms: number | undefined): number | null {
  return ms === undefined ? null : Number(ms.toPrecision(3));
}
