/**
 * The durations of answered requests, as numbers in a row. Each class of status has a count for each bucket, and then
 * the sum of all durations in ms. Each bucket has its own count, unlike the cumulative ones of Prometheus, so that a
 * request changes only one.
 */

/** The upper bounds of the buckets in ms. A last bucket counts what takes longer. */
export const BOUNDS: readonly number[] = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000];

export const STATUS_CLASSES = ['2xx', '3xx', '4xx', '5xx'] as const;

const BUCKETS = BOUNDS.length + 1;
const STRIDE = BUCKETS + 1;

/** The total number of figures. */
export const DURATIONS: number = STATUS_CLASSES.length * STRIDE;

/**
 * Counts a request. This is the hot path: it runs for each request and allocates nothing.
 *
 * @param status the status of the response. One that is in no class, such as 101, is not counted.
 */
export function countDuration(durations: Float64Array, status: number, ms: number): void {
  const base = ((status / 100) | 0) * STRIDE - 2 * STRIDE;
  if (!(base >= 0 && base < DURATIONS)) return;
  let bucket = 0;
  // The search starts at the lowest bucket, where nearly all requests are.
  while (bucket < BOUNDS.length && ms > BOUNDS[bucket]!) bucket++;
  durations[base + bucket]! += 1;
  durations[base + BUCKETS]! += ms;
}

/** Tells whether the number at that place is the total time of a class in ms, and not a count. */
export function isSum(index: number): boolean {
  return index % STRIDE === BUCKETS;
}

/** The requests of one class. */
export interface DurationsOfClass {
  readonly status: (typeof STATUS_CLASSES)[number];
  /** The counts by bucket, not cumulative. */
  readonly counts: readonly number[];
  readonly count: number;
  /** The sum of durations in ms. */
  readonly sum: number;
}

/** Returns the number of requests of one class. It allocates nothing. */
export function countOfClass(durations: Float64Array, status: (typeof STATUS_CLASSES)[number]): number {
  const base = STATUS_CLASSES.indexOf(status) * STRIDE;
  let count = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) count += durations[base + bucket]!;
  return count;
}

export function durationsByClass(durations: Float64Array): DurationsOfClass[] {
  return STATUS_CLASSES.map((status, index) => {
    const counts = [...durations.subarray(index * STRIDE, index * STRIDE + BUCKETS)];
    const count = countOfClass(durations, status);
    return { status, counts, count, sum: durations[index * STRIDE + BUCKETS]! };
  });
}

/** Returns the counts of all classes together, by bucket. */
export function durationsOfAll(durations: Float64Array): number[] {
  const sums = Array.from({ length: BUCKETS }, () => 0);
  for (let index = 0; index < DURATIONS; index++) if (!isSum(index)) sums[index % STRIDE]! += durations[index]!;
  return sums;
}

/**
 * Returns the time in ms within which the given share of requests was answered. Requests within a bucket are assumed to
 * be spread evenly, as Prometheus' histogram_quantile does. Nothing more is known about requests beyond the last bound.
 *
 * @param bounds the bounds of the buckets; `counts` has one more.
 * @returns undefined when there are no requests.
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
