/** A worker's process has ended. What becomes of its slot depends on whether the worker was asked to end. */
import { MOST_SOCKETS } from '../../contract/limits.ts';
import { PreforkError } from '../../errors.ts';
import type { FleetEvent } from './events.ts';
import { explainExit, type ExplainedExit } from '../exits/exit-reason.ts';
import {
  isOfOperation,
  slotOf,
  withoutWorker,
  withSlot,
  workerOf,
  type FleetSettings,
  type Slot,
  type Worker,
} from './fleet.ts';
import { acceptEarly, lookWhetherBooted } from './boot.ts';
import { loopsSinceReload, LOOP_CRASHES, vacatePlaces } from './parking/kept.ts';
import { watchedCanary } from './operations/canary.ts';
import { abort, onOwnExit, startFirst } from './operations/operations.ts';
import { closeNewListeners } from './parking/parking.ts';
import { hasComeUp, isProven, missing, servedBy } from './readiness.ts';
import { refill } from './refill.ts';
import {
  crashLoop,
  crashStreak,
  exitsWithin,
  isHopeless,
  isOverThreshold,
  STABLE_AFTER_MS,
  type Crash,
} from './respawn.ts';
import { disarmAll, kill } from './retire.ts';
import { isSentFromOutside, normalizeExit } from '../exits/signal-meaning.ts';
import { onSpareExit } from './spares.ts';
import type { Step } from './step.ts';
import { fail, finishWhenAllAreGone } from './stop.ts';
import { duration } from '../../format/duration.ts';

type Exited = Extract<FleetEvent, { type: 'exited' }>;

interface Death extends ExplainedExit {
  /** Another process sent the signal. */
  readonly isFromOutside: boolean;
  /** The last that the worker wrote to stderr. */
  readonly stderr: string | undefined;
}

export function onExited(step: Step, event: Exited): void {
  const worker = workerOf(step.fleet, event.worker);
  if (worker === undefined) return;
  disarmAll(step, worker.id);
  const { asked, recycled, isGivenUp, expelledFor, isKilled } = worker;
  const isDiscarded = asked !== undefined && step.fleet.error !== undefined && worker.servingSince === undefined;
  const reasons = { asked, recycled, isDiscarded, isGivenUp, expelledFor, isKilled };
  const explanation = explainExit({ ...event, exit: event, ...reasons });
  const isFromOutside = explanation.reason === 'signal' && isSentFromOutside(normalizeExit(event).signal);
  const death: Death = { ...explanation, isFromOutside, stderr: lastStderr(event) };
  tellExit(step, worker, event, death);
  const slot = slotOf(step.fleet, worker.id);
  step.fleet = withoutWorker(step.fleet, worker.id);
  vacatePlaces(step, worker);
  if (asked !== undefined) onAskedExit(step, slot);
  // A worker that was parked is missed by no slot.
  else if (worker.state === 'parked') return;
  // A spare's crashes are no reason to give up while the slots serve.
  else if (slot === undefined) onSpareExit(step, worker);
  else if (slot.successor === worker.id) onSuccessorCrash(step, slot, death);
  else onCrash(step, slot, worker, death);
}

/**
 * Returns the text as it would stand on stderr: Node prints an uncaught error by itself, after all that the application
 * wrote.
 */
function lastStderr({ lastWords }: Exited): string | undefined {
  return lastWords && [lastWords.stderr, lastWords.error].filter(Boolean).join('\n');
}

function tellExit(step: Step, worker: Worker, exit: Exited, { reason, text: why }: Death): void {
  const name = worker.asked === undefined ? 'worker exited' : 'worker stopped';
  step.tell(name, { worker, exit, reason, why, uptime: step.at - worker.forkedAt });
}

/** The worker had mostly left its slot before. At a stop it had not. */
function onAskedExit(step: Step, slot: Slot | undefined): void {
  if (slot !== undefined) step.fleet = withSlot(step.fleet, { ...slot, worker: undefined });
  finishWhenAllAreGone(step);
}

/** The successor was to take over, so the worker that serves the slot goes on. */
function onSuccessorCrash(step: Step, slot: Slot, { text, stderr }: Death): void {
  closeNewListeners(step, slot.index);
  abort(step, { ok: false, slot: slot.index, reason: text, stderr });
}

function onCrash(step: Step, slot: Slot, worker: Worker, death: Death): void {
  const uptime = worker.servingSince === undefined ? undefined : step.at - worker.servingSince;
  const { reason, text, stderr, isFromOutside } = death;
  const crash = { uptime, isFromOutside };
  const { pid, generation } = worker;
  const lastExit = { reason, text, isFromOutside, pid, generation, at: step.at };
  step.fleet = withSlot(step.fleet, {
    ...slot,
    worker: undefined,
    lastPid: worker.pid,
    served: worker.state === 'serving' ? servedBy(worker, step.settings) : slot.served,
    streak: crashStreak(slot.streak, crash),
    crashes: slot.crashes + 1,
    lastExit,
  });
  // A worker that ends before the start is over would end again. A server that says that it is ready, and loops, shows
  // no error to anyone.
  if (step.fleet.phase === 'starting') return fail(step, bootFailed(worker, death));
  if (loopsSinceReload(step, worker, crash) && step.fleet.phase === 'serving') return rollBack(step);
  // Both may give up. The phase is `stopping` then, and nothing is refilled.
  countExit(step);
  countLoop(step, crash);
  // A crash in a canary ends it, however long its worker had served.
  const isWatched = watchedCanary(step.fleet) !== undefined && !isFromOutside;
  if ((isWatched || !isProven(worker, step.at)) && isOfOperation(step.fleet, worker)) {
    onOwnExit(step, { ok: false, slot: slot.index, reason: text, stderr });
  }
  // A new slot is gone with its operation, and a slot that went back has a worker.
  const vacant = step.fleet.slots[slot.index];
  if (vacant === undefined) return;
  acceptEarly(step, vacant.successor);
  refill(step, vacant, crash);
}

