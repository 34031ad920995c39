/**
 * Handles a worker that a tool looks into. While its heap is written down, or while it stands at a breakpoint, it
 * stands still for as long as that takes, and must not be killed for it. The tool says so, and says it again before the
 * time is over. When it stops saying so, the worker is treated like any other.
 */
import type { Outcome } from '../../contract/outcome.ts';
import type { FleetEvent } from './events.ts';
import type { Worker } from './fleet.ts';
import type { Step } from './step.ts';

type Hold = Extract<FleetEvent, { type: 'hold' }>;

export function onHold(step: Step, event: Hold): void {
  step.do({ do: 'answer', request: event.request, outcome: hold(step, event) });
}

function hold(step: Step, { pid, within, closesInspector }: Hold): Outcome {
  const worker = [...step.fleet.workers.values()].find((one) => one.pid === pid);
  if (worker === undefined) return { ok: false, reason: `there is no worker with pid ${pid}` };
  if (worker.isGivenUp) return { ok: false, reason: `worker ${pid} hung for too long, and is being killed` };
  logChange(step, worker, within);
  // This happens at its release too: the worker has not beaten since, and gets its time to do so.
  step.change(worker, { heldUntil: step.at + within });
  step.do({ do: 'hold', worker: worker.id, within, closesInspector });
  const { generation, slots } = step.fleet;
  return { ok: true, generation, workers: slots.length, took: 0 };
}

/** Logs a hold once, however often the tool repeats it. The line explains why a worker that hangs is not killed. */
function logChange(step: Step, worker: Worker, within: number): void {
  const wasHeld = worker.heldUntil > step.at;
  if (!wasHeld && within > 0) step.tell('worker held', { worker, within });
  if (wasHeld && within === 0) step.tell('worker released', { worker });
}
