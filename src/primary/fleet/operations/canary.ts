/**
 * The canary of a reload: a few slots get the new generation first, and both generations serve side by side for a
 * while. What ends the watch is in verdict.ts beside this folder.
 */
import type { CanaryShare, Comparison } from '../../../contract/canary.ts';
import { isServing, withSlot, workerOf } from '../fleet.ts';
import type { Canary, Fleet, Running, Slot, Worker } from '../fleet.ts';
import { shed } from '../parking/parking.ts';
import { refill } from '../refill.ts';
import { retire } from '../retire.ts';
import type { Step } from '../step.ts';
import type { Failure, OperationTargets } from './operation.ts';

/** The judgement comes with the next look of the primary after the end of a watch. Without one, nothing can be told. */
const LAST_LOOK_MS = 3000;

/**
 * Decides what canary the reload has. The last slots are its slots: programs that do something once mostly do it in
 * slot 0.
 *
 * @returns undefined for none; a failure where one was asked for and cannot be had.
 */
export function planCanary(step: Step, target: OperationTargets['reload']): Canary | Failure | undefined {
  const { canary: share = step.settings.canary, watch = step.settings.canaryWatch } = target;
  const { onDoubt = step.settings.onDoubt } = target;
  const workers = step.fleet.slots.length;
  const count = countOf(share, workers);
  if (count === 0) return undefined;
  if (workers === 1) {
    const reason = 'a canary needs two workers at least, one of each generation: there is one';
    if (target.canary !== undefined) return { ok: false, reason };
    step.tell('no canary', { why: reason });
    return undefined;
  }
  const slots = step.fleet.slots.slice(-count).map(({ index }) => index);
  return { slots, watch, onDoubt, since: undefined, comparison: undefined };
}

/** At least one worker of each generation serves. */
function countOf(share: CanaryShare, workers: number): number {
  const count = typeof share === 'number' ? share : Math.ceil((workers * Number.parseInt(share, 10)) / 100);
  return Math.min(count, Math.max(1, workers - 1));
}

/** All slots of the canary serve. From now on both generations are compared. */
export function beginWatch(step: Step, running: Running, canary: Canary): void {
  const { generation } = step.fleet;
  const { watch, slots, onDoubt } = canary;
  step.fleet = { ...step.fleet, running: { ...running, canary: { ...canary, since: step.at } } };
  step.arm({ timer: 'watch' }, watch + LAST_LOOK_MS);
  step.tell('canary watched', { generation, workers: slots.length, of: step.fleet.slots.length, watch, onDoubt });
  // A reload that is watched for an hour is no reload to a service manager. What serves is ready.
  step.do({ do: 'announce', what: 'ready' });
  for (const index of slots) {
    const previous = workerOf(step.fleet, step.fleet.slots[index]!.previous);
    if (previous?.state === 'parked') shed(step, previous.id, 'slot');
  }
}

/** Ends the watch, and has the reload go on with the other slots. */
export function promoteCanary(step: Step, why: string): void {
  const { running, slots, generation } = step.fleet;
  const { canary } = running!;
  step.disarm({ timer: 'watch' });
  step.tell('canary promoted', { generation, why });
  const todo = slots.map(({ index }) => index).filter((index) => !canary!.slots.includes(index));
  const comparison = canary!.comparison && { comparison: canary!.comparison };
  step.fleet = { ...step.fleet, running: { ...running!, canary: undefined, ...comparison, todo } };
}

/**
 * A reload was given up, and its slots have gone back. Slots with a worker of its generation are left: those whose parked
 * worker has died or had left, and those in which the new worker had replaced one that crashed. Their next worker is started
 * anew. While few others serve, the workers that serve are replaced one after another instead: bad answers are better than none.
 */
export function leaveGeneration(step: Step, generation: number): void {
  const { slots } = step.fleet;
  const left = slots.filter(({ worker }) => workerOf(step.fleet, worker)?.generation === generation);
  const others = slots.filter((slot) => isServing(step.fleet, slot) && !left.includes(slot)).length;
  const areEnough = others >= slots.length / 2;
  for (const slot of left) {
    const worker = workerOf(step.fleet, slot.worker)!;
    if (isServing(step.fleet, slot) && !areEnough) replaceLater(step, worker);
    else replaceNow(step, slot, worker);
  }
}

function replaceNow(step: Step, slot: Slot, worker: Worker): void {
  step.tell('slot not kept', { slot: slot.index });
  const vacant = { ...slot, worker: undefined };
  step.fleet = withSlot(step.fleet, vacant);
  retire(step, worker, 'abort');
  refill(step, vacant);
}

/** Where it fails, the looks at the workers' health ask for it again, as for a worker that is over a limit. */
function replaceLater(step: Step, worker: Worker): void {
  step.change(worker, { hasFailedCode: true });
  const recycle = { kind: 'recycle', target: { worker: worker.id, reason: 'failed-reload' }, requests: [] } as const;
  step.fleet = { ...step.fleet, pending: [...step.fleet.pending, recycle] };
}

/** Returns the canary, if it is being watched. */
export function watchedCanary({ running }: Fleet): (Canary & { readonly since: number }) | undefined {
  const canary = running?.canary;
  return canary?.since === undefined ? undefined : { ...canary, since: canary.since };
}

/** Returns how the generations have compared so far; undefined where there was no canary. */
export function comparisonOf({ canary, comparison }: Running): Comparison | undefined {
  return comparison ?? canary?.comparison;
}
