import { giveUpKept } from '../parking/kept.ts';
import { watchedCanary } from '../operations/canary.ts';
import { parkedAside, releaseAside } from '../parking/parking.ts';
import type { Step } from '../step.ts';
import { endCanary } from './verdict.ts';

/**
 * The cgroup gets tight. Workers that are parked go first: they are only a convenience. Those without a slot go before
 * those that a rollback needs. A canary ends last: it has twice as many workers in its slots.
 */
export function onMemoryTight(step: Step, why: string): void {
  const aside = parkedAside(step.fleet);
  if (aside.length === 0) {
    if (step.fleet.kept !== undefined) return giveUpKept(step, why);
    // The way back needs no memory, and the new generation's workers give theirs back.
    if (watchedCanary(step.fleet) !== undefined) endCanary(step, why);
    return;
  }
  step.tell('parked workers given up', { workers: aside.length, why });
  releaseAside(step);
}
