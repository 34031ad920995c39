/**
 * Workers whose slot an operation has given to a new one, and which it may still get back: they are alive and booted, keep their
 * connections, and accept nothing.
 */
import type { Asked } from '../exits/exit.ts';
import type { WorkerId } from './events.ts';
import { isServing, withSlot, workerOf, type Slot, type Worker } from './fleet.ts';
import { STABLE_AFTER_MS } from './respawn.ts';
import { retire } from './retire.ts';
import type { Step } from './step.ts';

/**
 * @param before has the slot's place until now, which is another's from here on.
 * @param asked what it is retired for if it does not get the slot back.
 */
export function park(step: Step, index: number, before: Worker, asked: Asked): void {
  step.move(before, 'park', { parkedFor: asked });
  step.fleet = withSlot(step.fleet, { ...step.fleet.slots[index]!, previous: before.id });
  step.arm({ timer: 'parked', worker: before.id }, STABLE_AFTER_MS);
  step.do({ do: 'park', worker: before.id });
}

/** The operation has failed: the parked worker of the slot, if there is one, serves it again. */
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

/** What the new code alone has opened goes with it: connections to it would wait for ever. */
export function forgetNews(step: Step, index: number): void {
  const slot = step.fleet.slots[index];
  if (slot !== undefined && isServing(step.fleet, slot)) step.do({ do: 'sweep', slot: index });
}

/** The operation is done: the slot stays with its new worker. */
export function release(step: Step, slot: Slot): void {
  const previous = workerOf(step.fleet, slot.previous);
  step.fleet = withSlot(step.fleet, { ...slot, previous: undefined });
  if (previous !== undefined) retire(step, previous, previous.parkedFor!);
}

/** The new one has served for so long that its end would be an accident. */
export function onProven(step: Step, id: WorkerId): void {
  const slot = step.fleet.slots.find(({ previous }) => previous === id);
  if (slot !== undefined) release(step, slot);
}

/** A parked worker has ended: there is no way back for its slot. @returns false when it was none. */
export function onParkedExit(step: Step, id: WorkerId): boolean {
  const slot = step.fleet.slots.find(({ previous }) => previous === id);
  if (slot !== undefined) step.fleet = withSlot(step.fleet, { ...slot, previous: undefined });
  return slot !== undefined;
}
