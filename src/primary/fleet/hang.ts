/**
 * A worker whose event loop does not turn. First others accept from its slot's socket, for it may only be busy; when it has
 * been silent for the heartbeat timeout it is given up: looked into, killed, and replaced like one that crashed.
 */
import type { WorkerId } from './events.ts';
import { workerOf } from './fleet.ts';
import { giveUp, kill } from './retire.ts';
import type { Step } from './step.ts';

export function onHung(step: Step, id: WorkerId, silent: number): void {
  const worker = workerOf(step.fleet, id);
  if (worker?.state !== 'serving' || worker.isHung) return;
  step.change(worker, { isHung: true });
  step.tell('worker hung', { worker, silent });
  step.do({ do: 'rescue', worker: id, isHung: true });
}

export function onBeating(step: Step, id: WorkerId): void {
  const worker = workerOf(step.fleet, id);
  // One that was given up is about to be killed, and is not given its sockets back for a moment.
  if (worker === undefined || !worker.isHung || worker.isGivenUp) return;
  step.change(worker, { isHung: false });
  step.tell('worker beats again', { worker });
  step.do({ do: 'rescue', worker: id, isHung: false });
}

export function onSilent(step: Step, id: WorkerId, silent: number): void {
  const worker = workerOf(step.fleet, id);
  if (worker?.state !== 'serving' || worker.isGivenUp) return;
  const isLookedInto = step.settings.hangStack === 'on';
  step.tell('worker given up', { worker, silent, isLookedInto });
  if (isLookedInto) return giveUp(step, worker);
  kill(step, { ...worker, isGivenUp: true });
}

export function onDiagnosed(step: Step, id: WorkerId, stack: string): void {
  const worker = workerOf(step.fleet, id);
  if (worker === undefined || !worker.isGivenUp) return;
  step.tell('worker stack', { worker, stack });
  kill(step, worker);
}
