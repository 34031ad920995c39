import { durationsOfAll, quantile } from '../scoreboard/durations.ts';

/** The period whose requests are measured. Workers write their rows every 250 ms. */
const WINDOW_MS = 1000;

interface Mark {
  readonly at: number;
  /** Requests by bucket since the start. */
  readonly counts: readonly number[];
}

/** Measures the latency of the last second's requests. It owns nothing but memory. */
export class Latency {
  /** The marks, the oldest first. The first one is at least `WINDOW_MS` old, as soon as there is such a mark. */
  #marks: readonly Mark[] = [];

  /**
   * Computes the latency.
   *
   * @param durations the buckets of all workers that ever ran, as in a row of the scoreboard.
   */
  read(at: number, durations: Float64Array): { p50: number | null; p99: number | null } {
    const counts = durationsOfAll(durations);
    const old = this.#marks.findLastIndex((mark) => at - mark.at >= WINDOW_MS);
    this.#marks = [...this.#marks.slice(Math.max(0, old)), { at, counts }];
    const since = this.#marks[0]!.counts;
    // A worker's row may vanish a moment before it is counted among those that ended, so a difference can be negative.
    const recent = counts.map((count, bucket) => Math.max(0, count - since[bucket]!));
    return { p50: round(quantile(recent, 0.5)), p99: round(quantile(recent, 0.99)) };
  }
}

function round(ms: number | undefined): number | null {
  return ms === undefined ? null : Number(ms.toPrecision(3));
}
