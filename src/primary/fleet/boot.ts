/** The way from a fork to a worker that serves: a slot's own worker, its next one, and spares. */
import { MOST_SOCKETS } from '../../contract/limits.ts';
import type { WorkerId } from './ids.ts';
import { isServing, slotOf, withSlot, withWorker, workerOf, type Slot, type Worker } from './fleet.ts';
import { giveUpKept } from './parking/kept.ts';
import { onReturned, park } from './parking/parking.ts';
import { hasBooted, settleTime } from './readiness.ts';
import { retire } from './retire.ts';
import { informNew } from './server/informing.ts';
import type { Step } from './step.ts';

/**
 * The time after a worker is ready in which its application may open further listeners, before the old ones are swept.
 */
const SWEEP_AFTER_MS = 10_000;

/**
 * Forks the worker of a slot that has none. The worker accepts from every socket as soon as it listens there. A parked
 * worker waits, because another primary's workers serve the slot.
 */
export function fill(step: Step, slot: Slot, isParked = false): void {
  const worker = fork(step, { slot: slot.index, isParked, replaces: slot.lastPid });
  step.fleet = withSlot(step.fleet, { ...slot, worker, respawnAt: undefined });
}

/**
 * Forks a worker that will get the slot when it is ready. It accepts nothing until then, so no connection is lost if it
 * fails.
 */
export function bootSuccessor(step: Step, slot: Slot): void {
  const successor = fork(step, { slot: slot.index, isParked: true, replaces: undefined });
  step.fleet = withSlot(step.fleet, { ...slot, successor });
}

export function bootSpare(step: Step): void {
  fork(step, { slot: undefined, isParked: false, replaces: undefined });
}

interface Fork {
  readonly slot: number | undefined;
  readonly isParked: boolean;
  readonly replaces: number | undefined;
}

function fork(step: Step, { slot, isParked, replaces }: Fork): WorkerId {
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
    addresses: new Map(),
    hasSaidReady: false,
    isParked,
    isToldToAccept: false,
    isIdle: false,
    bootedAt: undefined,
    servingSince: undefined,
    replaces,
    asked: undefined,
    recycled: undefined,
    isHung: false,
    heldUntil: 0,
    holds: new Map(),
    isGivenUp: false,
    hasFailedCode: false,
    offences: 0,
    expelledFor: undefined,
    parkedFor: undefined,
    isReturning: false,
    isKilled: false,
  };
  step.fleet = { ...withWorker(step.fleet, worker), workersForked: id };
  // The deadline comes first, so that the worker is looked at again whatever happens to the fork.
  step.arm({ timer: 'ready', worker: id }, step.settings.readyTimeout);
  step.do({ do: 'fork', worker: id, slot, isParked, generation });
  return id;
}

export function onForked(step: Step, id: WorkerId, pid: number): void {
  const worker = workerOf(step.fleet, id);
  if (worker === undefined) return;
  step.change(worker, { pid });
  informNew(step, worker);
  step.tell('worker forked', { worker: { ...worker, pid } });
  step.do({ do: 'call', hook: 'onWorkerSpawn', pid });
}

/** The worker's code runs. Some programs show no more than that. */
export function onStarted(step: Step, id: WorkerId): void {
  if (step.settings.ready === 'start') onBooted(step, id);
}

/** The worker asks for a socket. A spare that does so has booted. */
export function onStandby(step: Step, id: WorkerId): void {
  if (workerOf(step.fleet, id)?.slot === undefined) comeUp(step, id);
}

/** The worker has a socket of its slot. From now on it is not ended without a drain. */
export function onGranted(step: Step, id: WorkerId): void {
  const worker = workerOf(step.fleet, id);
  if (worker?.state === 'booting' && worker.slot !== undefined) step.move(worker, 'take');
}

export function onOpened(step: Step, id: WorkerId, address: string): void {
  const worker = workerOf(step.fleet, id);
  if (worker === undefined) return;
  const { addresses } = worker;
  if (!addresses.has(address)) {
    if (addresses.size >= MOST_SOCKETS) return;
    step.change(worker, { addresses: new Map(addresses).set(address, step.at) });
  }
  comeUp(step, id);
}

export function onClosed(step: Step, id: WorkerId, address: string): void {
  const worker = workerOf(step.fleet, id);
  if (worker === undefined || !worker.addresses.has(address)) return;
  const addresses = new Map([...worker.addresses].filter(([open]) => open !== address));
  // A worker that closes what it was told to accept from says nothing of that any more.
  step.change(worker, { addresses });
  onReturned(step, workerOf(step.fleet, id)!);
}

export function onBooted(step: Step, id: WorkerId): void {
  const worker = workerOf(step.fleet, id);
  if (worker === undefined) return;
  if (!worker.hasSaidReady) step.change(worker, { hasSaidReady: true });
  comeUp(step, id);
}

/** The application has come so far that its worker may have booted. */
function comeUp(step: Step, id: WorkerId): void {
  const worker = workerOf(step.fleet, id);
  if (worker?.state === 'booting') {
    if (worker.slot === undefined) return standBy(step, worker);
    step.move(worker, 'take');
  }
  lookWhetherBooted(step, id);
}

function standBy(step: Step, worker: Worker): void {
  step.disarm({ timer: 'ready', worker: worker.id });
  const standby = step.move(worker, 'wait', { bootedAt: step.at });
  step.tell('spare ready', { worker: standby, took: step.at - standby.forkedAt });
}

