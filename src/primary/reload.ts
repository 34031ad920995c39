import { bootSuccessor } from './boot.ts';
import { isServing, spares, workerOf, type Fleet, type Slot } from './fleet.ts';
import type { ProcedureOf } from './procedure.ts';
import { retire } from './retire.ts';
import type { Step } from './step.ts';
import { duration } from './words.ts';

/**
 * Replaces the worker of every slot, `maxSurge` at a time. The next worker is booted up to its first listen before the
 * slot's sockets change hands and the old one drains. One that does not get so far ends the reload.
 */
export const reload: ProcedureOf<'reload'> = {
  begin(step) {
    const { fleet } = step;
    const generation = fleet.generation + 1;
    const todo = fleet.slots.map(({ index }) => index);
    step.fleet = { ...fleet, generation, running: { ...fleet.running!, todo } };
    step.log('info', 'reloading', { gen: generation });
    step.do({ do: 'announce', what: 'reloading' });
    return undefined;
  },

  advance(step, { todo }) {
    let surge = step.fleet.slots.filter(({ successor }) => successor !== undefined).length;
    const left: number[] = [];
    for (const index of todo) {
      const slot = step.fleet.slots[index]!;
      const need = needOf(step.fleet, slot);
      if (need === 'successor' && surge < step.settings.maxSurge) {
        bootSuccessor(step, slot);
        surge++;
      } else if (need !== 'nothing') {
        left.push(index);
      }
    }
    step.fleet = { ...step.fleet, running: { ...step.fleet.running!, todo: left } };
    return left.length === 0 && surge === 0 ? 'done' : 'waiting';
  },

  ended(step, { startedAt }, _operation, outcome) {
    const { generation, reloads } = step.fleet;
    const last = { generation, outcome, at: step.at };
    const { done, failed } = reloads;
    // Also after one that failed: what served before goes on.
    if (step.fleet.phase === 'serving') step.do({ do: 'announce', what: 'ready' });
    if (outcome.ok) {
      step.fleet = { ...step.fleet, reloads: { done: done + 1, failed, last } };
      step.log('info', 'reload done', { gen: generation, in: duration(step.at - startedAt) });
      dismissOldSpares(step);
    } else {
      step.fleet = { ...step.fleet, reloads: { done, failed: failed + 1, last } };
      step.log('error', 'reload failed', { gen: generation, slot: outcome.slot, reason: outcome.reason });
    }
  },
};

/** A slot that crashed since the reload began has been filled with the new code, or is about to be. */
function needOf(fleet: Fleet, slot: Slot): 'successor' | 'time' | 'nothing' {
  const worker = workerOf(fleet, slot.worker);
  if (worker?.generation !== fleet.generation) return 'successor';
  return isServing(fleet, slot) ? 'nothing' : 'time';
}

function dismissOldSpares(step: Step): void {
  for (const spare of spares(step.fleet)) {
    if (spare.generation !== step.fleet.generation) retire(step, spare, 'reload');
  }
}
