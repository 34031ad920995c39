import { quantile } from '../../../scoreboard/durations.ts';
import { LATENCY_BOUNDS } from '../../../scoreboard/latencies.ts';
import { cellsOfGroup, latenciesOf, slowerOf, type Cell, type Group, type Slice } from './evidence.ts';
import { DOUBT, type Finding, type Look, type Rule } from './rule.ts';
import {
  binomialTail,
  designEffect,
  differenceEffect,
  effective,
  moreHits,
  ratioOf,
  sumOf,
  usualEffect,
  workerEffect,
  type Pair,
  type Share,
} from './statistics.ts';
import { formatMs, formatShare } from './words.ts';

/** How sure the bound of the baseline's quantile is. What the limit adds to it comes on top. */
const BASELINE_ALPHA = 0.001;

/** Fewer slices than this may all be of a bad moment. */
const LEAST_SLICES = 5;

/** The quantiles that are compared. The median needs few answers, and the 99th percentile shows what only some answers have. */
const QUANTILES = [
  // A release is not taken back for a difference in ms that no client can tell from that of the network.
  { figure: 'p50', share: 0.5, least: 2 },
  { figure: 'p99', share: 0.99, least: 10 },
] as const;

type Quantile = (typeof QUANTILES)[number];

/**
 * How long answers take, of workers that have warmed up. If the canary's quantile is no higher than the limit, its answers above that limit are binomial.
 * The limit starts from an upper bound of the baseline's quantile, which is an order statistic (David and Nagaraja, Order
 * Statistics, 7.1).
 */
export const latency: Rule = ({ warm }, limits, look) =>
  QUANTILES.map((of) => compareQuantile(warm, of, 1 + limits.canaryLatency / 100, limits.canaryRequests, look));

function compareQuantile(slices: readonly Slice[], of: Quantile, factor: number, least: number, look: Look): Finding {
  const whole = tailOf(slices, of, factor);
  const row = {
    figure: of.figure,
    unit: 'ms',
    baseline: quantileOf(slices, 'baseline', of.share),
    canary: quantileOf(slices, 'canary', of.share),
    limit: whole?.limit ?? null,
  } as const;
  if (whole === undefined || whole.canary.trials < least) return { row: { ...row, verdict: 'too little' } };
  const last = tailOf(slices.slice(-Math.ceil(slices.length / 2)), of, factor);
  let doubt: string | undefined;
  for (const tail of [whole, last]) {
    if (tail === undefined || tail.canary.trials < least) continue;
    const { canary, limit } = tail;
    const chance = chanceOf(tail, whole, of.share);
    const text = `${formatShare(ratioOf(canary))} of its answers take longer than ${formatMs(limit)}, which ${formatShare(1 - of.share)} may: the baseline's ${of.figure} is ${formatMs(row.baseline ?? 0)}`;
    // The two quantiles, each over the whole and the last half, share the chance to be wrong.
    if (chance < look.alpha / 4) return { row: { ...row, verdict: 'worse' }, worse: text };
    if (chance < DOUBT / 4) doubt ??= text;
  }
  if (doubt === undefined) return { row: { ...row, verdict: 'ok' } };
  return { row: { ...row, verdict: look.isLast ? 'too little' : 'ok' }, doubt: `${doubt}: too few to be sure` };
}

function quantileOf(slices: readonly Slice[], group: Group, share: number): number | null {
  return quantile(latenciesOf(slowerOf(cellsOfGroup(slices, group))), share, LATENCY_BOUNDS) ?? null;
}

/** The answers above the limit: the canary's, and those of the baseline. */
interface Tail extends Pair {
  readonly limit: number;
  readonly pairs: readonly Pair[];
  readonly workers: readonly (readonly Share[])[];
}

/**
 * Slow answers have to be more than the quantile allows, and more than the baseline has. The second matters where slow answers come
 * together: that the baseline had no bad moment yet does not mean that it has none.
 */
function chanceOf({ baseline, canary, pairs, workers }: Tail, whole: Tail, share: number): number {
  const effect = Math.max(usualEffect(whole.pairs), differenceEffect(pairs), workerEffect(workers));
  const slow = effective(canary, effect);
  return Math.max(binomialTail(slow.trials, slow.hits, 1 - share), moreHits(slow, effective(baseline, effect)));
}

/** @returns undefined when the baseline has too few answers to bound its quantile. */
function tailOf(slices: readonly Slice[], { share, least }: Quantile, factor: number): Tail | undefined {
  if (slices.length < LEAST_SLICES) return undefined;
  const bound = boundOf(slices, share);
  const limit = bound === undefined ? undefined : limitAbove(LATENCY_BOUNDS[bound]!, factor, least);
  if (limit === undefined) return undefined;
  const shares = slices.map(({ baseline, canary }) => ({
    baseline: baseline.map((cell) => sharesAbove(cell, limit)),
    canary: canary.map((cell) => sharesAbove(cell, limit)),
  }));
  const pairs = shares.map(({ baseline, canary }) => ({ baseline: sumOf(baseline), canary: sumOf(canary) }));
  return {
    limit: LATENCY_BOUNDS[limit]!,
    baseline: sumOf(pairs.map(({ baseline }) => baseline)),
    canary: sumOf(pairs.map(({ canary }) => canary)),
    pairs,
    workers: shares.flatMap(({ baseline, canary }) => [baseline, canary]),
  };
}

function limitAbove(bound: number, factor: number, least: number): number | undefined {
  const index = LATENCY_BOUNDS.findIndex((one) => one >= Math.max(bound * factor, bound + least));
  return index === -1 ? undefined : index;
}

/**
 * Returns the lowest bucket whose bound the quantile surely does not exceed. How answers come together is only known for a
 * bound, so it is asked for each from the quantile upwards.
 */
function boundOf(slices: readonly Slice[], share: number): number | undefined {
  const sums = slices.map(({ baseline }) => slowerOf(baseline));
  const counts = latenciesOf(slowerOf(cellsOfGroup(slices, 'baseline')));
  const trials = counts.reduce((sum, count) => sum + count, 0);
  let below = 0;
  for (const bucket of LATENCY_BOUNDS.keys()) {
    below += counts[bucket] ?? 0;
    if (below <= trials * share || (counts[bucket] ?? 0) === 0) continue;
    const effect = designEffect(sums.map((slower) => sharesAbove({ slower }, bucket)));
    if (binomialTail(trials / effect, below / effect, share) <= BASELINE_ALPHA) return bucket;
  }
  return undefined;
}

/** Counts the cell's answers above the bound of a bucket. */
function sharesAbove({ slower }: Pick<Cell, 'slower'>, bucket: number): Share {
  return { hits: slower[bucket + 1] ?? 0, trials: slower[0] ?? 0 };
}
