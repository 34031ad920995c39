/**
 * All decisions about slots and workers: (fleet, event) → (fleet, effects). Pure, so that crash loops, races and stops
 * are tested without a process or a clock.
 */
import { PreforkError } from '../errors.ts';
import type { Effect, Exit, FleetEvent, LogFields, LogLevel, Timer, WorkerId } from './events.ts';
import {
  livingWorkers,
  move,
  slotOf,
  update,
  type Fleet,
  type FleetSettings,
  type Slot,
  type Worker,
} from './fleet.ts';
import { backoff, crashStreak, exitsWithin, isNeededAtOnce, isOverThreshold } from './respawn.ts';

export interface Decision {
  readonly fleet: Fleet;
  readonly effects: readonly Effect[];
}

/** How long after a worker is ready its application may open further listeners before the old ones are swept, ms. */
const SWEEP_AFTER = 10_000;

type EventOf<Type extends FleetEvent['type']> = Extract<FleetEvent, { type: Type }>;

/** Collects effects while the fleet is moved on; lives for one decision. */
class Step {
  fleet: Fleet;
  readonly settings: FleetSettings;
  readonly at: number;
  readonly effects: Effect[] = [];

  constructor(fleet: Fleet, settings: FleetSettings, at: number) {
    this.fleet = fleet;
    this.settings = settings;
    this.at = at;
  }

  log(level: LogLevel, event: string, fields: LogFields): void {
    this.effects.push({ do: 'log', level, event, fields });
  }
}

type Decide<Type extends FleetEvent['type']> = (step: Step, event: EventOf<Type>) => void;

const decisions: { [Type in FleetEvent['type']]: Decide<Type> } = {
  start: (step) => {
    step.fleet = { ...step.fleet, phase: 'starting', startedAt: step.at };
    for (const slot of step.fleet.slots) fork(step, slot);
  },
  forked: onForked,
  ready: onReady,
  drained: onDrained,
  exited: onExited,
  due: (step, { timer }) => onDue(step, timer),
  stop: onStop,
  fail: (step, { error }) => fail(step, error),
};

/** @param at monotonic time, ms. */
export function decide(fleet: Fleet, settings: FleetSettings, event: FleetEvent, at: number): Decision {
  const step = new Step(fleet, settings, at);
  (decisions[event.type] as Decide<FleetEvent['type']>)(step, event);
  return { fleet: step.fleet, effects: step.effects };
}

function fork(step: Step, slot: Slot): void {
  const id = step.fleet.workersForked + 1;
  const worker: Worker = { id, pid: undefined, forkedAt: step.at, readyAt: undefined, replaces: slot.lastPid };
  step.fleet = { ...move(step.fleet, slot, 'fork', { worker }), workersForked: id };
  // The deadline comes first: whatever happens to the fork, somebody looks at it again.
  step.effects.push(
    { do: 'arm', timer: { timer: 'ready', worker: id }, after: step.settings.readyTimeout },
    { do: 'fork', worker: id, slot: slot.index, generation: slot.generation },
  );
}

function onForked(step: Step, { worker: id, pid }: EventOf<'forked'>): void {
  const slot = slotOf(step.fleet, id);
  if (slot?.worker === undefined) return;
  step.fleet = update(step.fleet, { ...slot, worker: { ...slot.worker, pid } });
  step.log('debug', 'worker forked', { slot: slot.index, gen: slot.generation, pid });
  step.effects.push({ do: 'call', hook: 'onWorkerSpawn', pid });
}

function onReady(step: Step, { worker: id }: EventOf<'ready'>): void {
  const slot = slotOf(step.fleet, id);
  // Ready more than once, or too late: it has been asked to end meanwhile.
  if (slot?.worker === undefined || slot.state !== 'booting') return;
  const { worker } = slot;
  step.fleet = move(step.fleet, slot, 'ready', { worker: { ...worker, readyAt: step.at } });
  step.effects.push(
    { do: 'disarm', timer: { timer: 'ready', worker: id } },
    { do: 'arm', timer: { timer: 'sweep', slot: slot.index }, after: SWEEP_AFTER },
  );
  step.log('info', 'worker ready', { ...describe(slot), in: duration(step.at - worker.forkedAt) });
  if (worker.replaces !== undefined && worker.pid !== undefined) {
    step.effects.push({ do: 'call', hook: 'onWorkerRecover', oldPid: worker.replaces, newPid: worker.pid });
  }
  if (step.fleet.phase === 'starting') startedWhenAllAreReady(step);
}

