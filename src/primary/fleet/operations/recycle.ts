import { bootSuccessor, promoteSpare } from '../boot.ts';
import type { WorkerId } from '../ids.ts';
import { isServing, slotOf, withSlot, workerOf, type Fleet } from '../fleet.ts';
import type { Procedure } from './procedure.ts';
import { PAUSE_AFTER_FAILURE_MS } from '../respawn.ts';
import { standbySpare } from '../spares.ts';

/** Replaces one worker that serves, by a spare if one is ready, else by one that is booted beside it. */
export const recycle: Procedure<'recycle'> = {
  isWelcome({ fleet, at }, { worker: id }) {
    return at >= fleet.recycleFrom && workerOf(fleet, id)?.state === 'serving' && !isRecycling(fleet, id);
  },

  begin(step, { worker: id, reason }) {
    const slot = slotOf(step.fleet, id);
    const worker = workerOf(step.fleet, id);
    // The worker has crashed, or was reloaded, while this waited for its turn.
    if (worker === undefined || slot?.worker !== id || !isServing(step.fleet, slot)) return undefined;
    step.tell('recycling', { worker, reason });
    const spare = standbySpare(step.fleet);
    if (spare === undefined) {
      bootSuccessor(step, slot);
    } else {
      step.fleet = withSlot(step.fleet, { ...slot, successor: spare.id });
      promoteSpare(step, spare, slot.index, { replaces: undefined, isParked: true });
    }
    return undefined;
  },

  advance: ({ fleet }) => (fleet.slots.some(({ successor }) => successor !== undefined) ? 'waiting' : 'done'),

  ended(step, _running, { worker, reason }, outcome) {
    if (outcome.ok) return;
    step.fleet = { ...step.fleet, recycleFrom: step.at + PAUSE_AFTER_FAILURE_MS };
    const slot = slotOf(step.fleet, worker)?.index;
    const pause = PAUSE_AFTER_FAILURE_MS;
    step.tell('recycling failed', { slot, limit: reason, reason: outcome.reason, pause });
  },
};

/**
 * Whether the worker's recycling is under way. The worker is reported again and again for as long as it is over its
 * limit.
 */
function isRecycling(fleet: Fleet, id: WorkerId): boolean {
  const operations = [fleet.running?.operation, ...fleet.pending];
  return operations.some((operation) => operation?.kind === 'recycle' && operation.target.worker === id);
}
