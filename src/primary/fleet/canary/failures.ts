import type { ComparisonRow } from '../../../contract/canary.ts';
import { clientWeights, givenUp, oneEach, type ClientWeights } from './clients.ts';
import { formatShare, formatWhole } from './words.ts';
import { cellsOfGroup, totalOf, type Cell, type Evidence, type Slice } from './evidence.ts';
import { DOUBT, type Finding, type Look, type Rule } from './rule.ts';
import {
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

/** The canary's share of failures has to be this many times the baseline's, beside the number of percent more. */
const LEAST_RATIO = 1.25;

/** Fewer failures than this are no pattern, however few the baseline has. */
const LEAST_FAILURES = 5;

/** A request without an answer is mostly a client that left by itself, so more of them are needed. */
const ABANDONED_PERCENT = 1;

/** The share of answers that are 5xx, and the share of requests that never got an answer. */
export const failures: Rule = (evidence, limits, look) => [
  compareShares(evidence, look, {
    figure: '5xx',
    what: 'of its answers are 5xx',
    percent: limits.canaryErrors,
    least: limits.canaryRequests,
    share: ({ failed, answered }) => ({ hits: failed, trials: answered }),
  }),
  compareShares(evidence, look, {
    figure: 'unanswered',
    what: 'of its requests were given up before they were answered',
    percent: Math.max(limits.canaryErrors, ABANDONED_PERCENT),
    least: limits.canaryRequests,
    share: givenUp,
    weights: clientWeights,
  }),
];

interface Question {
  readonly figure: string;
  /** Completes `12 % of ...`. */
  readonly what: string;
  readonly percent: number;
  readonly least: number;
  readonly share: (cell: Cell, weights: ClientWeights) => Share;
  /** What the requests of each client count. @default each is one */
  readonly weights?: (cells: readonly Cell[]) => ClientWeights;
}

/**
 * Compares two shares over the whole watch, and over its last half: what begins late is thin in the whole.
 */
function compareShares({ slices }: Evidence, look: Look, question: Question): Finding {
  const whole = sharesOf(slices, question);
  const row = rowOf(whole, question);
  if (Math.min(whole.canary.trials, whole.baseline.trials) < question.least) {
    return { row: { ...row, verdict: 'too little' } };
  }
  const last = slices.slice(Math.floor(slices.length / 2));
  let doubt: string | undefined;
  for (const shares of [whole, sharesOf(last, question)]) {
    if (!isMore(shares, question)) continue;
    const chance = chanceOf(shares, whole);
    const text = sentence(shares, question);
    // Each of the two has half of the chance to be wrong.
    if (chance < look.alpha / 2) return { row: { ...row, verdict: 'worse' }, worse: text };
    if (chance < DOUBT / 2) doubt ??= text;
  }
  if (doubt === undefined) return { row: { ...row, verdict: 'ok' } };
  return { row: { ...row, verdict: look.isLast ? 'too little' : 'ok' }, doubt: `${doubt}: too few to be sure` };
}

/** Both generations in these slices, and slice by slice. */
interface Shares extends Pair {
  readonly pairs: readonly Pair[];
  /** Both generations' workers, slice by slice. */
  readonly workers: readonly (readonly Share[])[];
}

function sharesOf(slices: readonly Slice[], { share, weights: weigh = oneEach }: Question): Shares {
  const weights = weigh(cellsOfGroup(slices, 'canary'));
  const of = (cell: Cell): Share => share(cell, weights);
  const pairs = slices.map(({ baseline, canary }) => ({
    baseline: sumOf(baseline.map(of)),
    canary: sumOf(canary.map(of)),
  }));
  return {
    baseline: sumOf(pairs.map(({ baseline }) => baseline)),
    canary: sumOf(pairs.map(({ canary }) => canary)),
    pairs,
    workers: slices.flatMap(({ baseline, canary }) => [baseline.map(of), canary.map(of)]),
  };
}

function isMore({ baseline, canary }: Shares, { percent }: Question): boolean {
  const share = ratioOf(canary);
  return (
    canary.hits >= LEAST_FAILURES &&
    share >= ratioOf(baseline) + percent / 100 &&
    share >= ratioOf(baseline) * LEAST_RATIO
  );
}

/** @param whole the whole watch, which shows best how failures come in the baseline when nothing is wrong. */
function chanceOf({ baseline, canary, pairs, workers }: Shares, whole: Shares): number {
  const effect = Math.max(usualEffect(whole.pairs), differenceEffect(pairs), workerEffect(workers));
  return moreHits(effective(canary, effect), effective(baseline, effect));
}

function rowOf({ baseline, canary }: Shares, { figure, percent }: Question): Omit<ComparisonRow, 'verdict'> {
  const known = (share: Share): number | null => (share.trials > 0 ? ratioOf(share) : null);
  const limit =
    baseline.trials > 0
      ? Math.min(1, Math.max(ratioOf(baseline) + percent / 100, ratioOf(baseline) * LEAST_RATIO))
      : null;
  return { figure, unit: 'ratio', baseline: known(baseline), canary: known(canary), limit };
}

function sentence({ baseline, canary }: Shares, { what }: Question): string {
  const count = ({ hits, trials }: Share): string => `${formatWhole(hits)} of ${formatWhole(trials)}`;
  return `${formatShare(ratioOf(canary))} ${what} (${count(canary)}), of the baseline ${formatShare(ratioOf(baseline))} (${count(baseline)})`;
}

/** Tells whether there was enough to compare. */
export function tooLittle({ slices }: Evidence, least: number): string | undefined {
  const canary = totalOf(cellsOfGroup(slices, 'canary'), 'answered');
  const baseline = totalOf(cellsOfGroup(slices, 'baseline'), 'answered');
  if (Math.min(canary, baseline) >= least) return undefined;
  return `too little traffic to tell: ${formatWhole(canary)} answers of the canary and ${formatWhole(baseline)} of the baseline, and ${formatWhole(least)} of each are needed`;
}
