/**
 * Reload, scale, recycle, upgrade: one at a time, in the order in which they were asked for. Each is a transaction: it
 * comes to an end that everyone who asked for it is told, and one that fails leaves what served before serving.
 */
import type { Outcome, ScaleTarget } from '../../../contract/outcome.ts';
import { withSlot, workerOf, type Fleet, type Operation, type Slot } from '../fleet.ts';
import type { Failure, Procedure, ProcedureOf } from './operation.ts';
import { forgetNews, goBack } from '../parking.ts';
import { recycle } from './recycle.ts';
import { refill } from '../refill.ts';
import { reload } from './reload.ts';
import { retire } from '../retire.ts';
import { scale } from './scale.ts';
import type { Step } from '../step.ts';
import { upgrade } from './upgrade.ts';

const procedures: { readonly [Kind in Operation['kind']]: ProcedureOf<Kind> } = { reload, scale, recycle, upgrade };

function procedureOf({ kind }: Operation): Procedure<Operation> {
  return procedures[kind];
}

export function enqueue(step: Step, operation: Operation): void {
  const { phase } = step.fleet;
  if (phase === 'idle' || phase === 'starting' || phase === 'serving') {
    step.fleet = { ...step.fleet, pending: joined(step.fleet.pending, operation) };
    if (step.fleet.running !== undefined && operation.kind !== 'recycle') {
      step.log('info', `${operation.kind} waits`, { for: step.fleet.running.operation.kind });
    }
  } else {
    answer(step, operation, refusalOf(step.fleet));
  }
}

/** After an upgrade it is the next primary that is to be asked. */
function refusalOf({ stop, error }: Fleet): Failure {
  const isSucceeded = stop?.isByUser === false && error === undefined;
  return isSucceeded
    ? { ok: false, reason: 'the server was upgraded', again: true }
    : { ok: false, reason: 'the server is stopping' };
}

/**
 * What is asked for while the same waits for its turn becomes part of that: a reload will boot whatever is there by then,
 * and of several steps in scaling only the sum matters.
 */
function joined(pending: Fleet['pending'], operation: Operation): Fleet['pending'] {
  const index = pending.findLastIndex((waiting) => canJoin(waiting, operation));
  if (index === -1) return [...pending, operation];
  const waiting = pending[index]!;
  const requests = [...waiting.requests, ...operation.requests];
  if (waiting.kind !== 'scale' || operation.kind !== 'scale') return pending.with(index, { ...waiting, requests });
  return pending.with(index, { kind: 'scale', to: sumOf(waiting.to, operation.to), requests });
}

function canJoin(waiting: Operation, { kind }: Operation): boolean {
  return waiting.kind === kind && (kind === 'reload' || kind === 'scale');
}

function sumOf(first: ScaleTarget, second: ScaleTarget): ScaleTarget {
  if ('workers' in second) return second;
  return 'workers' in first ? { workers: first.workers + second.by } : { by: first.by + second.by };
}

/** After every event: the running operation goes on as far as it can, and then the next one begins. */
export function advance(step: Step): void {
  while (step.fleet.phase === 'serving') {
    const { running, pending } = step.fleet;
    if (running === undefined) {
      const [next, ...rest] = pending;
      if (next === undefined) return;
      step.fleet = { ...step.fleet, pending: rest, running: { operation: next, startedAt: step.at, todo: [] } };
      const refusal = procedureOf(next).begin(step, next);
      if (refusal !== undefined) finish(step, refusal);
    } else {
      const progress = procedureOf(running.operation).advance(step, running, running.operation);
      if (progress === 'waiting') return;
      complete(step);
    }
  }
}

/**
 * A worker that the operation needed has ended: so does the operation, and whatever it booted beside. Slots go back to the
 * workers that it has parked. A slot whose own worker crashed meanwhile had only its successor to wait for, and is vacant now.
 */
export function abort(step: Step, failure: Failure): void {
  const affected = step.fleet.slots.filter(({ successor }) => successor !== undefined);
  for (const slot of affected) dismissSuccessor(step, slot);
  for (const slot of step.fleet.slots) goBack(step, slot);
  finish(step, failure);
  for (const { index } of affected) refill(step, step.fleet.slots[index]!);
}

/** The operation has done all that it was to do. @param generation that serves because of it. */
export function complete(step: Step, generation: number = step.fleet.generation): void {
  const { slots, running } = step.fleet;
  if (running === undefined) return;
  finish(step, { ok: true, generation, workers: slots.length, took: Math.round(step.at - running.startedAt) });
}

/**
 * The next primary does what waits: what a signal asked for, it is signalled; who waits for an answer is told to ask it.
 *
 * @param pid of the next primary.
 */
export function passOn(step: Step, pid: number): void {
  const { pending } = step.fleet;
  step.fleet = { ...step.fleet, pending: [] };
  for (const operation of pending) {
    answer(step, operation, { ok: false, reason: `the server was upgraded: its primary is ${pid} now`, again: true });
    if (operation.requests.length > 0) continue;
    for (const signal of signalsFor(operation)) step.do({ do: 'signal', pid, signal });
  }
}

/** The next primary's workers are new: none of them is to be recycled, and it has been upgraded to. */
function signalsFor(operation: Operation): NodeJS.Signals[] {
  switch (operation.kind) {
    case 'reload':
      return ['SIGHUP'];
    case 'scale': {
      const by = 'by' in operation.to ? operation.to.by : 0;
      return Array.from({ length: Math.abs(by) }, () => (by > 0 ? 'SIGTTIN' : 'SIGTTOU'));
    }
    case 'recycle':
    case 'upgrade':
      return [];
  }
}

/** Nothing is begun any more, and what runs is over. */
export function abandonAll(step: Step, reason: string): void {
  abort(step, { ok: false, reason });
  for (const operation of step.fleet.pending) answer(step, operation, { ok: false, reason });
  step.fleet = { ...step.fleet, pending: [] };
}

function dismissSuccessor(step: Step, slot: Slot): void {
  const successor = workerOf(step.fleet, slot.successor);
  step.fleet = withSlot(step.fleet, { ...slot, successor: undefined });
  if (successor === undefined) return;
  retire(step, successor, 'abort');
  forgetNews(step, slot.index);
}

function finish(step: Step, outcome: Outcome): void {
  const { running } = step.fleet;
  if (running === undefined) return;
  step.fleet = { ...step.fleet, running: undefined };
  procedureOf(running.operation).ended(step, running, running.operation, outcome);
  answer(step, running.operation, outcome);
}

function answer(step: Step, { requests }: Operation, outcome: Outcome): void {
  for (const request of requests) step.do({ do: 'settle', request, outcome });
}
