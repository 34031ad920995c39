/** How long requests took that were answered between two looks. Pure. */

/** ms. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/**
 * @param bounds of the buckets, ms; one more counts what took longer than the last.
 * @returns undefined when none was answered.
 */
export function latencyBetween(
  before: readonly number[],
  after: readonly number[],
  bounds: readonly number[],
): Latency | undefined {
  const counts = after.map((count, bucket) => count - (before[bucket] ?? 0));
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all <= 0) return undefined;
  return { p50: quantile(0.5 * all, counts, bounds), p99: quantile(0.99 * all, counts, bounds) };
}

/**
 * Within a bucket requests are taken for spread evenly, as Prometheus' histogram_quantile does. Of those that took longer
 * than the last bound nothing more is known.
 */
function quantile(rank: number, counts: readonly number[], bounds: readonly number[]): number {
  let below = 0;
  for (const [bucket, bound] of bounds.entries()) {
    const count = counts[bucket] ?? 0;
    if (count > 0 && below + count >= rank) {
      const from = bounds[bucket - 1] ?? 0;
      return from + ((bound - from) * (rank - below)) / count;
    }
    below += count;
  }
  return bounds.at(-1) ?? 0;
}
