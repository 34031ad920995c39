/**
 * What many workers would do, computed from parts that were measured with few. Pure.
 *
 * A new connection with one request costs its worker `worker` µs of CPU and the supervisor `supervisor` µs. Workers add
 * up as long as each has a core; the supervisor is one process with one core at most. So with n workers on n cores, and
 * a core for the supervisor, connections per second are at most
 *
 *     min(n · 10⁶ / worker, 10⁶ / supervisor)
 *
 * A worker that is idle costs the supervisor a part of its time and memory of its own, both taken as linear between the
 * two numbers of workers that were measured.
 */

import { FEW, MANY } from './scenarios/idle.ts';
import type { Summary } from './summary.ts';

export const WORKERS = [1, 2, 4, 8, 16, 32, 64, 128] as const;

/** Those whose idle costs are measured; PM2 is node:cluster with a daemon. */
export const MODELLED = ['prefork', 'cluster'] as const;

export interface Parts {
  /** µs of CPU that a new connection with one request costs the workers, and the supervisor. */
  readonly worker: number;
  readonly supervisor: number;
  /** ms a second that the supervisor needs for nothing, at no worker and for each. */
  readonly idleBase: number;
  readonly idlePerWorker: number;
  /** MB of PSS, at no worker and for each. */
  readonly memoryBase: number;
  readonly memoryPerWorker: number;
}

/** Undefined when the run does not have what it takes. */
export function partsOf(summary: Summary, system: string): Parts | undefined {
  const connections = summary.scenarios['new-connections']?.[system]?.figures;
  const idle = summary.scenarios['idle']?.[system]?.figures;
  const cpu = connections?.['cpu']?.median;
  const supervisor = connections?.['cpuSupervisor']?.median;
  if (idle === undefined || cpu === undefined || supervisor === undefined) return undefined;
  const line = (key: string): { base: number; slope: number } => {
    const [few = NaN, many = NaN] = [idle[`${key}${FEW}`]?.median, idle[`${key}${MANY}`]?.median];
    const slope = Math.max(0, (many - few) / (MANY - FEW));
    return { base: Math.max(0, few - slope * FEW), slope };
  };
  const [time, memory] = [line('supervisor'), line('pss')];
  return {
    worker: cpu - supervisor,
    supervisor,
    idleBase: time.base,
    idlePerWorker: time.slope,
    memoryBase: memory.base,
    memoryPerWorker: memory.slope,
  };
}

export interface Predicted {
  readonly workers: number;
  /** Connections with one request each, a second, at most. */
  readonly perSecond: number;
  /** Of the supervisor's one core, 0 to 1, at that rate. */
  readonly supervisorBusy: number;
  /** Of the supervisor's one core when there is nothing to do. */
  readonly supervisorIdle: number;
  readonly memory: number;
}

export function predict(parts: Parts, workers: number): Predicted {
  const perSecond = Math.min((workers * 1e6) / parts.worker, parts.supervisor > 0 ? 1e6 / parts.supervisor : Infinity);
  const supervisorIdle = (parts.idleBase + parts.idlePerWorker * workers) / 1000;
  return {
    workers,
    perSecond,
    supervisorBusy: Math.min(1, (perSecond * parts.supervisor) / 1e6 + supervisorIdle),
    supervisorIdle,
    memory: parts.memoryBase + parts.memoryPerWorker * workers,
  };
}
