/** From a fork to a worker that serves: the slot's own, its next one, and spares. */
import type { WorkerId } from './events.ts';
import { isServing, slotOf, withSlot, withWorker, workerOf, type Slot, type Worker } from './fleet.ts';
import { retire } from './retire.ts';
import type { Step } from './step.ts';
import { describe, duration } from './words.ts';

/** How long after a worker is ready its application may open further listeners before the old ones are swept, ms. */
const SWEEP_AFTER = 10_000;

/** Forks the worker of a slot that has none: the sockets are its own as soon as it asks. */
export function fill(step: Step, slot: Slot): void {
  const worker = fork(step, { slot: slot.index, isSeated: true, replaces: slot.lastPid });
  step.fleet = withSlot(step.fleet, { ...slot, worker });
}

/** Forks a worker that will wait at its first listen until the slot is given to it. */
export function bootSuccessor(step: Step, slot: Slot): void {
  const successor = fork(step, { slot: slot.index, isSeated: false, replaces: undefined });
  step.fleet = withSlot(step.fleet, { ...slot, successor });
}

export function bootSpare(step: Step): void {
  fork(step, { slot: undefined, isSeated: false, replaces: undefined });
}

function fork(
  step: Step,
  { slot, isSeated, replaces }: { slot: number | undefined; isSeated: boolean; replaces: number | undefined },
): WorkerId {
  const id = step.fleet.workersForked + 1;
  const { generation } = step.fleet;
  const worker: Worker = {
    id,
    pid: undefined,
    state: 'booting',
    slot,
    generation,
    forkedAt: step.at,
    neededAt: step.at,
    readyAt: undefined,
    servesSince: undefined,
    replaces,
    asked: undefined,
    recycled: undefined,
    isHung: false,
    heldUntil: 0,
    isGivenUp: false,
    offences: 0,
    expelledFor: undefined,
    isKilled: false,
  };
  step.fleet = { ...withWorker(step.fleet, worker), workersForked: id };
  // The deadline comes first: whatever happens to the fork, somebody looks at it again.
  step.arm({ timer: 'ready', worker: id }, step.settings.readyTimeout);
  step.do({ do: 'fork', worker: id, slot, isSeated, generation });
  return id;
}

export function onForked(step: Step, id: WorkerId, pid: number): void {
  const worker = workerOf(step.fleet, id);
  if (worker === undefined) return;
  step.change(worker, { pid });
  step.log('debug', 'worker forked', describe({ ...worker, pid }));
  step.do({ do: 'call', hook: 'onWorkerSpawn', pid });
}

/** It could serve now. With a slot of its own it does; otherwise it waits to be promoted. */
export function onReady(step: Step, id: WorkerId): void {
  const worker = workerOf(step.fleet, id);
  // Ready more than once, or too late: it has been asked to end meanwhile.
  if (worker?.state !== 'booting') return;
  const slot = slotOf(step.fleet, id);
  if (slot?.worker === id) {
    onServing(step, id);
    return;
  }
  step.disarm({ timer: 'ready', worker: id });
  const standby = step.move(worker, 'ready', { readyAt: step.at });
  if (slot !== undefined) promote(step, standby, slot.index);
  else step.log('info', 'spare ready', { ...describe(standby), in: duration(step.at - standby.forkedAt) });
}

/** A spare gets a slot. */
export function promoteSpare(step: Step, spare: Worker, slot: number, replaces?: number): void {
  promote(step, { ...spare, neededAt: step.at, replaces }, slot);
}

/** It has booted, and gets the slot's sockets. A deadline again: it may never accept from them. */
function promote(step: Step, worker: Worker, slot: number): void {
  step.move(worker, 'promote', { slot });
  step.arm({ timer: 'ready', worker: worker.id }, step.settings.readyTimeout);
  step.do({ do: 'promote', worker: worker.id, slot });
}

/** It accepts. Whoever had its slot until now may leave. */
export function onServing(step: Step, id: WorkerId): void {
  const worker = workerOf(step.fleet, id);
  const slot = slotOf(step.fleet, id);
  if (worker === undefined || slot === undefined) return;
  if (worker.state !== 'booting' && worker.state !== 'taking') return;
  const serving = step.move(worker, 'serve', { readyAt: worker.readyAt ?? step.at, servesSince: step.at });
  step.disarm({ timer: 'ready', worker: id });
  step.arm({ timer: 'sweep', slot: slot.index }, SWEEP_AFTER);
  step.log('info', 'worker ready', { ...describe(serving), in: duration(step.at - worker.neededAt) });
  recovered(step, slot, serving);
  takeSlot(step, slot, serving);
  startedWhenAllAreReady(step);
}

function recovered(step: Step, slot: Slot, worker: Worker): void {
  const { pid } = worker;
  // A successor finds the slot vacant when the worker that it was to take over from has crashed.
  const replaces = slot.worker === undefined ? slot.lastPid : worker.replaces;
  if (replaces === undefined || pid === undefined) return;
  step.do({ do: 'call', hook: 'onWorkerRecover', oldPid: replaces, newPid: pid });
}

function takeSlot(step: Step, slot: Slot, { id }: Worker): void {
  if (slot.worker === id) return;
  const before = workerOf(step.fleet, slot.worker);
  step.disarm({ timer: 'respawn', slot: slot.index });
  step.fleet = withSlot(step.fleet, { ...slot, worker: id, successor: undefined });
  if (before === undefined) return;
  const operation = step.fleet.running?.operation;
  if (operation?.kind === 'recycle') retire(step, before, 'recycle', { recycled: operation.reason });
  else retire(step, before, 'reload');
}

/** The first time that every slot serves. */
function startedWhenAllAreReady(step: Step): void {
  const { phase, slots, startedAt } = step.fleet;
  if (phase !== 'starting' || !slots.every((slot) => isServing(step.fleet, slot))) return;
  step.fleet = { ...step.fleet, phase: 'serving' };
  step.log('info', 'ready', { workers: slots.length, in: duration(step.at - startedAt) });
  step.do({ do: 'announce', what: 'ready' });
  const pids = slots.flatMap(({ worker }) => workerOf(step.fleet, worker)?.pid ?? []);
  step.do({ do: 'call', hook: 'onPrimaryReady', pids });
}
