/**
 * Parks workers whose slot is another worker's now, or is no more, and which may still get it back. They are alive and
 * booted, and accept nothing. Most of them also give their connections away: see `shed`.
 */
import type { Asked } from '../../exits/exit.ts';
import type { WorkerId } from '../ids.ts';
import { isServing, withSlot, workerOf, type Fleet, type Slot, type Worker } from '../fleet.ts';
import { STABLE_AFTER_MS } from '../respawn.ts';
import { retire } from '../retire.ts';
import type { Step } from '../step.ts';

/**
 * @param before the worker that had the slot until now.
 * @param asked the reason for which it is retired if it does not get the slot back.
 * @param isKept true when it stays until the operation is over, and not only until the new worker has proved itself.
 */
export function park(step: Step, index: number, before: Worker, asked: Asked, isKept: boolean): void {
  step.move(before, 'park', { parkedFor: asked });
  step.fleet = withSlot(step.fleet, { ...step.fleet.slots[index]!, previous: before.id });
  if (!isKept) step.arm({ timer: 'parked', worker: before.id }, STABLE_AFTER_MS);
  step.do({ do: 'park', worker: before.id });
}

/**
 * Parks the worker of a slot that is no more, for a time. Its connections go to the other workers. When the slot is made
 * again within that time, it gets it back without a boot.
 *
 * @param keep ms.
 */
export function parkAside(step: Step, worker: Worker, asked: Asked, keep: number): void {
  step.move(worker, 'park', { parkedFor: asked });
  step.arm({ timer: 'parked', worker: worker.id }, keep);
  step.do({ do: 'park', worker: worker.id });
  shed(step, worker.id, 'any');
}

/** Has a parked worker give its connections away. Clients of those that cannot move are told to close. */
export function shed(step: Step, worker: WorkerId, successor: 'slot' | 'any'): void {
  step.do({ do: 'shed', worker, ...(step.settings.migrate !== 'off' && { successor }) });
}

/** Whether the parked worker could serve at once. */
export function canReturn(worker: Worker | undefined): worker is Worker {
  return worker?.state === 'parked' && !worker.isHung;
}

/**
 * Gives the slot back to a worker that is parked. The worker that has it now is retired, and its connections move.
 *
 * @param retires the reason of that.
 */
export function giveBack(step: Step, slot: Slot, parked: Worker, retires: Asked): void {
  const current = workerOf(step.fleet, slot.worker);
  step.disarm({ timer: 'respawn', slot: slot.index });
  // The crashes were those of other code.
  const returned = { ...slot, worker: parked.id, respawnAt: undefined, streak: 0 };
  step.fleet = withSlot(step.fleet, withoutPlaces(returned, parked.id));
  unpark(step, parked);
  if (current !== undefined) retire(step, current, retires);
  closeNewListeners(step, slot.index);
}

/** Has a parked worker serve again. Its slot is its own by now. */
export function unpark(step: Step, parked: Worker): void {
  step.disarm({ timer: 'parked', worker: parked.id });
  const serving = step.move(parked, 'unpark', { parkedFor: undefined, isReturning: true });
  step.tell('worker back', { worker: serving });
  // A worker that beats and does not accept would keep the operation waiting for ever.
  step.arm({ timer: 'ready', worker: parked.id }, step.settings.readyTimeout);
  step.do({ do: 'unshed', worker: parked.id });
  step.do({ do: 'accept', worker: parked.id });
}

/** The worker accepts again, or has closed what it was told to accept from. It is waited for no more. */
export function onReturned(step: Step, worker: Worker): void {
  if (!worker.isReturning) return;
  step.disarm({ timer: 'ready', worker: worker.id });
  step.change(worker, { isReturning: false });
}

/** Whether the slot's worker was parked, and does not accept yet. A worker that hangs is not waited for: others accept for it. */
export function isReturning(fleet: Fleet, index: number): boolean {
  const worker = workerOf(fleet, fleet.slots[index]?.worker);
  return worker?.isReturning === true && !worker.isHung;
}

/** The operation has failed, so the parked worker of the slot, if there is one, serves the slot again. */
export function goBack(step: Step, slot: Slot): void {
  const previous = workerOf(step.fleet, slot.previous);
  if (previous === undefined) return;
  if (canReturn(previous)) return giveBack(step, slot, previous, 'abort');
  release(step, slot);
}

/** Closes what only the new code has opened: connections to it would wait for ever. */
export function closeNewListeners(step: Step, index: number): void {
  const slot = step.fleet.slots[index];
  if (slot !== undefined && isServing(step.fleet, slot)) step.do({ do: 'sweep', slot: index });
}

/** The operation is done, so the slot stays with its new worker. */
export function release(step: Step, slot: Slot): void {
  const previous = workerOf(step.fleet, slot.previous);
  step.fleet = withSlot(step.fleet, { ...slot, previous: undefined });
  if (previous !== undefined) retire(step, previous, previous.parkedFor!);
}

/**
 * The new worker has served for so long that its end would be an accident, or the time is over for which a worker
 * without a slot was kept.
 */
export function onProven(step: Step, id: WorkerId): void {
  const slot = step.fleet.slots.find(({ previous }) => previous === id);
  if (slot !== undefined) return release(step, slot);
  const worker = workerOf(step.fleet, id);
  if (worker?.state === 'parked') retire(step, worker, worker.parkedFor!);
}

/** Returns the parked workers whose slot is no more. */
export function parkedAside({ slots, workers }: Fleet): Worker[] {
  const isPlaced = (id: WorkerId): boolean => slots.some(({ previous, kept }) => previous === id || kept === id);
  return [...workers.values()].filter(({ id, state }) => state === 'parked' && !isPlaced(id));
}

/** Ends all workers that are parked without a slot. */
export function releaseAside(step: Step): void {
  for (const worker of parkedAside(step.fleet)) retire(step, worker, worker.parkedFor!);
}

/** Returns the slot as it is when that worker is not parked for it any more. */
export function withoutPlaces(slot: Slot, id: WorkerId): Slot {
  const { previous, kept } = slot;
  return { ...slot, previous: previous === id ? undefined : previous, kept: kept === id ? undefined : kept };
}
