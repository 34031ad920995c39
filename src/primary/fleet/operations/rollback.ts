import { duration } from '../../../format/duration.ts';
import { forgetSize } from '../autoscale/state.ts';
import { withSlot, workerOf, type Fleet, type Kept, type Slot } from '../fleet.ts';
import { canReturn, giveBack, isReturning, releaseAside } from '../parking/parking.ts';
import { refill } from '../refill.ts';
import { retire } from '../retire.ts';
import { dismissSpares } from '../spares.ts';
import type { Step } from '../step.ts';
import type { Failure } from './operation.ts';
import type { Procedure } from './procedure.ts';

/**
 * Returns to the generation before the last reload, whose workers are parked. It is urgent: it ends the operation that
 * runs. When that is a reload, the way back is the end of the reload itself.
 */
export const rollback: Procedure<'rollback'> = {
  admit({ fleet, settings }) {
    const isReloading = fleet.running?.operation.kind === 'reload';
    return isReloading || fleet.kept !== undefined ? 'first' : nothing(fleet, settings.keepPrevious);
  },

  begin(step, { why }) {
    const { kept, running } = step.fleet;
    // A crash loop is one of the generation that served before the reload, so the end of the reload does not end it.
    const isEndOfReload = running!.operation.instead === 'reload' && why === undefined;
    if (!isEndOfReload) {
      if (kept === undefined) return nothing(step.fleet, step.settings.keepPrevious);
      returnTo(step, kept, why ?? 'it was asked for');
    }
    const todo = step.fleet.slots.map(({ index }) => index).filter((index) => isReturning(step.fleet, index));
    const serves = isEndOfReload ? servingGeneration(step.fleet) : kept!.generation;
    step.fleet = { ...step.fleet, running: { ...step.fleet.running!, todo, serves } };
    return undefined;
  },

  advance(step, { todo }) {
    const left = todo.filter((index) => isReturning(step.fleet, index));
    step.fleet = { ...step.fleet, running: { ...step.fleet.running!, todo: left } };
    return left.length === 0 ? 'done' : 'waiting';
  },

  ended(step, { startedAt, serves = 0 }, _target, outcome) {
    if (outcome.ok) step.tell('rolled back', { generation: serves, took: step.at - startedAt });
  },
};

function returnTo(step: Step, kept: Kept, why: string): void {
  const bad = step.fleet.generation;
  step.tell('rolling back', { generation: kept.generation, from: bad, why });
  // Workers that are started from here on run what the parked ones do.
  step.do({ do: 'revert' });
  // Workers that wait for a slot have the code that is left. No slot may get one of them.
  dismissSpares(step, 'rollback', (generation) => generation !== kept.generation);
  const { slots } = step.fleet;
  // A person who has scaled since then has chosen the number.
  const wanted = kept.resized?.to === slots.length ? kept.resized.from : slots.length;
  for (const { index } of slots.slice(0, wanted)) returnSlot(step, step.fleet.slots[index]!, kept);
  if (wanted !== slots.length) resize(step, wanted);
  // Their slots are taken by now.
  step.fleet = { ...step.fleet, kept: undefined, crashLoop: undefined };
  step.disarm({ timer: 'kept' });
  releaseAside(step);
  forgetSize(step);
  const { reloads } = step.fleet;
  const last = { generation: bad, outcome: { ok: false, reason: `rolled back: ${why}` }, at: step.at } as const;
  step.fleet = { ...step.fleet, reloads: { ...reloads, back: reloads.back + 1, last } };
}

/** The settings of the generation before ask for another number of workers. No client waits for that. */
function resize(step: Step, workers: number): void {
  const scale = { kind: 'scale', target: { workers }, requests: [] } as const;
  step.fleet = { ...step.fleet, pending: [scale, ...step.fleet.pending] };
}

/**
 * Gives the slot to its parked worker. A slot that has none (it is newer, or that worker has died) is filled anew, also
 * where its last worker has just crashed. The crashes were those of other code, so it does not wait.
 */
function returnSlot(step: Step, slot: Slot, kept: Kept): void {
  const parked = workerOf(step.fleet, slot.kept);
  if (canReturn(parked)) return giveBack(step, slot, parked, 'rollback');
  if (parked !== undefined) retire(step, parked, 'rollback');
  const current = workerOf(step.fleet, slot.worker);
  if (current?.generation === kept.generation) {
    step.fleet = withSlot(step.fleet, { ...slot, kept: undefined });
    return;
  }
  step.tell('slot not kept', { slot: slot.index });
  step.disarm({ timer: 'respawn', slot: slot.index });
  const vacant = { ...slot, worker: undefined, kept: undefined, respawnAt: undefined, streak: 0 };
  step.fleet = withSlot(step.fleet, vacant);
  if (current !== undefined) retire(step, current, 'rollback');
  refill(step, vacant);
}

function servingGeneration({ slots, workers, generation }: Fleet): number {
  const served = slots.flatMap(({ worker }) => (worker === undefined ? [] : (workers.get(worker)?.generation ?? [])));
  return served[0] ?? generation;
}

function nothing({ reloads }: Fleet, keepPrevious: number): Failure {
  return { ok: false, reason: `there is nothing to roll back to: ${whyNothing(reloads.done, keepPrevious)}` };
}

function whyNothing(reloads: number, keepPrevious: number): string {
  if (keepPrevious === 0) return 'a reload keeps the generation before it only with --keep-previous <time>';
  const kept = `a generation is kept for ${duration(keepPrevious)} after a reload (--keep-previous)`;
  return reloads === 0 ? `${kept}, and there was none yet` : `${kept}, and the last one has been given up: see the log`;
}
