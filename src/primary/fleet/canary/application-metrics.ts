import type { MetricLimit, MetricReading } from '../../../contract/canary.ts';
import { growth, type Cell, type Slice } from './evidence.ts';
import type { Finding, Look, Rule } from './rule.ts';
import { meanAboveZero, meanOf } from './statistics.ts';
import { formatNumber } from './words.ts';

/** Fewer slices than this have no spread to speak of. */
const LEAST_SLICES = 5;

/** The application's metrics that were named in the options, of workers that have warmed up. */
export const applicationMetrics: Rule = ({ warm }, { canaryMetrics = [] }, look) =>
  canaryMetrics.map((limit, index) =>
    compareMetric(warm, limit, index, { ...look, alpha: look.alpha / canaryMetrics.length }),
  );

function compareMetric(slices: readonly Slice[], { name, worse, by }: MetricLimit, index: number, look: Look): Finding {
  const pairs = slices.flatMap(({ baseline, canary }) => {
    const pair = { baseline: valueOf(baseline, index), canary: valueOf(canary, index) };
    return pair.baseline === undefined || pair.canary === undefined
      ? []
      : [pair as { baseline: number; canary: number }];
  });
  const row = { figure: name, unit: '', baseline: null, canary: null, limit: null } as const;
  if (pairs.length < LEAST_SLICES) return { row: { ...row, verdict: 'too little' } };
  const baseline = meanOf(pairs.map((pair) => pair.baseline));
  const canary = meanOf(pairs.map((pair) => pair.canary));
  const sign = worse === 'higher' ? 1 : -1;
  const limit = baseline + sign * by * Math.abs(baseline);
  const known = { ...row, baseline, canary, limit };
  const isBeyond = sign * (canary - limit) > 0;
  const isWorse = isBeyond && meanAboveZero(pairs.map((pair) => sign * (pair.canary - pair.baseline))) < look.alpha;
  if (!isWorse) return { row: { ...known, verdict: 'ok' } };
  const text = `its ${name} is ${formatNumber(canary)}, that of the baseline ${formatNumber(baseline)}`;
  return { row: { ...known, verdict: 'worse' }, worse: text };
}

/** The value of a generation in a slice; undefined where there is none. */
function valueOf(cells: readonly Cell[], index: number): number | undefined {
  let sum = 0;
  let count = 0;
  for (const cell of cells) {
    const part = partOf(cell, index);
    if (part === undefined) continue;
    sum += part.sum;
    count += part.count;
  }
  return count > 0 ? sum / count : undefined;
}

function partOf({ before, worker, answered }: Cell, index: number): { sum: number; count: number } | undefined {
  const then = before.metrics?.[index];
  const now = worker.metrics?.[index];
  if (now === undefined) return undefined;
  if ('value' in now) return { sum: now.value, count: 1 };
  if ('total' in now) return { sum: growth(isTotal(then) ? then.total : 0, now.total), count: answered };
  const from = then !== undefined && 'sum' in then ? then : { sum: 0, count: 0 };
  return { sum: growth(from.sum, now.sum), count: growth(from.count, now.count) };
}

function isTotal(reading: MetricReading | undefined): reading is { readonly total: number } {
  return reading !== undefined && 'total' in reading;
}
