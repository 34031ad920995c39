import { MOST_WORKERS } from '../../../contract/limits.ts';
import { onScaleFailed, pause, resume } from '../autoscale/state.ts';
import { bootInTurn } from '../first-boots.ts';
import { forgetKeptWithoutWorkers } from '../parking/kept.ts';
import { isServing, newSlot, withSlot, workerOf } from '../fleet.ts';
import type { Failure, OperationTargets } from './operation.ts';
import type { Procedure } from './procedure.ts';
import { canReturn, isReturning, parkAside, parkedAside, unpark } from '../parking/parking.ts';
import { servedByAll } from '../readiness.ts';
import { retire } from '../retire.ts';
import type { Step } from '../step.ts';

type Target = OperationTargets['scale'];

/**
 * Makes more slots, or fewer. A slot that goes leaves its sockets behind. What they queue, and what the kernel still
 * puts into them, may be accepted by any worker. New slots that cannot be filled go again. A person gets the number that was
 * asked for, or the one before. Autoscaling gets as many as there can be.
 */
export const scale: Procedure<'scale'> = {
  begin(step, target) {
    if ('auto' in target) return goOn(step);
    const from = step.fleet.slots.length;
    const wanted = numberOf(target, from);
    if (wanted < 1) return refusal('there has to be at least one worker');
    if (wanted > MOST_WORKERS) return refusal(`there can be at most ${MOST_WORKERS} workers`);
    const { reason, demand } = target;
    if (reason === undefined) pause(step, askerOf(step, wanted > from));
    step.tell('scaling', { from, to: wanted, reason, demand });
    if (wanted > from) grow(step, wanted);
    else shrink(step, wanted, target.park);
    return undefined;
  },

  advance: ({ fleet }, { todo }) =>
    todo.every((index) => isServing(fleet, fleet.slots[index]!) && !isReturning(fleet, index)) ? 'done' : 'waiting',

  /** Slots have no gaps. So the last new slot goes for the worker that failed, and its own slot is tried again. */
  goesOnWithout(step, { todo, ...running }, target, failure) {
    const last = todo.at(-1);
    if ('auto' in target || target.reason === undefined || last === undefined || last === todo[0]) return false;
    const left = todo.slice(0, -1);
    const { shortfall = failure } = running;
    step.fleet = { ...step.fleet, running: { ...running, todo: left, shortfall } };
    shrink(step, last);
    return true;
  },

  ended(step, { startedAt, todo, shortfall }, target, outcome) {
    if ('auto' in target) return;
    const [firstNew] = todo;
    if (!outcome.ok && firstNew !== undefined) shrink(step, firstNew);
    const workers = step.fleet.slots.length;
    const failure = outcome.ok ? shortfall : outcome;
    if (outcome.ok) step.tell('scaled', { workers, took: step.at - startedAt });
    if (failure !== undefined) step.tell('scaling failed', { workers, slot: failure.slot, reason: failure.reason });
    // What ended it otherwise, such as a rollback, says nothing of new workers.
    if (failure?.slot !== undefined && target.reason !== undefined) onScaleFailed(step);
  },
};

/** Returns the target that two targets, one after the other, come to. */
export function sumOf(first: Target, second: Target): Target {
  if (!('by' in second) || 'auto' in first) return second;
  const park = second.park === undefined ? {} : { park: second.park };
  return { ...('workers' in first ? { workers: first.workers + second.by } : { by: first.by + second.by }), ...park };
}

/**
 * Returns the number of workers for a target. A step leads as far as it can, and is refused only when it leads nowhere.
 */
function numberOf(to: Exclude<Target, { readonly auto: true }>, now: number): number {
  if ('workers' in to) return to.workers;
  const bounded = Math.max(1, Math.min(MOST_WORKERS, now + to.by));
  return bounded === now ? now + to.by : bounded;
}

/** A person wants the number to change by itself again. */
function goOn(step: Step): Failure | undefined {
  if (step.settings.range === undefined) {
    return refusal('the number of workers does not change by itself: start with --workers <min>..<max>');
  }
  resume(step);
  return undefined;
}

/** Returns by what a person has asked for the scaling that runs. No client waits for the outcome of a signal. */
function askerOf({ fleet: { running } }: Step, isMore: boolean): string {
  if (running!.operation.requests.length > 0) return 'prefork scale';
  return isMore ? 'SIGTTIN' : 'SIGTTOU';
}

function refusal(reason: string): Failure {
  return { ok: false, reason };
}

function grow(step: Step, wanted: number): void {
  const { fleet } = step;
  const todo = Array.from({ length: wanted - fleet.slots.length }, (_, nth) => fleet.slots.length + nth);
  const served = servedByAll(fleet, step.settings);
  const slots = [...fleet.slots, ...todo.map((index) => newSlot(index, served))];
  step.fleet = { ...fleet, slots, running: { ...fleet.running!, todo } };
  step.tell('resized', { workers: slots.length, before: fleet.slots.length });
  for (const index of todo) step.do({ do: 'reopen', slot: index });
  bootInTurn(
    step,
    todo.filter((index) => !takeBack(step, index)),
  );
}

/**
 * Gives a slot that is made again to the worker that had it, if that is parked and its code is still the right one.
 *
 * @returns false when there is none.
 */
function takeBack(step: Step, index: number): boolean {
  const worker = parkedAside(step.fleet).find(({ slot }) => slot === index);
  if (!canReturn(worker)) return false;
  step.fleet = withSlot(step.fleet, { ...step.fleet.slots[index]!, worker: worker.id });
  unpark(step, worker);
  return true;
}

/** Takes the last slots away. No slot has a successor now, because one operation runs at a time. */
function shrink(step: Step, wanted: number, park = 0): void {
  const { slots } = step.fleet;
  const unfilled = step.fleet.unfilled.filter((index) => index < wanted);
  step.fleet = { ...step.fleet, slots: slots.slice(0, wanted), unfilled };
  if (wanted !== slots.length) step.tell('resized', { workers: wanted, before: slots.length });
  for (const { index, worker: id, kept } of slots.slice(wanted)) {
    step.disarm({ timer: 'respawn', slot: index });
    step.disarm({ timer: 'sweep', slot: index });
    // The other workers accept from the slot's sockets before its own worker stops.
    step.do({ do: 'vacate', slot: index });
    const worker = workerOf(step.fleet, id);
    if (worker?.state === 'serving' && !worker.isHung && park > 0) parkAside(step, worker, 'scale', park);
    else if (worker !== undefined) retire(step, worker, 'scale');
    const before = workerOf(step.fleet, kept);
    if (before !== undefined) retire(step, before, 'scale');
  }
  forgetKeptWithoutWorkers(step);
}
