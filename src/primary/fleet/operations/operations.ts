/**
 * Runs operations one at a time, in the order in which they were asked for. Each is a transaction. It comes to an end,
 * and all who asked for it are told of that. An operation that fails leaves what served before serving. The operations
 * are listed in table.ts.
 */
import type { OperationKind } from '../../../contract/operations.ts';
import type { Outcome } from '../../../contract/outcome.ts';
import type { FleetEvent, Operate } from '../events.ts';
import { broughtGeneration, withSlot, workerOf, type Fleet, type Running, type Slot } from '../fleet.ts';
import type { Failure, Operation, Success } from './operation.ts';
import type { OperationRow } from './procedure.ts';
import { comparisonOf, leaveGeneration } from './canary.ts';
import { closeNewListeners, goBack } from '../parking/parking.ts';
import { refill } from '../refill.ts';
import { retire } from '../retire.ts';
import { dismissSpares } from '../spares.ts';
import type { Step } from '../step.ts';
import { operations } from './table.ts';

/** The row of an operation takes the target of that operation, which the compiler cannot see. */
function rowOf({ kind }: Pick<Operation, 'kind'>): OperationRow<OperationKind> {
  return operations[kind] as OperationRow<OperationKind>;
}

export function onOperate(step: Step, { kind, target = {}, request }: Operate): void {
  const operation = { kind, target, requests: request === undefined ? [] : [request] } as Operation;
  const { procedure, tellsOfWaiting } = rowOf(operation);
  if (procedure.isWelcome?.(step, operation.target) === false) return;
  const { phase, running, pending } = step.fleet;
  if (phase === 'idle' || phase === 'starting' || phase === 'serving') {
    const admission = procedure.admit?.(step, operation.target) ?? 'wait';
    if (admission === 'first') return startFirst(step, operation);
    if (admission === 'join') return joinRunning(step, operation);
    if (admission !== 'wait') return answer(step, operation, admission);
    step.fleet = { ...step.fleet, pending: joined(pending, operation) };
    if (running !== undefined && tellsOfWaiting) {
      step.tell('operation waits', { operation: kind, behind: running.operation.kind });
    }
  } else {
    answer(step, operation, refusalOf(step.fleet));
  }
}

/** Ends the operation that runs, so that this one is the next. */
export function startFirst(step: Step, operation: Operation): void {
  const instead = step.fleet.running?.operation.kind;
  if (instead !== undefined) abort(step, { ok: false, reason: `a ${operation.kind} came first` });
  step.fleet = { ...step.fleet, pending: [{ ...operation, ...(instead && { instead }) }, ...step.fleet.pending] };
}

/** The outcome of the operation that runs is the answer to this one, too. */
function joinRunning(step: Step, { requests }: Operation): void {
  const running = step.fleet.running!;
  const { operation } = running;
  const joint = { ...operation, requests: [...operation.requests, ...requests] };
  step.fleet = { ...step.fleet, running: { ...running, operation: joint } };
}

/** After an upgrade the client has to ask the next primary. */
function refusalOf({ stop, error }: Fleet): Failure {
  const isSucceeded = stop?.isByUser === false && error === undefined;
  return isSucceeded
    ? { ok: false, reason: 'the server was upgraded', again: true }
    : { ok: false, reason: 'the server is stopping' };
}

/**
 * An operation that is asked for while the same one waits for its turn becomes part of that one, where its row says
 * how.
 */
function joined(pending: Fleet['pending'], next: Operation): Fleet['pending'] {
  const { join } = rowOf(next);
  const index = join === undefined ? -1 : pending.findLastIndex(({ kind }) => kind === next.kind);
  if (join === undefined || index === -1) return [...pending, next];
  const waiting = pending[index]!;
  const requests = [...waiting.requests, ...next.requests];
  return pending.with(index, { ...waiting, target: join(waiting.target, next.target), requests } as Operation);
}

/** Runs after every event. The running operation goes on as far as it can, and then the next one begins. */
export function advance(step: Step): void {
  while (step.fleet.phase === 'serving') {
    const { running: current, pending } = step.fleet;
    if (current === undefined) {
      const [next, ...rest] = pending;
      if (next === undefined) return;
      const row = rowOf(next);
      const { retires, parks, owns, takesOldSpares } = row;
      const policy = { retires, parks, owns, takesOldSpares };
      const isRenewing = row.renews === true;
      const limit = row.limit?.(next.target);
      const running = { operation: next, policy, limit, startedAt: step.at, isRenewing, workers: undefined, todo: [] };
      step.fleet = { ...step.fleet, pending: rest, running };
      if (isRenewing) renew(step);
      else begin(step, next);
    } else if (current.isRenewing) {
      return;
    } else {
      const { operation } = current;
      const progress = rowOf(operation).procedure.advance(step, current, operation.target);
      if (progress === 'waiting') return;
      complete(step);
    }
  }
}

/** Service managers wait from here on, also where the answer is that nothing can be reloaded. */
function renew(step: Step): void {
  step.do({ do: 'announce', what: 'reloading' });
  step.do({ do: 'renew' });
}

