import { bootSuccessor } from '../boot.ts';
import { mostBoots } from '../first-boots.ts';
import { isServing, workerOf, type Fleet, type Slot } from '../fleet.ts';
import { keepGeneration } from '../parking/kept.ts';
import { release, releaseAside } from '../parking/parking.ts';
import { beginWatch, planCanary, watchedCanary } from './canary.ts';
import type { Procedure } from './procedure.ts';
import { dismissSpares } from '../spares.ts';

/**
 * Replaces the worker of every slot. At most `maxSurge` new workers boot at a time, and while one settles, another
 * boots. A worker that has settled gets the slot, and the old one is parked until the reload is over. A new worker that
 * ends before that, or before it has proved itself, ends the reload, and the slots go back. With a canary it pauses when
 * the first few slots serve, until that is promoted.
 */
export const reload: Procedure<'reload'> = {
  // The canary that is watched is not the newest code any more.
  admit: ({ fleet }) => (watchedCanary(fleet) === undefined ? 'wait' : 'first'),

  begin(step, target) {
    const canary = planCanary(step, target);
    if (canary !== undefined && 'ok' in canary) return canary;
    const { fleet } = step;
    const generation = fleet.generation + 1;
    const todo = canary?.slots ?? fleet.slots.map(({ index }) => index);
    step.fleet = { ...fleet, generation, dropped: [], running: { ...fleet.running!, todo, canary } };
    step.tell('reloading', { generation });
    // They have the code that is about to go, and take the memory that the new workers need.
    releaseAside(step);
    return undefined;
  },

  advance(step, { todo }) {
    if (watchedCanary(step.fleet) !== undefined) return 'waiting';
    let surge = booting(step.fleet);
    const left: number[] = [];
    for (const index of todo) {
      const slot = step.fleet.slots[index]!;
      const need = needOf(step.fleet, slot);
      if (need === 'successor' && surge < mostBoots(step, step.settings.maxSurge)) {
        bootSuccessor(step, slot);
        surge++;
      } else if (need !== 'nothing') {
        left.push(index);
      }
    }
    step.fleet = { ...step.fleet, running: { ...step.fleet.running!, todo: left } };
    const isOver = left.length === 0 && step.fleet.slots.every(({ successor }) => successor === undefined);
    if (!isOver) return 'waiting';
    const { running } = step.fleet;
    if (running?.canary === undefined) return 'done';
    beginWatch(step, running, running.canary);
    return 'waiting';
  },

  ended(step, { startedAt, workers }, _target, outcome) {
    step.disarm({ timer: 'watch' });
    const { generation, reloads } = step.fleet;
    const last = { generation, outcome, at: step.at };
    // This is announced after a failed reload too: what served before goes on.
    if (step.fleet.phase === 'serving') step.do({ do: 'announce', what: 'ready' });
    if (outcome.ok) {
      step.fleet = { ...step.fleet, reloads: { ...reloads, done: reloads.done + 1, last } };
      step.tell('reload done', { generation, took: step.at - startedAt });
      if (step.settings.keepPrevious > 0) keepGeneration(step, workers);
      else for (const slot of step.fleet.slots) release(step, slot);
      dismissSpares(step, 'reload', (one) => one !== generation);
    } else {
      step.fleet = { ...step.fleet, reloads: { ...reloads, failed: reloads.failed + 1, last } };
      step.tell('reload failed', { generation, slot: outcome.slot, reason: outcome.reason });
    }
  },
};

/**
 * Counts the successors that have not booted yet. One that settles takes no turn from the next, so settling costs no
 * time for each slot.
 */
function booting({ slots, workers }: Fleet): number {
  const successors = slots.flatMap(({ successor }) => (successor === undefined ? [] : workers.get(successor)!));
  return successors.filter(({ bootedAt }) => bootedAt === undefined).length;
}

/** A slot that crashed since the reload began has been filled with the new code, or is about to be. */
function needOf(fleet: Fleet, slot: Slot): 'successor' | 'time' | 'nothing' {
  const worker = workerOf(fleet, slot.worker);
  if (worker?.generation !== fleet.generation) return 'successor';
  return isServing(fleet, slot) ? 'nothing' : 'time';
}
