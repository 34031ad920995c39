/** What each rule of the verdict is given, and what it says. */
import type { CanaryLimits, ComparisonRow } from '../../../contract/canary.ts';
import type { Evidence } from './evidence.ts';

/** How sure a rule has to be at this look. */
export interface Look {
  /** True when the time is over. */
  readonly isLast: boolean;
  /** The chance with which a rule may be wrong at this look: see `lookAt`. */
  readonly alpha: number;
}

/** What a rule has found about one figure. */
export interface Finding {
  readonly row: ComparisonRow;
  /** Why the canary is worse. */
  readonly worse?: string;
  /** Why it may be worse, when there is too little to be sure. It counts when the time is over. */
  readonly doubt?: string;
}

export type Rule = (evidence: Evidence, limits: CanaryLimits, look: Look) => Finding[];

/** The chance that a rule calls a release worse that is not, over all looks of a watch. */
const ALPHA = 0.001;

/** When the time is over, what is less likely than this to be chance leaves a doubt, with too few requests to be sure. */
export const DOUBT = 0.002;

const LOOK_MS = 1000;

/**
 * A policy that looks again and again finds something at last. So the looks share half of the chance to be wrong, and the last one has the other
 * half (Bonferroni's inequality). It holds however the looks depend on each other.
 */
export function lookAt(elapsed: number, total: number): Look {
  const isLast = elapsed >= total;
  const looks = Math.max(1, Math.ceil(total / LOOK_MS));
  return { isLast, alpha: isLast ? ALPHA / 2 : ALPHA / 2 / looks };
}