function begin(step: Step, operation: Operation): void {
  const refusal = rowOf(operation).procedure.begin(step, operation.target);
  if (refusal !== undefined) finish(step, refusal);
}

/** The new workers run what was read, from now on. */
export function onRenewed(step: Step, { workers }: Extract<FleetEvent, { type: 'renewed' }>): void {
  const { running } = step.fleet;
  if (running?.isRenewing !== true) return;
  step.fleet = { ...step.fleet, running: { ...running, isRenewing: false, workers } };
  begin(step, running.operation);
}

export function onNotRenewed(step: Step, { reason }: Extract<FleetEvent, { type: 'not-renewed' }>): void {
  if (step.fleet.running?.isRenewing === true) abort(step, { ok: false, reason });
}

/** A worker that the operation owns has ended. The operation goes on without it, or ends. */
export function onOwnExit(step: Step, failure: Failure): void {
  const running = step.fleet.running!;
  const { operation } = running;
  if (rowOf(operation).procedure.goesOnWithout?.(step, running, operation.target, failure) !== true)
    abort(step, failure);
}

/**
 * A worker that the operation needed has ended. The operation ends too, with every worker that it booted beside. Slots
 * go back to the workers that it has parked. A slot whose own worker crashed meanwhile had only its successor to wait
 * for, and is vacant now. A slot that has new code all the same is filled anew.
 */
export function abort(step: Step, failure: Failure): void {
  const brought = broughtGeneration(step.fleet);
  const affected = step.fleet.slots.filter(({ successor }) => successor !== undefined);
  for (const slot of affected) dismissSuccessor(step, slot);
  for (const slot of step.fleet.slots) goBack(step, slot);
  finish(step, failure);
  const isToServe = step.fleet.phase === 'serving';
  if (isToServe && brought !== undefined) dismissSpares(step, 'abort', (generation) => generation === brought);
  // Workers that are started from here on have the same number, and the code that was before.
  if (isToServe && brought !== undefined) leaveGeneration(step, brought);
  for (const { index } of affected) refill(step, step.fleet.slots[index]!);
}

/**
 * The operation has done all that it was to do.
 * @param generation the one that serves because of it.
 */
export function complete(step: Step, generation: number = step.fleet.running?.serves ?? step.fleet.generation): void {
  const { slots, running } = step.fleet;
  if (running === undefined) return;
  finish(step, { ok: true, generation, workers: slots.length, took: Math.round(step.at - running.startedAt) });
}

/**
 * The next primary does what waits. What a signal asked for is passed on as a signal. A client that waits for an answer
 * is told to ask the next primary.
 *
 * @param pid the pid of the next primary.
 */
export function passOn(step: Step, pid: number): void {
  const { pending } = step.fleet;
  step.fleet = { ...step.fleet, pending: [] };
  for (const operation of pending) {
    answer(step, operation, { ok: false, reason: `the server was upgraded: its primary is ${pid} now`, again: true });
    if (operation.requests.length > 0) continue;
    for (const signal of rowOf(operation).signals(operation.target)) step.do({ do: 'signal', pid, signal });
  }
}

/** Begins nothing any more, and ends what runs. */
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
  closeNewListeners(step, slot.index);
}

function finish(step: Step, ended: Outcome): void {
  const { running } = step.fleet;
  if (running === undefined) return;
  const { operation } = running;
  const { renews, procedure } = rowOf(operation);
  const comparison = comparisonOf(running);
  const outcome = comparison === undefined ? ended : { ...ended, comparison };
  step.fleet = { ...step.fleet, running: undefined };
  procedure.ended(step, running, operation.target, outcome);
  if (renews === true && !running.isRenewing && !outcome.ok) step.do({ do: 'revert' });
  if (outcome.ok && isResizing(step.fleet, running)) resize(step, running, outcome);
  else answer(step, operation, outcome);
}

function isResizing({ slots }: Fleet, { workers }: Running): boolean {
  return workers !== undefined && workers !== slots.length;
}

/** The config file asks for another number of workers. Those who asked for the operation are answered when they are there. */
function resize(step: Step, { operation, workers }: Running, after: Success): void {
  const scale = { kind: 'scale', target: { workers: workers! }, requests: operation.requests, after } as const;
  step.fleet = { ...step.fleet, pending: [scale, ...step.fleet.pending] };
}

function answer(step: Step, { requests, after }: Operation, ended: Outcome): void {
  const outcome = after === undefined ? ended : outcomeOfBoth(after, ended);
  for (const request of requests) step.do({ do: 'answer', request, outcome });
}

/** A reload that is done is not undone by what comes of the number of workers. */
function outcomeOfBoth(reload: Success, scale: Outcome): Outcome {
  const { generation, took, comparison } = reload;
  const compared = comparison && { comparison };
  if (scale.ok) return { ...scale, generation, took: took + scale.took, ...compared };
  const { slot, stderr } = scale;
  const reason = `generation ${generation} serves, and the number of workers is not what its settings ask for: ${scale.reason}`;
  return { ok: false, reason, slot, stderr, ...compared };
}