/** The new generation crashes again and again, and the one before it is still there. */
function rollBack(step: Step): void {
  const within = duration(step.settings.recoverWindow);
  const why = `${LOOP_CRASHES} workers of generation ${step.fleet.generation} crashed within ${within}`;
  startFirst(step, { kind: 'rollback', target: { why }, requests: [] });
}

/** Counts exits by the rule of fasthttp's RecoverThreshold: after too many, prefork gives up. */
function countExit(step: Step): void {
  const { recoverThreshold, recoverWindow } = step.settings;
  if (recoverThreshold === 'auto') return;
  const exits = exitsWithin(step.fleet.exits, step.at, recoverWindow);
  step.fleet = { ...step.fleet, exits };
  if (!isOverThreshold(exits, recoverThreshold)) return;
  const message = `workers ended ${exits.length} times within ${duration(recoverWindow)}, more than --recover-threshold ${recoverThreshold}`;
  fail(step, new PreforkError('ERR_OVER_RECOVERY', message));
}

/**
 * Counts a crash loop. With the default threshold prefork gives up when no worker of any slot lasts, over a whole
 * recover window.
 */
function countLoop(step: Step, crash: Crash): void {
  const { recoverThreshold, recoverWindow } = step.settings;
  const isAnyStable = crash.uptime !== undefined && crash.uptime >= STABLE_AFTER_MS;
  const others = [...step.fleet.workers.values()].some(
    (other) => other.state === 'serving' && isProven(other, step.at),
  );
  const loop = crashLoop(step.fleet.crashLoop, crash, isAnyStable || others, step.at);
  step.fleet = { ...step.fleet, crashLoop: loop };
  if (recoverThreshold !== 'auto' || loop === undefined || !isHopeless(loop, step.at, recoverWindow)) return;
  const message = `no worker has lasted for ${duration(recoverWindow)}: ${loop.crashes} crashed (--recover-threshold 0 goes on for ever)`;
  fail(step, new PreforkError('ERR_OVER_RECOVERY', message));
}

/**
 * The worker was not ready within the ready timeout. Either it does without what is missing, or its exit comes next,
 * and is a crash.
 */
export function onReadyTimeout(step: Step, id: number): void {
  const worker = workerOf(step.fleet, id);
  if (worker === undefined || !isAwaited(worker)) return;
  if (doesWithout(step, worker)) return;
  const after = duration(step.settings.readyTimeout);
  step.tell('worker not ready', { worker, timeout: step.settings.readyTimeout });
  if (step.fleet.phase === 'starting') fail(step, notReady(worker, step.settings.ready, after));
  else kill(step, worker);
}

/** Whether its slot waits for the worker to accept: because it is new, or because it was parked until now. */
function isAwaited({ state, isReturning }: Worker): boolean {
  return state === 'booting' || state === 'taking' || (state === 'serving' && isReturning);
}

/**
 * The application listens, but not at every address of the worker before it. Its code may have given an address up. No
 * other worker is made to wait for that address again.
 */
function doesWithout(step: Step, worker: Worker): boolean {
  const slot = slotOf(step.fleet, worker.id);
  if (step.settings.ready !== 'listen' || worker.bootedAt !== undefined || slot === undefined) return false;
  if (!hasComeUp(worker)) return false;
  const addresses = missing(step.fleet, step.settings, slot, worker);
  step.tell('address given up', { worker, addresses, timeout: step.settings.readyTimeout });
  // A worker can name addresses that there are not. The last ones count: those of this slot are among them.
  const dropped = [...step.fleet.dropped, ...addresses].slice(-MOST_SOCKETS);
  step.fleet = { ...step.fleet, dropped };
  for (const { id } of step.fleet.workers.values()) lookWhetherBooted(step, id);
  return true;
}

function bootFailed({ slot }: Worker, { text }: Death): PreforkError {
  const hint = text.startsWith('exited with code 0') ? '; it neither listened nor said that it is ready' : '';
  return new PreforkError('ERR_BOOT_FAILED', `the worker in slot ${slot} ended before it was ready: ${text}${hint}`);
}

function notReady({ slot }: Worker, ready: FleetSettings['ready'], timeout: string): PreforkError {
  const what = ready === 'message' ? "call process.send('ready')" : "listen or call process.send('ready')";
  const message = `the worker in slot ${slot} did not ${what} within ${timeout} (--ready ${ready}, --ready-timeout)`;
  return new PreforkError('ERR_BOOT_FAILED', message);
}
