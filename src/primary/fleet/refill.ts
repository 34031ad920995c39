/** A slot without a worker gets its next one: a spare, or a new one, at once or after the backoff. */
import { fill, promoteSpare } from './boot.ts';
import { withSlot, workerOf, type Fleet, type Slot } from './fleet.ts';
import { backoff, LONGEST_WAIT_ALONE_MS, waitAfter, type Crash } from './respawn.ts';
import { standbySpare } from './spares.ts';
import type { Step } from './step.ts';

/**
 * Does nothing while a successor boots that was to have the slot anyway.
 *
 * @param crash of its last worker, which has just ended; undefined when that is longer ago.
 */
export function refill(step: Step, slot: Slot, crash?: Crash): void {
  if (!canRefill(step) || !isVacant(slot)) return;
  const { recoverInterval } = step.settings;
  const wait =
    crash === undefined ? backoff(slot.streak, recoverInterval) : waitAfter(crash, slot.streak, recoverInterval);
  if (wait === 0) take(step, slot);
  else wake(step, slot, isAlone(step.fleet) ? Math.min(wait, LONGEST_WAIT_ALONE_MS) : wait);
}

export function onRespawnDue(step: Step, index: number): void {
  const slot = step.fleet.slots[index];
  if (slot === undefined || !isVacant(slot)) return;
  step.fleet = withSlot(step.fleet, { ...slot, respawnAt: undefined });
  if (canRefill(step)) take(step, slot);
}

/**
 * After every event: when no worker serves and none is on its way, the slot that would be first is not left to its backoff.
 * That one alone: the others would crash as well, or are helped by it.
 */
export function keepTrying(step: Step): void {
  if (!canRefill(step) || !isAlone(step.fleet)) return;
  const waiting = step.fleet.slots.filter(({ respawnAt }) => respawnAt !== undefined);
  const [first] = waiting.toSorted((a, b) => a.respawnAt! - b.respawnAt!);
  if (first !== undefined && first.respawnAt! - step.at > LONGEST_WAIT_ALONE_MS) {
    wake(step, first, LONGEST_WAIT_ALONE_MS);
  }
}

function wake(step: Step, slot: Slot, wait: number): void {
  step.fleet = withSlot(step.fleet, { ...slot, respawnAt: step.at + wait });
  step.tell('worker respawning', { slot: slot.index, wait, crashes: slot.streak });
  step.arm({ timer: 'respawn', slot: slot.index }, wait);
}

/** Spares wait for the backoff too: a slot that kills whoever takes it would use them up as fast as they boot. */
function take(step: Step, slot: Slot): void {
  const spare = standbySpare(step.fleet);
  if (spare === undefined) return fill(step, slot);
  step.fleet = withSlot(step.fleet, { ...slot, worker: spare.id, respawnAt: undefined });
  promoteSpare(step, spare, slot.index, { replaces: slot.lastPid, isParked: false });
}

function isVacant({ worker, successor }: Slot): boolean {
  return worker === undefined && successor === undefined;
}

/** No slot has a worker that serves, or may soon. */
function isAlone(fleet: Fleet): boolean {
  return fleet.slots.every((slot) => isVacant(slot) || isHung(fleet, slot));
}

function isHung(fleet: Fleet, { worker, successor }: Slot): boolean {
  return successor === undefined && workerOf(fleet, worker)?.isHung === true;
}

function canRefill({ fleet: { phase } }: Step): boolean {
  return phase === 'starting' || phase === 'serving' || phase === 'delaying';
}
