/**
 * Handles a worker that a tool looks into. While its heap is written down, or while it stands at a breakpoint, it
 * stands still for as long as that takes, and must not be killed for it. The tool says so, and says it again before the
 * time is over. When it stops saying so, the worker is treated like any other. Of several tools each has its own time.
 */
import type { Outcome } from '../../contract/outcome.ts';
import type { FleetEvent } from './events.ts';
import type { Worker } from './fleet.ts';
import type { Step } from './step.ts';

/** So many tools may look into a worker at once. */
const MOST_HOLDS = 64;

type Hold = Extract<FleetEvent, { type: 'hold' }>;

export function onHold(step: Step, event: Hold): void {
  step.do({ do: 'answer', request: event.request, outcome: hold(step, event) });
}

function hold(step: Step, { pid, within, closesInspector, holder }: Hold): Outcome {
  const worker = [...step.fleet.workers.values()].find((one) => one.pid === pid);
  if (worker === undefined) return { ok: false, reason: `there is no worker with pid ${pid}` };
  if (worker.isGivenUp) return { ok: false, reason: `worker ${pid} hung for too long, and is being killed` };
  const holds = new Map([...worker.holds].filter(([, until]) => until > step.at));
  holds.delete(holder);
  if (holds.size >= MOST_HOLDS) return { ok: false, reason: `${MOST_HOLDS} tools look into worker ${pid} already` };
  if (within > 0) holds.set(holder, step.at + within);
  // This happens at its release too: the worker has not beaten since, and gets its time to do so.
  const heldUntil = Math.max(step.at, ...holds.values());
  logChange(step, worker, heldUntil - step.at);
  step.change(worker, { heldUntil, holds });
  step.do({ do: 'hold', worker: worker.id, within: heldUntil - step.at, closesInspector });
  const { generation, slots } = step.fleet;
  return { ok: true, generation, workers: slots.length, took: 0 };
}

/** Logs a hold once, however often the tool repeats it. The line explains why a worker that hangs is not killed. */
function logChange(step: Step, worker: Worker, within: number): void {
  const wasHeld = worker.heldUntil > step.at;
  if (!wasHeld && within > 0) step.tell('worker held', { worker, within });
  if (wasHeld && within === 0) step.tell('worker released', { worker });
}