/** A spare gets a slot. It gets a deadline again, because its application may not come any further. */
export function promoteSpare(
  step: Step,
  spare: Worker,
  slot: number,
  { replaces, isParked }: Pick<Worker, 'replaces' | 'isParked'>,
): void {
  step.move(spare, 'promote', { slot, neededAt: step.at, bootedAt: undefined, replaces, isParked });
  step.arm({ timer: 'ready', worker: spare.id }, step.settings.readyTimeout);
  step.do({ do: 'promote', worker: spare.id, slot, isParked });
  lookWhetherBooted(step, spare.id);
}

/** A worker that has booted begins to settle. */
export function lookWhetherBooted(step: Step, id: WorkerId): void {
  const worker = workerOf(step.fleet, id);
  const slot = slotOf(step.fleet, id);
  if (worker?.state !== 'taking' || worker.bootedAt !== undefined || slot === undefined) return;
  if (!hasBooted(step.fleet, step.settings, slot, worker)) return;
  step.change(worker, { bootedAt: step.at });
  step.disarm({ timer: 'ready', worker: id });
  const settle = settleTime(step.fleet, step.settings, slot, worker);
  if (settle === 0) onSettled(step, id);
  else step.arm({ timer: 'settle', worker: id }, settle);
}

/**
 * The worker has lasted. If it accepts already, it serves. If it is parked, it is told to accept, beside the worker
 * from which it takes over.
 */
export function onSettled(step: Step, id: WorkerId): void {
  const worker = workerOf(step.fleet, id);
  const slot = slotOf(step.fleet, id);
  if (worker?.state !== 'taking' || slot === undefined) return;
  if (!hasBooted(step.fleet, step.settings, slot, worker)) {
    // The worker has closed a server meanwhile, or the old worker has opened another.
    step.change(worker, { bootedAt: undefined });
    return step.arm({ timer: 'ready', worker: id }, step.settings.readyTimeout);
  }
  if (!worker.isParked) return serve(step, worker, slot);
  step.arm({ timer: 'ready', worker: id }, step.settings.readyTimeout);
  unpark(step, worker);
}

function unpark(step: Step, worker: Worker): void {
  step.change(worker, { isParked: false, isToldToAccept: true });
  step.do({ do: 'accept', worker: worker.id });
}

/**
 * The worker that served in this one's place is gone. This one may be the only one now, so it accepts, settled or not.
 */
export function acceptEarly(step: Step, id: WorkerId | undefined): void {
  const worker = workerOf(step.fleet, id);
  if (worker?.isParked === true) unpark(step, worker);
}

/** The other primary's workers serve no more. */
export function onLeftAlone(step: Step): void {
  step.fleet = { ...step.fleet, isAccompanied: false };
  for (const { worker } of step.fleet.slots) acceptEarly(step, worker);
}

/**
 * The worker accepts. If it was told to, the slot is its own. A worker that could accept from the first moment has to
 * last first.
 */
export function onServing(step: Step, id: WorkerId): void {
  const worker = workerOf(step.fleet, id);
  const slot = slotOf(step.fleet, id);
  if (worker !== undefined) onReturned(step, worker);
  if (worker?.state !== 'taking' || slot === undefined) return;
  if (worker.isToldToAccept && worker.bootedAt !== undefined) serve(step, worker, slot);
}

/** The worker may receive traffic. The worker that had its slot until now makes room. */
function serve(step: Step, worker: Worker, slot: Slot): void {
  const serving = step.move(worker, 'serve', { servingSince: step.at });
  step.disarm({ timer: 'ready', worker: worker.id });
  step.arm({ timer: 'sweep', slot: slot.index }, SWEEP_AFTER_MS);
  const { bootedAt = step.at, neededAt } = serving;
  step.tell('worker ready', { worker: serving, bootTook: bootedAt - neededAt, took: step.at - neededAt });
  recovered(step, slot, serving);
  takeSlot(step, slot, serving);
  startedWhenAllAreReady(step);
}

function recovered(step: Step, slot: Slot, worker: Worker): void {
  const { pid } = worker;
  // A successor finds the slot vacant when the worker from which it was to take over has crashed.
  const replaces = slot.worker === undefined ? slot.lastPid : worker.replaces;
  if (replaces === undefined || pid === undefined) return;
  step.do({ do: 'call', hook: 'onWorkerRecover', oldPid: replaces, newPid: pid });
}

function takeSlot(step: Step, slot: Slot, { id }: Worker): void {
  if (slot.worker === id) return;
  const before = workerOf(step.fleet, slot.worker);
  step.disarm({ timer: 'respawn', slot: slot.index });
  step.fleet = withSlot(step.fleet, { ...slot, worker: id, successor: undefined, respawnAt: undefined });
  if (before === undefined) return;
  // Without an operation there is no successor, and no slot is taken from another worker.
  const { policy, limit: recycled } = step.fleet.running!;
  if (policy.parks) giveUpKept(step, 'a newer generation serves');
  const isKept = step.settings.keepPrevious > 0 || step.fleet.running?.canary !== undefined;
  if (policy.parks && before.state === 'serving' && !before.isHung) {
    park(step, slot.index, before, policy.retires, isKept);
  } else retire(step, before, policy.retires, { recycled });
}

/** The first time that every slot serves. */
function startedWhenAllAreReady(step: Step): void {
  const { phase, slots, startedAt } = step.fleet;
  if (phase !== 'starting' || !slots.every((slot) => isServing(step.fleet, slot))) return;
  step.fleet = { ...step.fleet, phase: 'serving' };
  step.tell('ready', { workers: slots.length, took: step.at - startedAt });
  step.do({ do: 'announce', what: 'ready' });
  const pids = slots.flatMap(({ worker }) => workerOf(step.fleet, worker)?.pid ?? []);
  step.do({ do: 'call', hook: 'onPrimaryReady', pids });
}
