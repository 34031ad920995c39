/** From a worker that serves to its exit, when it is asked to go: soft, then hard, always bounded. */
import type { DrainTerms } from '../../ipc/messages.ts';
import type { Asked } from '../exits/exit.ts';
import type { MoveCounts, WorkerId } from './events.ts';
import { workerOf, type Worker } from './fleet.ts';
import type { Step } from './step.ts';

/** A stuck worker gets so long to be looked into before it is killed, ms. */
const DIAGNOSIS_MS = 5000;

/** Whatever the worker is doing, it is to end. Its slot, if it had one, is another's by now. */
export function retire(step: Step, worker: Worker, asked: Asked, changes: Partial<Worker> = {}): void {
  switch (worker.state) {
    case 'taking':
    case 'serving':
    case 'parked': {
      const { drainTimeout, migrate } = step.settings;
      // The more connections end by their own next request the better; what is left goes one after another.
      drain(
        step,
        { ...worker, ...changes, asked },
        {
          idle: drainTimeout / 2,
          spread: drainTimeout / 4,
          // Its successor, or its neighbours, accept from the same sockets.
          takenOver: true,
          // What moves is gone before that. A slot that is no more has no successor.
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

/** @param worker has sockets. All times in ms. */
export function drain(step: Step, worker: Worker, { within, idle, spread, takenOver = false, ...rest }: Drain): void {
  step.tell('worker drains', { worker: step.move(worker, 'drain') });
  for (const timer of ['ready', 'settle', 'parked'] as const) step.disarm({ timer, worker: worker.id });
  const terms = { idle: Math.round(idle), spread: Math.round(spread), takenOver, ...rest };
  step.do({ do: 'drain', worker: worker.id, ...terms });
  step.arm({ timer: 'drain', worker: worker.id }, within);
}

/** Its connections are gone, or had their time: now the application's own shutdown code runs. */
export function end(step: Step, worker: Worker): void {
  step.move(worker, 'end');
  step.disarm({ timer: 'drain', worker: worker.id });
  step.arm({ timer: 'kill', worker: worker.id }, step.settings.shutdownGracePeriod);
  step.do({ do: 'terminate', worker: worker.id });
}

function hasSlot({ fleet }: Step, { slot }: Worker): boolean {
  return slot !== undefined && fleet.slots[slot] !== undefined;
}

/** @param moves undefined where its time is over. */
export function onDrained(step: Step, id: WorkerId, moves?: MoveCounts): void {
  const worker = workerOf(step.fleet, id);
  if (worker?.state !== 'draining') return;
  if (moves !== undefined) step.tell('worker drained', { worker, moves });
  end(step, worker);
}

export function onKillDue(step: Step, id: WorkerId): void {
  const worker = workerOf(step.fleet, id);
  if (worker !== undefined) kill(step, worker);
}

/** SIGKILL: its exit comes next. */
export function kill(step: Step, worker: Worker): void {
  step.change(worker, { isKilled: true });
  step.do({ do: 'kill', worker: worker.id });
}

/** Its heartbeat has stopped for too long. Somebody looks what it does; then, or soon, it is killed. */
export function giveUp(step: Step, worker: Worker): void {
  step.change(worker, { isGivenUp: true });
  step.arm({ timer: 'kill', worker: worker.id }, DIAGNOSIS_MS);
  step.do({ do: 'diagnose', worker: worker.id });
}

/** No deadline of a worker that is gone may come back. */
export function disarmAll(step: Step, worker: WorkerId): void {
  for (const timer of ['ready', 'settle', 'parked', 'drain', 'kill'] as const) step.disarm({ timer, worker });
}

export function killAll(step: Step, reason: string): void {
  const workers = [...step.fleet.workers.values()];
  if (workers.length === 0) return;
  step.tell('killing workers', { workers: workers.length, reason });
  for (const worker of workers) kill(step, worker);
}
