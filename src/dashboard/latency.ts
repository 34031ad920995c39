import { BOUNDS, durationsByClass } from '../scoreboard/durations.ts';

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
    const counts = bucketCounts(durations);
    const old = this.#marks.findLastIndex((mark) => at - mark.at >= WINDOW);
    this.#marks = [...this.#marks.slice(Math.max(0, old)), { at, counts }];
    const since = this.#marks[0]!.counts;
    // A worker's row may be gone a moment before it is counted among the ended.
    const recent = counts.map((count, bucket) => Math.max(0, count - since[bucket]!));
    return { p50: quantile(recent, 0.5), p99: quantile(recent, 0.99) };
  }
}

function bucketCounts(durations: Float64Array): number[] {
  const classes = durationsByClass(durations);
  return Array.from({ length: BOUNDS.length + 1 }, (_, bucket) =>
    classes.reduce((sum, { counts }) => sum + counts[bucket]!, 0),
  );
}

/** As Prometheus estimates it: requests are spread evenly within their bucket. Null when there are none. */
export function quantile(counts: readonly number[], share: number): number | null {
  const rank = share * counts.reduce((sum, count) => sum + count, 0);
  if (rank === 0) return null;
  let below = 0;
  for (const [bucket, count] of counts.entries()) {
    if (below + count >= rank) {
      const from = bucket === 0 ? 0 : BOUNDS[bucket - 1]!;
      // The last has no end.
      const to = BOUNDS[bucket] ?? from;
      return round(from + (to - from) * ((rank - below) / count));
    }
    below += count;
  }
  return BOUNDS.at(-1)!;
}

function round(ms: number): number {
  return Number(ms.toPrecision(3));
}
