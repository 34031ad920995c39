/** What ends the watch of a canary: its verdict, the end of the time, and what else happens meanwhile. */
import type { Judgement } from '../../../contract/canary.ts';
import { workerOf, type Canary } from '../fleet.ts';
import { promoteCanary, watchedCanary } from '../operations/canary.ts';
import { abort } from '../operations/operations.ts';
import type { Step } from '../step.ts';

/** The primary has compared both generations. */
export function onJudged(step: Step, judgement: Judgement): void {
  const canary = watchedCanary(step.fleet);
  if (canary === undefined) return;
  const running = step.fleet.running!;
  const comparison = { ...judgement, baseline: baselineOf(step), canary: step.fleet.generation };
  step.fleet = { ...step.fleet, running: { ...running, canary: { ...canary, comparison } } };
  switch (judgement.verdict) {
    case 'undecided':
      return;
    case 'better-or-equal':
      return promoteCanary(step, 'it is not worse');
    case 'worse':
      return endCanary(step, `the new generation is worse: ${judgement.reasons.join('; ')}`);
    case 'doubt':
      return onDoubt(step, canary, judgement.reasons.join('; '));
  }
}

/** No judgement has come in time: there is no scoreboard. */
export function onWatchOver(step: Step): void {
  const canary = watchedCanary(step.fleet);
  if (canary !== undefined) onDoubt(step, canary, 'there are no figures of the workers');
}

function onDoubt(step: Step, canary: Canary, why: string): void {
  if (canary.onDoubt === 'continue') return promoteCanary(step, `too little to tell: ${why} (--on-doubt continue)`);
  endCanary(step, `too little to tell: ${why} (--on-doubt rollback)`);
}

/** Gives the canary up. The parked workers take their slots back, and the reload has failed. */
export function endCanary(step: Step, reason: string): void {
  step.tell('canary given up', { generation: step.fleet.generation, reason });
  abort(step, { ok: false, reason });
}

function baselineOf({ fleet }: Step): number {
  const others = fleet.slots.flatMap(({ worker }) => workerOf(fleet, worker)?.generation ?? []);
  return others.find((generation) => generation !== fleet.generation) ?? fleet.generation - 1;
}