function startedWhenAllAreReady(step: Step): void {
  const { slots, startedAt } = step.fleet;
  if (slots.some(({ worker }) => worker?.readyAt === undefined)) return;
  step.fleet = { ...step.fleet, phase: 'serving' };
  step.log('info', 'ready', { workers: slots.length, in: duration(step.at - startedAt) });
  const pids = livingWorkers(step.fleet).flatMap(({ pid }) => pid ?? []);
  step.effects.push({ do: 'call', hook: 'onPrimaryReady', pids });
}

function onDrained(step: Step, { worker }: EventOf<'drained'>): void {
  const slot = slotOf(step.fleet, worker);
  if (slot?.state === 'draining') end(step, slot);
}

/** Its connections are gone, or had their time: now the application's own shutdown code runs. */
function end(step: Step, slot: Slot): void {
  step.fleet = move(step.fleet, slot, 'end');
  step.effects.push({ do: 'terminate', worker: slot.worker!.id });
}

function onExited(step: Step, event: EventOf<'exited'>): void {
  const slot = slotOf(step.fleet, event.worker);
  if (slot?.worker === undefined) return;
  step.effects.push({ do: 'disarm', timer: { timer: 'ready', worker: event.worker } });
  if (slot.state === 'draining' || slot.state === 'ending') onAskedExit(step, slot, event);
  else onUnaskedExit(step, slot, slot.worker, event);
}

function onAskedExit(step: Step, slot: Slot, exit: Exit): void {
  step.log('info', 'worker stopped', { ...describe(slot), ...describeExit(exit) });
  step.fleet = move(step.fleet, slot, 'exit', { worker: undefined });
  finishWhenAllAreGone(step);
}

function onUnaskedExit(step: Step, slot: Slot, worker: Worker, exit: Exit): void {
  const { settings, at } = step;
  const after = duration(at - worker.forkedAt);
  step.log('warn', 'worker exited', { ...describe(slot), ...describeExit(exit), after });
  const uptime = worker.readyAt === undefined ? undefined : at - worker.readyAt;
  const streak = crashStreak(slot.streak, uptime);
  step.fleet = move(step.fleet, slot, 'exit', { worker: undefined, lastPid: worker.pid, streak });
  step.fleet = { ...step.fleet, exits: exitsWithin(step.fleet.exits, at, settings.recoverWindow) };

  if (step.fleet.phase === 'starting' && worker.readyAt === undefined) {
    fail(step, bootFailed(slot, exit));
  } else if (isOverThreshold(step.fleet.exits, settings.recoverThreshold)) {
    fail(step, overRecovery(step.fleet.exits.length, settings));
  } else {
    const others = step.fleet.slots.filter(({ state }) => state === 'serving').length;
    const wait = isNeededAtOnce(uptime, others) ? 0 : backoff(streak, settings.recoverInterval);
    replace(step, step.fleet.slots[slot.index]!, wait);
  }
}

function replace(step: Step, slot: Slot, wait: number): void {
  if (wait === 0) {
    fork(step, slot);
    return;
  }
  step.log('warn', 'worker respawning', { slot: slot.index, in: duration(wait), crashes: slot.streak });
  step.effects.push({ do: 'arm', timer: { timer: 'respawn', slot: slot.index }, after: wait });
}

function onDue(step: Step, due: Timer): void {
  switch (due.timer) {
    case 'ready':
      return onReadyTimeout(step, due.worker);
    case 'respawn': {
      const slot = step.fleet.slots[due.slot]!;
      if (slot.state === 'waiting') fork(step, slot);
      return;
    }
    case 'sweep':
      if (step.fleet.slots[due.slot]!.state === 'serving') step.effects.push({ do: 'sweep', slot: due.slot });
      return;
    case 'drain':
      for (const slot of step.fleet.slots) if (slot.state === 'draining') end(step, slot);
      return;
    case 'grace':
      return killAll(step, 'grace period over');
  }
}

function onReadyTimeout(step: Step, id: WorkerId): void {
  const slot = slotOf(step.fleet, id);
  if (slot?.state !== 'booting') return;
  const timeout = duration(step.settings.readyTimeout);
  step.log('error', 'worker not ready', { ...describe(slot), after: timeout });
  if (step.fleet.phase === 'starting') {
    fail(step, notReady(slot, timeout));
  } else {
    // Its exit comes next, and counts as a crash.
    step.effects.push({ do: 'kill', worker: id });
  }
}

