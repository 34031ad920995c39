/** How long requests took that were answered between two looks. Pure. */
import { quantile } from '../../scoreboard/durations.ts';

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
  const [p50, p99] = [quantile(counts, 0.5, bounds), quantile(counts, 0.99, bounds)];
  return p50 === undefined || p99 === undefined ? undefined : { p50, p99 };
}
