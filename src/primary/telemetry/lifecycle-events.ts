/**
 * What happened to the fleet, for others to hear of: found by comparing it before and after an event. Pure, and the one
 * place where the events of docs/metrics.md are made.
 */
import type { FleetEvent } from '../fleet/events.ts';
import { explainExit } from '../exits/exit-reason.ts';
import type { Fleet, Worker } from '../fleet/fleet.ts';

interface WorkerNames {
  readonly pid: number | undefined;
  /** Undefined for a spare. */
  readonly slot: number | undefined;
  readonly generation: number;
}

/** By the name of their channel, without `prefork:`. Durations are ms. */
export interface LifecycleEvents {
  /** Its process was started. */
  'worker:spawn': WorkerNames;
  /** It serves its slot. `took`: since its slot needed it. */
  'worker:ready': WorkerNames & { readonly took: number };
  /** Its event loop stands still; and turns again. */
  'worker:hung': WorkerNames & { readonly silent: number };
  'worker:recovered': WorkerNames;
  /** It was told to finish and leave. */
  'worker:drain': WorkerNames & { readonly reason: string };
  /** It has ended; `planned`: because it was asked to. */
  'worker:exit': WorkerNames & {
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly reason: string;
    readonly text: string;
    readonly planned: boolean;
    readonly uptime: number;
  };
  /** Every slot serves for the first time. */
  ready: { readonly workers: number; readonly took: number };
  'reload:start': { readonly generation: number };
  'reload:done': { readonly generation: number; readonly took: number };
  'reload:failed': { readonly generation: number; readonly reason: string };
  scale: { readonly workers: number; readonly before: number };
  stopping: { readonly workers: number };
  stopped: { readonly error: Error | undefined };
}

export type LifecycleEvent = {
  [Name in keyof LifecycleEvents]: { readonly name: Name; readonly message: LifecycleEvents[Name] };
}[keyof LifecycleEvents];

export function lifecycleEvents(before: Fleet, event: FleetEvent, after: Fleet, at: number): LifecycleEvent[] {
  return [...ofWorkers(before, event, after, at), ...ofOperations(before, after), ...ofPhases(before, after, at)];
}

function ofWorkers(before: Fleet, event: FleetEvent, after: Fleet, at: number): LifecycleEvent[] {
  const list: LifecycleEvent[] = [];
  for (const worker of after.workers.values()) {
    const old = before.workers.get(worker.id);
    if (old !== worker) list.push(...ofWorker(old, worker, event, at));
  }
  if (event.type === 'exited') list.push(...ofExit(before.workers.get(event.worker), event, at));
  return list;
}

function ofWorker(old: Worker | undefined, worker: Worker, event: FleetEvent, at: number): LifecycleEvent[] {
  const { pid, state, isHung, asked } = worker;
  const names = namesOf(worker);
  const list: LifecycleEvent[] = [];
  if (pid !== undefined && old?.pid === undefined) list.push({ name: 'worker:spawn', message: names });
  if (old?.state !== state && state === 'serving') {
    list.push({ name: 'worker:ready', message: { ...names, took: at - worker.neededAt } });
  }
  if (old?.state !== state && state === 'draining') {
    list.push({ name: 'worker:drain', message: { ...names, reason: asked ?? 'asked' } });
  }
  if (isHung && old?.isHung === false) {
    list.push({ name: 'worker:hung', message: { ...names, silent: event.type === 'hung' ? event.silent : 0 } });
  }
  if (!isHung && old?.isHung === true) list.push({ name: 'worker:recovered', message: names });
  return list;
}

function ofExit(
  worker: Worker | undefined,
  event: Extract<FleetEvent, { type: 'exited' }>,
  at: number,
): LifecycleEvent[] {
  if (worker === undefined) return [];
  const { asked, recycled: recycle, isGivenUp: isHung, expelledFor, isKilled: killedByUs } = worker;
  const { code, signal } = event;
  const { reason, text } = explainExit({ ...event, exit: event, asked, recycle, isHung, expelledFor, killedByUs });
  const uptime = at - worker.forkedAt;
  const planned = asked !== undefined;
  return [{ name: 'worker:exit', message: { ...namesOf(worker), code, signal, reason, text, planned, uptime } }];
}

function ofOperations(before: Fleet, after: Fleet): LifecycleEvent[] {
  const list: LifecycleEvent[] = [];
  const { generation } = after;
  if (after.running !== before.running && after.running?.operation.kind === 'reload') {
    if (before.running?.startedAt !== after.running.startedAt) {
      list.push({ name: 'reload:start', message: { generation } });
    }
  }
  const { last } = after.reloads;
  if (last !== undefined && last !== before.reloads.last) {
    const { outcome } = last;
    list.push(
      outcome.ok
        ? { name: 'reload:done', message: { generation: last.generation, took: outcome.took } }
        : { name: 'reload:failed', message: { generation: last.generation, reason: outcome.reason } },
    );
  }
  const [workers, were] = [after.slots.length, before.slots.length];
  if (workers !== were) list.push({ name: 'scale', message: { workers, before: were } });
  return list;
}

function ofPhases(before: Fleet, after: Fleet, at: number): LifecycleEvent[] {
  const workers = after.slots.length;
  if (before.phase === after.phase) return [];
  if (after.phase === 'serving') return [{ name: 'ready', message: { workers, took: at - after.startedAt } }];
  if (after.phase === 'stopped') return [{ name: 'stopped', message: { error: after.error } }];
  const isFirst = before.phase !== 'delaying' && (after.phase === 'delaying' || after.phase === 'stopping');
  return isFirst ? [{ name: 'stopping', message: { workers } }] : [];
}

function namesOf({ pid, slot, generation }: Worker): WorkerNames {
  return { pid, slot, generation };
}
