import type { Cell, Slice } from './evidence.ts';
import type { Finding, Look, Rule } from './rule.ts';
import { meanAboveZero, meanOf } from './statistics.ts';
import { formatMs, formatShare } from './words.ts';

/** Fewer slices than this have no spread to speak of. */
const LEAST_SLICES = 5;

/** The event loop has to be busier by this share of its time: an idle one is easily twice as busy. */
const LEAST_UTILIZATION = 0.15;

/** Beats have to come later by this. A beat has a request or two in its way, and a machine that is too small delays all. */
const LEAST_DELAY_MS = 50;

/** How busy the event loops are for what they are asked, and how late they are, of workers that have warmed up. */
export const loop: Rule = ({ warm }, { canaryLoop }, look) => [
  compareMeans(warm, look, canaryLoop, {
    figure: 'event loop utilization',
    unit: 'ratio',
    least: LEAST_UTILIZATION,
    of: utilization,
    text: (canary, baseline) =>
      `its event loops are busy for ${formatShare(canary)} of the time, those of the baseline for ${formatShare(baseline)} with as many requests`,
  }),
  compareMeans(warm, look, canaryLoop, {
    figure: 'event loop delay',
    unit: 'ms',
    least: LEAST_DELAY_MS,
    of: ({ baseline, canary }) => ({ baseline: meanOf(delays(baseline)), canary: meanOf(delays(canary)) }),
    text: (canary, baseline) =>
      `its event loops are ${formatMs(canary)} late on the average, those of the baseline ${formatMs(baseline)}`,
  }),
];

interface Means {
  readonly baseline: number;
  readonly canary: number;
}

interface Question {
  readonly figure: string;
  readonly unit: 'ms' | 'ratio';
  /** The least difference. */
  readonly least: number;
  /** The figure in a slice; undefined when it cannot be compared there. */
  readonly of: (slice: Slice) => Means | undefined;
  readonly text: (canary: number, baseline: number) => string;
}

/** The generations are compared slice by slice, because what happens in a moment happens to both: a t-test for pairs. */
function compareMeans(slices: readonly Slice[], look: Look, percent: number, question: Question): Finding {
  const { figure, unit, least, of, text } = question;
  const pairs = slices.filter(({ baseline }) => baseline.length > 0).flatMap((slice) => of(slice) ?? []);
  if (pairs.length < LEAST_SLICES) {
    return { row: { figure, unit, baseline: null, canary: null, limit: null, verdict: 'too little' } };
  }
  const baseline = meanOf(pairs.map((pair) => pair.baseline));
  const canary = meanOf(pairs.map((pair) => pair.canary));
  const limit = Math.max(baseline * (1 + percent / 100), baseline + least);
  const row = { figure, unit, baseline, canary, limit } as const;
  // Both figures of the loop share the chance to be wrong.
  const isWorse = canary > limit && meanAboveZero(pairs.map((pair) => pair.canary - pair.baseline)) < look.alpha / 2;
  return isWorse
    ? { row: { ...row, verdict: 'worse' }, worse: text(canary, baseline) }
    : { row: { ...row, verdict: 'ok' } };
}

/** A worker with more requests is busier, so the baseline's is scaled to as many as a worker of the canary had. */
function utilization({ baseline, canary }: Slice): Means | undefined {
  const asked = meanOf(baseline.map(({ answered }) => answered));
  if (asked === 0) return undefined;
  const scale = meanOf(canary.map(({ answered }) => answered)) / asked;
  return {
    baseline: Math.min(1, meanOf(baseline.map(busy)) * scale),
    canary: meanOf(canary.map(busy)),
  };
}

/**
 * A process that the machine gives no CPU is busy for as long as it waits for some, and its code is not to blame. So the loop is
 * as busy as it is with CPU. The other threads may use more of it than the loop is busy.
 */
function busy({ worker, cpu }: Cell): number {
  return Math.min(worker.utilization, cpu);
}

function delays(cells: readonly Cell[]): number[] {
  return cells.map(({ worker }) => worker.delay);
}
