/**
 * Keeps the generation before the present one for a while after a reload (`--keep-previous`): its workers are parked,
 * so that `prefork rollback` can return to them without a boot, whatever is on the disk by then.
 */
import type { Crash } from '../respawn.ts';
import { broughtGeneration, withSlot, workerOf, type Worker } from '../fleet.ts';
import { canReturn, shed, withoutPlaces } from './parking.ts';
import { retire } from '../retire.ts';
import type { Step } from '../step.ts';

/** So many crashes of young workers within the recover window are a loop. */
export const LOOP_CRASHES = 3;

/**
 * A reload is done. The workers that it has parked stay, and give their connections to those of the new generation.
 *
 * @param workers how many slots there are to be from now on, where the reload has changed that.
 */
export function keepGeneration(step: Step, workers: number | undefined): void {
  const { keepPrevious } = step.settings;
  giveUpKept(step, 'a newer generation serves');
  const kept: Worker[] = [];
  for (const slot of step.fleet.slots) {
    const previous = workerOf(step.fleet, slot.previous);
    if (previous === undefined) continue;
    const isKept: boolean = canReturn(previous);
    step.fleet = withSlot(step.fleet, { ...slot, previous: undefined, kept: isKept ? previous.id : undefined });
    if (isKept) kept.push(previous);
    else retire(step, previous, previous.parkedFor!);
  }
  const [first] = kept;
  if (first === undefined) return;
  const { generation } = first;
  const resized = workers === undefined ? undefined : { from: step.fleet.slots.length, to: workers };
  step.fleet = { ...step.fleet, kept: { generation, until: step.at + keepPrevious, crashes: [], resized } };
  step.arm({ timer: 'kept' }, keepPrevious);
  step.tell('generation kept', { generation, workers: kept.length, keep: keepPrevious });
  for (const { id } of kept) shed(step, id, 'slot');
}

/** Ends the workers of the generation that is kept, if there is one. */
export function giveUpKept(step: Step, why: string): void {
  const { kept, slots } = step.fleet;
  if (kept === undefined) return;
  forgetKept(step, why);
  for (const slot of slots) {
    const worker = workerOf(step.fleet, slot.kept);
    if (worker === undefined) continue;
    step.fleet = withSlot(step.fleet, { ...step.fleet.slots[slot.index]!, kept: undefined });
    retire(step, worker, worker.parkedFor!);
  }
}

/** There is no way back to the generation any more. Its workers are about to end, or have ended. */
export function forgetKept(step: Step, why: string): void {
  const { kept } = step.fleet;
  if (kept === undefined) return;
  step.fleet = { ...step.fleet, kept: undefined };
  step.disarm({ timer: 'kept' });
  step.tell('generation given up', { generation: kept.generation, why });
}

/** A worker has ended. Where it was parked for a slot, there is no way back to it. */
export function vacatePlaces(step: Step, { id }: Worker): void {
  const slot = step.fleet.slots.find(({ previous, kept }) => previous === id || kept === id);
  if (slot !== undefined) step.fleet = withSlot(step.fleet, withoutPlaces(slot, id));
  forgetKeptWithoutWorkers(step);
}

/** A generation of which no worker is parked any more is no way back. */
export function forgetKeptWithoutWorkers(step: Step): void {
  if (step.fleet.kept === undefined || step.fleet.slots.some(({ kept }) => kept !== undefined)) return;
  forgetKept(step, 'none of its workers is left');
}

/**
 * Counts the crash of a worker in its slot. A crash of the code that a reload is about to bring ends that reload, and says
 * nothing about the generation after the kept one.
 *
 * @returns whether the generation after the kept one is in a crash loop by that.
 */
export function loopsSinceReload(step: Step, worker: Worker, { uptime, isFromOutside }: Crash): boolean {
  const { kept } = step.fleet;
  const { recoverWindow } = step.settings;
  if (kept === undefined || worker.generation === kept.generation || isFromOutside) return false;
  if (worker.generation === broughtGeneration(step.fleet)) return false;
  if (uptime !== undefined && uptime >= recoverWindow) return false;
  const crashes = [...kept.crashes.filter((time) => step.at - time < recoverWindow), step.at];
  step.fleet = { ...step.fleet, kept: { ...kept, crashes } };
  return crashes.length >= LOOP_CRASHES;
}