function onStop(step: Step, { signal, idle }: EventOf<'stop'>): void {
  switch (step.fleet.phase) {
    case 'stopping':
      return killAll(step, 'asked again');
    case 'stopped':
      return;
    case 'idle':
    case 'starting':
    case 'serving':
      step.log('info', 'stopping', { signal });
      stopAll(step, 'terminate', idle);
  }
}

/** Everything ends with an error: what serves may finish, what boots is of no use any more. */
function fail(step: Step, error: PreforkError): void {
  const { phase } = step.fleet;
  if (step.fleet.error !== undefined || phase === 'stopped') return;
  step.fleet = { ...step.fleet, error };
  step.log('error', 'error', { message: error.message, code: error.code });
  if (phase !== 'stopping') stopAll(step, 'kill', 0);
}

/** @param booting what becomes of workers that do not serve yet; the others drain. */
function stopAll(step: Step, booting: 'terminate' | 'kill', idle: number): void {
  step.fleet = { ...step.fleet, phase: 'stopping' };
  step.effects.push({ do: 'close-listeners' });
  for (const slot of step.fleet.slots) stopSlot(step, slot, booting, idle);
  const { shutdownGracePeriod: grace } = step.settings;
  step.effects.push(
    { do: 'arm', timer: { timer: 'drain' }, after: drainPeriod(grace) },
    { do: 'arm', timer: { timer: 'grace' }, after: grace },
  );
  finishWhenAllAreGone(step);
}

function stopSlot(step: Step, slot: Slot, booting: 'terminate' | 'kill', idle: number): void {
  step.fleet = move(step.fleet, slot, 'stop');
  step.effects.push({ do: 'disarm', timer: { timer: 'respawn', slot: slot.index } });
  step.effects.push({ do: 'disarm', timer: { timer: 'sweep', slot: slot.index } });
  if (slot.worker === undefined) return;
  const { id } = slot.worker;
  step.effects.push({ do: 'disarm', timer: { timer: 'ready', worker: id } });
  step.effects.push(slot.state === 'booting' ? { do: booting, worker: id } : { do: 'drain', worker: id, idle });
}

/** Draining gets most of the grace period; the rest is the application's, for its own SIGTERM handlers. */
function drainPeriod(grace: number): number {
  return grace - Math.min(1000, grace / 4);
}

function killAll(step: Step, reason: string): void {
  const workers = livingWorkers(step.fleet);
  if (workers.length === 0) return;
  step.log('warn', 'killing workers', { workers: workers.length, reason });
  for (const { id } of workers) step.effects.push({ do: 'kill', worker: id });
}

function finishWhenAllAreGone(step: Step): void {
  const { phase, slots, startedAt, error } = step.fleet;
  if (phase !== 'stopping' || slots.some(({ state }) => state !== 'stopped')) return;
  step.fleet = { ...step.fleet, phase: 'stopped' };
  step.effects.push({ do: 'disarm', timer: { timer: 'drain' } }, { do: 'disarm', timer: { timer: 'grace' } });
  if (error === undefined) step.log('info', 'stopped', { in: duration(step.at - startedAt) });
  step.effects.push({ do: 'finish', error });
}

function describe({ index, generation, worker }: Slot): LogFields {
  return { slot: index, gen: generation, pid: worker?.pid };
}

function describeExit({ code, signal, error }: Exit): LogFields {
  if (error !== undefined) return { reason: error.message };
  return signal === null ? { code: code ?? undefined } : { signal };
}

function bootFailed(slot: Slot, exit: Exit): PreforkError {
  const { code, signal, error } = exit;
  const how = error?.message ?? (signal === null ? `exited with code ${code}` : `was killed by ${signal}`);
  const hint = code === 0 ? '; it neither listened nor said that it is ready' : '';
  return new PreforkError('ERR_BOOT_FAILED', `the worker in slot ${slot.index} ${how} before it was ready${hint}`, {
    cause: error,
  });
}

function notReady(slot: Slot, timeout: string): PreforkError {
  return new PreforkError(
    'ERR_BOOT_FAILED',
    `the worker in slot ${slot.index} did not listen or call process.send('ready') within ${timeout} (--ready-timeout)`,
  );
}

function overRecovery(exits: number, { recoverThreshold, recoverWindow }: FleetSettings): PreforkError {
  return new PreforkError(
    'ERR_OVER_RECOVERY',
    `workers ended ${exits} times within ${duration(recoverWindow)}, more than --recover-threshold ${recoverThreshold}`,
  );
}

/** As people write it: `96ms`, `4.2s`, `3m`, `2h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 120_000) return `${Number((ms / 1000).toFixed(1))}s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)}m`;
  return `${Math.round(ms / 3_600_000)}h`;
}
