/** Ends everything: because that was asked, or because prefork has to give up. */
import type { PreforkError } from '../../errors.ts';
import type { FleetEvent } from './events.ts';
import type { Worker } from './fleet.ts';
import { forgetKept } from './parking/kept.ts';
import { abandonAll } from './operations/operations.ts';
import { drain, end, killAll } from './retire.ts';
import type { Step } from './step.ts';

/**
 * The time that booting workers get when a start fails. Another worker that fails for the same reason may be the one
 * that prints it.
 */
const LAST_WORDS_MS = 250;

type Stop = Extract<FleetEvent, { type: 'stop' }>;

/**
 * Stops softly, or at once after a second signal. Commands do not add up: two programs may ask for the same stop, and a
 * container's end begins with a command (`preStop`) and goes on with a signal. A signal that may have been
 * passed on does not add up with the same one that came by itself.
 */
export function onStop(step: Step, { signal, idle, isNow, isPassedOn = false, request }: Stop): void {
  const { phase, stop } = step.fleet;
  const requests = [...(stop?.requests ?? []), ...(request === undefined ? [] : [request])];
  const isSignal = signal !== undefined && !isPassedOn;
  const isSecond = isSignal && stop?.isSignalled === true;
  const isSignalled = isSignal || stop?.isSignalled === true;
  const askedAt = stop?.askedAt ?? step.at;
  step.fleet = { ...step.fleet, stop: { askedAt, isByUser: true, isSignalled, idle, requests } };
  switch (phase) {
    case 'stopped':
      return answerStop(step);
    case 'stopping':
      if (isSecond || isNow) killAll(step, isNow ? 'asked to stop now' : 'asked again');
      return;
    case 'delaying':
      if (isSecond || isNow) stopAll(step);
      if (isNow) killAll(step, 'asked to stop now');
      return;
    case 'idle':
    case 'starting':
    case 'serving': {
      const { drainDelay } = step.settings;
      const isDelayed = phase === 'serving' && drainDelay > 0 && !isNow;
      step.tell('stopping', { workers: step.fleet.slots.length, signal, delay: isDelayed ? drainDelay : undefined });
      // The phase changes first: an abandoned operation may leave a slot vacant, which is filled only if it is to serve
      // for a while yet.
      step.fleet = { ...step.fleet, phase: isDelayed ? 'delaying' : 'stopping' };
      abandonAll(step, 'the server is stopping');
      step.do({ do: 'announce', what: 'stopping' });
      // The server is not ready any more, but accepts: load balancers need time to see it.
      if (isDelayed) step.arm({ timer: 'delay' }, drainDelay);
      else stopAll(step);
      if (isNow) killAll(step, 'asked to stop now');
    }
  }
}

export function onDelayOver(step: Step): void {
  if (step.fleet.phase === 'delaying') stopAll(step);
}

/** Ends everything with an error. Workers that serve may finish, and workers that boot are of no use any more. */
export function fail(step: Step, error: PreforkError): void {
  const { phase } = step.fleet;
  if (step.fleet.error !== undefined || phase === 'stopped') return;
  step.fleet = { ...step.fleet, error, phase: 'stopping' };
  step.tell('error', { message: error.message, code: error.code });
  if (phase === 'stopping') return;
  abandonAll(step, error.message);
  if (phase !== 'delaying') step.tell('ending', { workers: step.fleet.slots.length });
  stopAll(step);
  for (const { id, state } of step.fleet.workers.values()) {
    if (state === 'ending') step.arm({ timer: 'kill', worker: id }, LAST_WORDS_MS);
  }
}

interface StopOptions {
  /** The time that everything may take, ms. @default the shutdown grace period */
  readonly grace?: number;
  /** True when the next primary serves with the same sockets. @default false */
  readonly isHandedOver?: boolean;
  /** True when the next primary's workers take the connections, too. @default false */
  readonly moves?: boolean;
}

