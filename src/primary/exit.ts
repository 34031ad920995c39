/** A worker's process has ended. What becomes of its slot depends on whether somebody asked for it. */
import { PreforkError } from '../errors.ts';
import type { FleetEvent } from './events.ts';
import { explainExit, type ExplainedExit } from './exit-reason.ts';
import { slotOf, withoutWorker, withSlot, workerOf, type Fleet, type Slot, type Worker } from './fleet.ts';
import { abort } from './operations.ts';
import { refill } from './refill.ts';
import { crashStreak, exitsWithin, isOverThreshold } from './respawn.ts';
import { disarmAll, kill } from './retire.ts';
import { onSpareExit } from './spares.ts';
import type { Step } from './step.ts';
import { fail, finishWhenAllAreGone } from './stop.ts';
import { describe, duration } from './words.ts';

type Exited = Extract<FleetEvent, { type: 'exited' }>;

interface Death extends ExplainedExit {
  /** What it wrote to stderr last. */
  readonly stderr: string | undefined;
}

export function onExited(step: Step, event: Exited): void {
  const worker = workerOf(step.fleet, event.worker);
  if (worker === undefined) return;
  disarmAll(step, worker.id);
  const { asked, recycled: recycle, isGivenUp: isHung, expelledFor, isKilled: killedByUs } = worker;
  const isDiscarded = asked !== undefined && step.fleet.error !== undefined && worker.servesSince === undefined;
  const reasons = { asked, recycle, isDiscarded, isHung, expelledFor, killedByUs };
  const explanation = explainExit({ ...event, exit: event, ...reasons });
  const death: Death = { ...explanation, stderr: lastStderr(event) };
  logExit(step, worker, event, death);
  const slot = slotOf(step.fleet, worker.id);
  step.fleet = withoutWorker(step.fleet, worker.id);
  if (asked !== undefined) onAskedExit(step, slot);
  // Its crashes are no reason to give up while the slots serve.
  else if (slot === undefined) onSpareExit(step, worker);
  else if (slot.successor === worker.id) onSuccessorCrash(step, slot, death);
  else onCrash(step, slot, worker, death);
}

/** As it would stand there: Node prints an uncaught error by itself, after all that the application wrote. */
function lastStderr({ lastWords }: Exited): string | undefined {
  return lastWords && [lastWords.stderr, lastWords.error].filter(Boolean).join('\n');
}

function logExit(step: Step, worker: Worker, { code, signal, error }: Exited, { reason, text: why }: Death): void {
  const isQuiet = reason === 'asked' || reason === 'recycled';
  const wasAsked = worker.asked !== undefined;
  step.log(isQuiet ? 'info' : 'warn', wasAsked ? 'worker stopped' : 'worker exited', {
    ...describe(worker),
    ...(error === undefined && (signal === null ? { code: code ?? undefined } : { signal })),
    ...(wasAsked && worker.asked !== 'stop' && { for: worker.recycled ?? worker.asked }),
    ...(!wasAsked && { after: duration(step.at - worker.forkedAt) }),
    ...(!isQuiet && { reason, why }),
  });
}

/** Mostly it had left its slot before; at a stop it had not. */
function onAskedExit(step: Step, slot: Slot | undefined): void {
  if (slot !== undefined) step.fleet = withSlot(step.fleet, { ...slot, worker: undefined });
  finishWhenAllAreGone(step);
}

/** It was to take over, so whoever it was to take over from goes on. */
function onSuccessorCrash(step: Step, slot: Slot, { text, stderr }: Death): void {
  abort(step, { ok: false, slot: slot.index, reason: text, stderr });
}

function onCrash(step: Step, slot: Slot, worker: Worker, death: Death): void {
  const uptime = worker.servesSince === undefined ? undefined : step.at - worker.servesSince;
  const { reason, text, stderr } = death;
  const lastExit = { reason, text, pid: worker.pid, generation: worker.generation, at: step.at };
  step.fleet = withSlot(step.fleet, {
    ...slot,
    worker: undefined,
    lastPid: worker.pid,
    streak: crashStreak(slot.streak, uptime),
    crashes: slot.crashes + 1,
    lastExit,
  });
  if (step.fleet.phase === 'starting' && worker.readyAt === undefined) {
    fail(step, bootFailed(worker, death));
    return;
  }
  countExit(step);
  if (worker.readyAt === undefined && isOfOperation(step.fleet, worker)) {
    abort(step, { ok: false, slot: slot.index, reason: text, stderr });
  }
  // A slot that was new is gone with its operation.
  const vacant = step.fleet.slots[slot.index];
  if (vacant !== undefined) refill(step, vacant, uptime);
}

/** Whether the operation stands and falls with it: it fills a new slot, or runs the code that is being loaded. */
function isOfOperation({ running, generation }: Fleet, worker: Worker): boolean {
  if (running?.operation.kind === 'scale') return running.todo.includes(worker.slot!);
  return running?.operation.kind === 'reload' && worker.generation === generation;
}

/** fasthttp's RecoverThreshold: too many exits, and prefork gives up. */
function countExit(step: Step): void {
  const { recoverThreshold, recoverWindow } = step.settings;
  const exits = exitsWithin(step.fleet.exits, step.at, recoverWindow);
  step.fleet = { ...step.fleet, exits };
  if (!isOverThreshold(exits, recoverThreshold)) return;
  const message = `workers ended ${exits.length} times within ${duration(recoverWindow)}, more than --recover-threshold ${recoverThreshold}`;
  fail(step, new PreforkError('ERR_OVER_RECOVERY', message));
}

/** It did not get so far within the ready timeout. Its exit comes next, and counts as a crash. */
export function onReadyTimeout(step: Step, id: number): void {
  const worker = workerOf(step.fleet, id);
  if (worker === undefined || (worker.state !== 'booting' && worker.state !== 'taking')) return;
  const after = duration(step.settings.readyTimeout);
  step.log('error', 'worker not ready', { ...describe(worker), after });
  if (step.fleet.phase === 'starting') fail(step, notReady(worker, after));
  else kill(step, worker);
}

function bootFailed({ slot }: Worker, { text }: Death): PreforkError {
  const hint = text.startsWith('exited with code 0') ? '; it neither listened nor said that it is ready' : '';
  return new PreforkError('ERR_BOOT_FAILED', `the worker in slot ${slot} ended before it was ready: ${text}${hint}`);
}

function notReady({ slot }: Worker, timeout: string): PreforkError {
  return new PreforkError(
    'ERR_BOOT_FAILED',
    `the worker in slot ${slot} did not listen or call process.send('ready') within ${timeout} (--ready-timeout)`,
  );
}
