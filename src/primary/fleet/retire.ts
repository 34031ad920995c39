/**
 * The way from a worker that serves to its exit, when it is asked to go: soft at first, then hard, always with a limit.
 */
import type { DrainTerms } from '../../ipc/messages.ts';
import type { Asked } from '../exits/exit.ts';
import type { MoveCounts } from '../../contract/moves.ts';
import type { WorkerId } from './ids.ts';
import { workerOf, type Worker } from './fleet.ts';
import type { Step } from './step.ts';

/** The time for looking into a stuck worker before it is killed. */
const DIAGNOSIS_MS = 5000;

/** Ends the worker, whatever it is doing. Its slot, if it had one, is another worker's by now. */
export function retire(step: Step, worker: Worker, asked: Asked, changes: Partial<Worker> = {}): void {
  switch (worker.state) {
    case 'taking':
    case 'serving':
    case 'parked': {
      const { drainTimeout, migrate } = step.settings;
      // Connections should end by their own next request. The rest is closed one after another.
      drain(
        step,
        { ...worker, ...changes, asked },
        {
          idle: drainTimeout / 2,
          spread: drainTimeout / 4,
          // A successor, or the neighbours, accept from the same sockets.
          takenOver: true,
          // Connections that move are gone before that. A slot that is no more has no successor.
          ...(migrate !== 'off' && { successor: hasSlot(step, worker) ? 'slot' : 'any' }),
          within: drainTimeout,
        },
      );
      return;
    }
    case 'booting':
    case 'standby':
      step.disarm({ timer: 'ready', worker: worker.id });
      return end(step, { ...worker, ...changes, asked });
    case 'draining':
    case 'ending':
      return;
  }
}

interface Drain extends DrainTerms {
  readonly within: number;
}

/** @param worker one that has sockets. All times are in ms. */
export function drain(step: Step, worker: Worker, { within, idle, spread, takenOver = false, ...rest }: Drain): void {
  step.tell('worker drains', { worker: step.move(worker, 'drain') });
  for (const timer of ['ready', 'settle', 'parked'] as const) step.disarm({ timer, worker: worker.id });
  const terms = { idle: Math.round(idle), spread: Math.round(spread), takenOver, ...rest };
  step.do({ do: 'drain', worker: worker.id, ...terms });
  step.arm({ timer: 'drain', worker: worker.id }, within);
}

/** The worker's connections are gone, or had their time. Now the application's own shutdown code runs. */
export function end(step: Step, worker: Worker): void {
  step.move(worker, 'end');
  step.disarm({ timer: 'drain', worker: worker.id });
  step.arm({ timer: 'kill', worker: worker.id }, step.settings.shutdownGracePeriod);
  step.do({ do: 'terminate', worker: worker.id });
}

function hasSlot({ fleet }: Step, { slot }: Worker): boolean {
  return slot !== undefined && fleet.slots[slot] !== undefined;
}

/** @param moves undefined when the drain's time is over. */
export function onDrained(step: Step, id: WorkerId, moves?: MoveCounts): void {
  const worker = workerOf(step.fleet, id);
  // A worker that was given up is killed when it has been looked into, whatever it says by then.
  if (worker?.state !== 'draining' || worker.isGivenUp) return;
  if (moves !== undefined) step.tell('worker drained', { worker, moves });
  end(step, worker);
}

export function onKillDue(step: Step, id: WorkerId): void {
  const worker = workerOf(step.fleet, id);
  if (worker !== undefined) kill(step, worker);
}

/** Sends SIGKILL. The worker's exit comes next. */
export function kill(step: Step, worker: Worker): void {
  step.change(worker, { isKilled: true });
  step.do({ do: 'kill', worker: worker.id });
}

/**
 * The worker's heartbeat has stopped for too long. Its stack is taken. Then, or when that takes too long, it is killed.
 */
export function giveUp(step: Step, worker: Worker): void {
  step.change(worker, { isGivenUp: true });
  // The end of a drain would put the kill off by the grace period.
  step.disarm({ timer: 'drain', worker: worker.id });
  step.arm({ timer: 'kill', worker: worker.id }, DIAGNOSIS_MS);
  step.do({ do: 'diagnose', worker: worker.id });
}

/** Disarms all timers of a worker: none may come back after it is gone. */
export function disarmAll(step: Step, worker: WorkerId): void {
  for (const timer of ['ready', 'settle', 'parked', 'drain', 'kill'] as const) step.disarm({ timer, worker });
}

export function killAll(step: Step, reason: string): void {
  const workers = [...step.fleet.workers.values()];
  if (workers.length === 0) return;
  step.tell('killing workers', { workers: workers.length, reason });
  for (const worker of workers) kill(step, worker);
}
