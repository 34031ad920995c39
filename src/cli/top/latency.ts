/** Computes the latency of the requests that were answered between two samples. This module is pure. */
import { quantile } from '../../scoreboard/durations.ts';

/** Latencies in ms. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/**
 * Computes quantiles of the difference between two histograms.
 *
 * @param bounds the bounds of the buckets in ms; a last bucket counts the requests that took longer.
 * @returns undefined when no request was answered.
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
