/** A slot without a worker gets its next one: a spare, or a new one, at once or after the backoff. */
import { fill, promoteSpare } from './boot.ts';
import { servingSlots, withSlot, type Slot } from './fleet.ts';
import { backoff, isNeededAtOnce } from './respawn.ts';
import { standbySpare } from './spares.ts';
import type { Step } from './step.ts';
import { duration } from './words.ts';

/**
 * Does nothing while a successor boots that was to have the slot anyway.
 *
 * @param uptime ms that its last worker served; undefined when it never did.
 */
export function refill(step: Step, slot: Slot, uptime: number | undefined): void {
  if (!canRefill(step) || slot.worker !== undefined || slot.successor !== undefined) return;
  const wait = isNeededAtOnce(uptime, servingSlots(step.fleet))
    ? 0
    : backoff(slot.streak, step.settings.recoverInterval);
  if (wait === 0) return take(step, slot);
  step.log('warn', 'worker respawning', { slot: slot.index, in: duration(wait), crashes: slot.streak });
  step.arm({ timer: 'respawn', slot: slot.index }, wait);
}

export function onRespawnDue(step: Step, index: number): void {
  const slot = step.fleet.slots[index];
  if (slot === undefined || slot.worker !== undefined || slot.successor !== undefined) return;
  if (canRefill(step)) take(step, slot);
}

/** Spares wait for the backoff too: a slot that kills whoever takes it would use them up as fast as they boot. */
function take(step: Step, slot: Slot): void {
  const spare = standbySpare(step.fleet);
  if (spare === undefined) return fill(step, slot);
  step.fleet = withSlot(step.fleet, { ...slot, worker: spare.id });
  promoteSpare(step, spare, slot.index, slot.lastPid);
}

function canRefill({ fleet: { phase } }: Step): boolean {
  return phase === 'starting' || phase === 'serving' || phase === 'delaying';
}
