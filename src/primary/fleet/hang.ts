/**
 * Handles a worker whose event loop does not turn. At first others accept from its slot's socket, because it may only
 * be busy. When it has been silent for the heartbeat timeout it is given up: its stack is taken, and it is killed and
 * replaced like one that crashed. One that drains is killed too: its clients would wait for the end of the drain.
 */
import type { WorkerId } from './ids.ts';
import { workerOf, type Worker } from './fleet.ts';
import { giveUp, kill } from './retire.ts';
import type { Step } from './step.ts';

export function onHung(step: Step, id: WorkerId, silent: number): void {
  const worker = workerOf(step.fleet, id);
  if (!isWatched(worker) || worker.isHung) return;
  step.change(worker, { isHung: true });
  step.tell('worker hung', { worker, silent });
  step.do({ do: 'rescue', worker: id, isHung: true });
}

export function onBeating(step: Step, id: WorkerId): void {
  const worker = workerOf(step.fleet, id);
  // A worker that was given up is about to be killed, so it is not given its sockets back for a moment.
  if (worker === undefined || !worker.isHung || worker.isGivenUp) return;
  step.change(worker, { isHung: false });
  step.tell('worker beats again', { worker });
  // A worker that drains has given its sockets away for good.
  if (worker.state !== 'draining') step.do({ do: 'rescue', worker: id, isHung: false });
}

export function onSilent(step: Step, id: WorkerId, silent: number): void {
  const worker = workerOf(step.fleet, id);
  if (worker === undefined || worker.isGivenUp) return;
  if (worker.state !== 'draining' && !isWatched(worker)) return;
  const isLookedInto = step.settings.hangStack === 'on';
  step.tell('worker given up', { worker, silent, isLookedInto });
  if (isLookedInto) return giveUp(step, worker);
  kill(step, { ...worker, isGivenUp: true });
}

/** A parked worker is of no use if it hangs, so it is watched like one that serves. */
function isWatched(worker: Worker | undefined): worker is Worker {
  return worker?.state === 'serving' || worker?.state === 'parked';
}

export function onDiagnosed(step: Step, id: WorkerId, stack: string): void {
  const worker = workerOf(step.fleet, id);
  if (worker === undefined || !worker.isGivenUp) return;
  step.tell('worker stack', { worker, stack });
  kill(step, worker);
}