function stopAll(step: Step, options: StopOptions = {}): void {
  const { grace = step.settings.shutdownGracePeriod, isHandedOver = false, moves = false } = options;
  step.fleet = { ...step.fleet, phase: 'stopping' };
  step.disarm({ timer: 'delay' });
  step.disarm({ timer: 'respawn-spares' });
  forgetKept(step, isHandedOver ? 'the server was upgraded' : 'the server is stopping');
  step.do({ do: 'close-listeners', isHandedOver });
  for (const { index } of step.fleet.slots) {
    step.disarm({ timer: 'respawn', slot: index });
    step.disarm({ timer: 'sweep', slot: index });
  }
  for (const worker of step.fleet.workers.values()) {
    stopWorker(step, worker, { within: drainPeriod(grace), isHandedOver, moves });
  }
  step.arm({ timer: 'grace' }, grace);
  finishWhenAllAreGone(step);
}

interface StopTerms {
  /** ms */
  readonly within: number;
  readonly isHandedOver: boolean;
  readonly moves: boolean;
}

function stopWorker(step: Step, worker: Worker, { within, isHandedOver, moves }: StopTerms): void {
  const idle = Math.min(step.fleet.stop?.idle ?? 0, within);
  switch (worker.state) {
    case 'taking':
    case 'serving':
    case 'parked':
      return drain(
        step,
        { ...worker, asked: 'stop' },
        {
          idle,
          spread: (within - idle) / 2,
          takenOver: isHandedOver,
          within,
          ...(moves && { successor: 'upgrade' }),
        },
      );
    case 'draining':
      // The worker that it moved them to drains by now.
      if (moves) {
        const terms = {
          idle: Math.round(idle),
          spread: Math.round((within - idle) / 2),
          successor: 'upgrade',
        } as const;
        step.do({ do: 'drain', worker: worker.id, ...terms });
      }
      return step.arm({ timer: 'drain', worker: worker.id }, within);
    case 'booting':
    case 'standby':
      step.disarm({ timer: 'ready', worker: worker.id });
      return end(step, { ...worker, asked: 'stop' });
    case 'ending':
  }
}

/**
 * Returns the time for draining, which is most of the grace period. The rest is for the application's own SIGTERM
 * handlers.
 */
function drainPeriod(grace: number): number {
  return grace - Math.min(1000, grace / 4);
}

export function finishWhenAllAreGone(step: Step): void {
  const { phase, workers, stop, error } = step.fleet;
  if (phase !== 'stopping' || workers.size > 0) return;
  step.fleet = { ...step.fleet, phase: 'stopped' };
  step.disarm({ timer: 'grace' });
  if (error === undefined) step.tell('stopped', { took: step.at - (stop?.askedAt ?? step.at) });
  else step.tell('ended', { error });
  answerStop(step);
  step.do({ do: 'finish', error });
}

function answerStop(step: Step): void {
  const { stop, generation } = step.fleet;
  if (stop === undefined) return;
  const outcome = { ok: true, generation, workers: 0, took: Math.round(step.at - stop.askedAt) } as const;
  for (const request of stop.requests) step.do({ do: 'answer', request, outcome });
  step.fleet = { ...step.fleet, stop: undefined };
}

/**
 * Another primary serves with the same sockets. This one drains, for as long as a drain may take, and goes.
 *
 * @param takes whether the other primary's workers take connections of ours
 */
export function handOver(step: Step, takes: boolean): void {
  step.tell('ending', { workers: step.fleet.slots.length });
  const { drainTimeout } = step.settings;
  step.fleet = {
    ...step.fleet,
    stop: { askedAt: step.at, isByUser: false, isSignalled: false, idle: drainTimeout / 2, requests: [] },
  };
  const moves = takes && step.settings.migrate !== 'off';
  stopAll(step, { grace: drainTimeout, isHandedOver: true, moves });
}
