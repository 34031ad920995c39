/**
 * A worker that somebody looks into: while its heap is written down, or at a breakpoint, it stands still for as long as that
 * takes, and must not be killed for it. Whoever looks says so, and again before the time is over; when nobody does any more,
 * the worker is as good as any other.
 */
import type { Outcome } from '../../contract/outcome.ts';
import type { FleetEvent } from './events.ts';
import type { Worker } from './fleet.ts';
import type { Step } from './step.ts';

type Hold = Extract<FleetEvent, { type: 'hold' }>;

export function onHold(step: Step, { pid, within, request }: Hold): void {
  step.do({ do: 'settle', request, outcome: hold(step, pid, within) });
}

function hold(step: Step, pid: number, within: number): Outcome {
  const worker = [...step.fleet.workers.values()].find((one) => one.pid === pid);
  if (worker === undefined) return { ok: false, reason: `there is no worker with pid ${pid}` };
  if (worker.isGivenUp) return { ok: false, reason: `worker ${pid} hung for too long, and is being killed` };
  logChange(step, worker, within);
  // Also at its release: it has not beaten since, and gets its time to do so.
  step.change(worker, { heldUntil: step.at + within });
  const { generation, slots } = step.fleet;
  return { ok: true, generation, workers: slots.length, took: 0 };
}

/** Once, however often it is said again: it explains why a worker that hangs is not killed. */
function logChange(step: Step, worker: Worker, within: number): void {
  const wasHeld = worker.heldUntil > step.at;
  if (!wasHeld && within > 0) step.tell('worker held', { worker, within });
  if (wasHeld && within === 0) step.tell('worker released', { worker });
}
