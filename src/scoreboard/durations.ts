/**
 * How long answered requests took, as the numbers of a row: for each class of status a count for each bucket, and then
 * the sum of all, ms. Counts are each bucket's own, not cumulative as in Prometheus: that way a request adds to one.
 */

/** Upper bounds of the buckets, ms; a last one takes what is longer. */
export const BOUNDS: readonly number[] = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000];

export const STATUS_CLASSES = ['2xx', '3xx', '4xx', '5xx'] as const;

const BUCKETS = BOUNDS.length + 1;
const STRIDE = BUCKETS + 1;

/** Numbers in all. */
export const DURATIONS: number = STATUS_CLASSES.length * STRIDE;

/**
 * Counts one. The hot path: it runs for each request, and allocates nothing.
 *
 * @param status of the response; one that is in no class, such as 101, is not counted.
 */
export function countDuration(durations: Float64Array, status: number, ms: number): void {
  const base = ((status / 100) | 0) * STRIDE - 2 * STRIDE;
  if (!(base >= 0 && base < DURATIONS)) return;
  let bucket = 0;
  // From the least on, where nearly all requests are.
  while (bucket < BOUNDS.length && ms > BOUNDS[bucket]!) bucket++;
  durations[base + bucket]! += 1;
  durations[base + BUCKETS]! += ms;
}

/** Whether the number at that place is the time of all requests of a class, ms, and not a count. */
export function isSum(index: number): boolean {
  return index % STRIDE === BUCKETS;
}

/** The requests of one class. */
export interface DurationsOfClass {
  readonly status: (typeof STATUS_CLASSES)[number];
  /** By bucket, not cumulative. */
  readonly counts: readonly number[];
  readonly count: number;
  /** ms. */
  readonly sum: number;
}

export function durationsByClass(durations: Float64Array): DurationsOfClass[] {
  return STATUS_CLASSES.map((status, index) => {
    const counts = [...durations.subarray(index * STRIDE, index * STRIDE + BUCKETS)];
    const count = counts.reduce((sum, one) => sum + one, 0);
    return { status, counts, count, sum: durations[index * STRIDE + BUCKETS]! };
  });
}

/** The counts of all classes together, by bucket. */
export function durationsOfAll(durations: Float64Array): number[] {
  const sums = Array.from({ length: BUCKETS }, () => 0);
  for (let index = 0; index < DURATIONS; index++) if (!isSum(index)) sums[index % STRIDE]! += durations[index]!;
  return sums;
}

/**
 * How long the given share of requests took at most, ms. Within a bucket they are taken for spread evenly, as Prometheus'
 * histogram_quantile does; of those longer than the last bound nothing more is known.
 *
 * @param bounds of the buckets; `counts` has one more.
 * @returns undefined when there are none.
 */
export function quantile(
  counts: readonly number[],
  share: number,
  bounds: readonly number[] = BOUNDS,
): number | undefined {
  const rank = share * counts.reduce((sum, count) => sum + count, 0);
  if (!(rank > 0)) return undefined;
  let below = 0;
  for (const [bucket, bound] of bounds.entries()) {
    const count = counts[bucket] ?? 0;
    if (count > 0 && below + count >= rank) {
      const from = bounds[bucket - 1] ?? 0;
      return from + ((bound - from) * (rank - below)) / count;
    }
    below += count;
  }
  return bounds.at(-1);
}
