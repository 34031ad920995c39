/** Keeps what autoscaling knows up to date, event by event. */
import { isKeyOf } from '../../../contract/tables.ts';
import { disturbances, type Disturbance } from '../../../contract/autoscaling.ts';
import type { Fleet } from '../fleet.ts';
import type { Step } from '../step.ts';
import { NO_SIZE, newAutoscale, type Autoscale } from './autoscale.ts';
import { NO_MEMORY } from './policy.ts';

export function autoscaleOf({ autoscale }: Fleet): Autoscale {
  return autoscale ?? newAutoscale();
}

export function change(step: Step, changes: Partial<Autoscale>): void {
  step.fleet = { ...step.fleet, autoscale: { ...autoscaleOf(step.fleet), ...changes } };
}

/** Runs after every event: remembers what changes the load of workers, however short it is. A hang is seen by `onLoad`. */
export function noteDisturbance(step: Step): void {
  if (step.settings.range === undefined) return;
  const by = disturbanceOf(step.fleet);
  if (by !== undefined) change(step, { disturbed: { by, at: step.at } });
}

/** Returns what changes the load of workers now. */
export function disturbanceOf({ phase, running, workers, slots }: Fleet): Disturbance | undefined {
  if (phase === 'delaying') return 'drain delay';
  const kind = running?.operation.kind;
  // What autoscaling itself has asked for disturbs by its boots alone.
  const isOwn = running !== undefined && 'demand' in running.operation.target;
  if (kind !== undefined && !isOwn) return isKeyOf(disturbances, kind) ? kind : 'reload';
  const isBooting = [...workers.values()].some(({ state }) => state === 'booting' || state === 'taking');
  return isBooting || slots.some(({ worker }) => worker === undefined) ? 'boot' : undefined;
}

/** A person has scaled, so that autoscaling pauses. */
export function pause(step: Step, by: string): void {
  if (step.settings.range === undefined) return;
  if (autoscaleOf(step.fleet).paused === undefined) step.tell('autoscaling paused', { by });
  change(step, { paused: { by, at: step.at }, memory: NO_MEMORY });
}

export function resume(step: Step): void {
  if (autoscaleOf(step.fleet).paused === undefined) return;
  step.tell('autoscaling resumed', { workers: step.fleet.slots.length });
  change(step, { paused: undefined });
}

/** The generation before serves again, and the number of the present one stays. So the size of its workers has to be forgotten. */
export function forgetSize(step: Step): void {
  if (step.fleet.autoscale !== undefined) change(step, { largest: NO_SIZE });
}

/** What autoscaling has asked for has failed: the worker of a new slot did not boot. */
export function onScaleFailed(step: Step): void {
  change(step, { failedAt: step.at });
}
