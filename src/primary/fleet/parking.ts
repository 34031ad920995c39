/**
 * Parks workers whose slot an operation has given to a new worker, and which may still get it back. They are alive and
 * booted, keep their connections, and accept nothing.
 */
import type { Asked } from '../exits/exit.ts';
import type { WorkerId } from './events.ts';
import { isServing, withSlot, workerOf, type Slot, type Worker } from './fleet.ts';
import { STABLE_AFTER_MS } from './respawn.ts';
import { retire } from './retire.ts';
import type { Step } from './step.ts';

/**
 * @param before the worker that had the slot until now.
 * @param asked the reason for which it is retired if it does not get the slot back.
 */
export function park(step: Step, index: number, before: Worker, asked: Asked): void {
  step.move(before, 'park', { parkedFor: asked });
  step.fleet = withSlot(step.fleet, { ...step.fleet.slots[index]!, previous: before.id });
  step.arm({ timer: 'parked', worker: before.id }, STABLE_AFTER_MS);
  step.do({ do: 'park', worker: before.id });
}

/** The operation has failed, so the parked worker of the slot, if there is one, serves the slot again. */
export function goBack(step: Step, slot: Slot): void {
  const previous = workerOf(step.fleet, slot.previous);
  if (previous?.state !== 'parked') return;
  const current = workerOf(step.fleet, slot.worker);
  step.disarm({ timer: 'parked', worker: previous.id });
  step.disarm({ timer: 'respawn', slot: slot.index });
  const unchanged = { ...slot, worker: previous.id, previous: undefined, respawnAt: undefined };
  step.fleet = withSlot(step.fleet, unchanged);
  const serving = step.move(previous, 'unpark');
  step.tell('worker back', { worker: serving, took: step.at - serving.neededAt });
  step.do({ do: 'accept', worker: previous.id });
  if (current !== undefined) retire(step, current, 'abort');
  forgetNews(step, slot.index);
}

/** Closes what only the new code has opened: connections to it would wait for ever. */
export function forgetNews(step: Step, index: number): void {
  const slot = step.fleet.slots[index];
  if (slot !== undefined && isServing(step.fleet, slot)) step.do({ do: 'sweep', slot: index });
}

/** The operation is done, so the slot stays with its new worker. */
export function release(step: Step, slot: Slot): void {
  const previous = workerOf(step.fleet, slot.previous);
  step.fleet = withSlot(step.fleet, { ...slot, previous: undefined });
  if (previous !== undefined) retire(step, previous, previous.parkedFor!);
}

/** The new worker has served for so long that its end would be an accident. */
export function onProven(step: Step, id: WorkerId): void {
  const slot = step.fleet.slots.find(({ previous }) => previous === id);
  if (slot !== undefined) release(step, slot);
}

/**
 * A parked worker has ended, so there is no way back for its slot.
 * @returns false when the worker was not parked.
 */
export function onParkedExit(step: Step, id: WorkerId): boolean {
  const slot = step.fleet.slots.find(({ previous }) => previous === id);
  if (slot !== undefined) step.fleet = withSlot(step.fleet, { ...slot, previous: undefined });
  return slot !== undefined;
}
