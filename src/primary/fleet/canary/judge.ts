/**
 * The verdict of a canary: whether the new generation is worse than the old one over the same time. docs/canary.md has
 * the rules in words, and where each of them comes from.
 */
import type { CanaryLimits, ComparisonRow, Judge, Judgement } from '../../../contract/canary.ts';
import { applicationMetrics } from './application-metrics.ts';
import { cellsOfGroup, evidenceOf, totalOf, type Evidence } from './evidence.ts';
import { failures, tooLittle } from './failures.ts';
import { incidents, opinion } from './incidents.ts';
import { latency } from './latency.ts';
import { loop } from './loop.ts';
import { memory } from './memory.ts';
import { lookAt, type Rule } from './rule.ts';

/** In the order in which people want to read them. */
const RULES: readonly Rule[] = [incidents, opinion, failures, latency, loop, memory, applicationMetrics];

/** The warm-up takes at most this share of the watch, so that a short watch sees something too. */
const MOST_WARMUP = 0.25;

export const judge: Judge<CanaryLimits> = (baseline, canary, { elapsed, total }, limits) => {
  const warmup = Math.min(limits.canaryWarmup, total * MOST_WARMUP);
  const evidence = evidenceOf(baseline, canary, warmup);
  const look = lookAt(elapsed, total);
  const findings = RULES.flatMap((rule) => rule(evidence, { ...limits, canaryWarmup: warmup }, look));
  const table = [requests(evidence), ...findings.map(({ row }) => row)];
  const worse = findings.flatMap((finding) => finding.worse ?? []);
  if (worse.length > 0) return { verdict: 'worse', reasons: worse, table };
  if (!look.isLast) return { verdict: 'undecided', reasons: [], table };
  const doubts = [
    ...[tooLittle(evidence, limits.canaryRequests) ?? []].flat(),
    ...findings.flatMap(({ doubt }) => doubt ?? []),
  ];
  const verdict: Judgement['verdict'] = doubts.length > 0 ? 'doubt' : 'better-or-equal';
  return { verdict, reasons: doubts, table };
};

function requests({ slices }: Evidence): ComparisonRow {
  const count = (group: 'baseline' | 'canary'): number => totalOf(cellsOfGroup(slices, group), 'answered');
  return {
    figure: 'answers',
    unit: 'requests',
    baseline: count('baseline'),
    canary: count('canary'),
    limit: null,
    verdict: 'not judged',
  };
}
