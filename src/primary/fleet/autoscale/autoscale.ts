/** What autoscaling knows of the fleet: plain data, never changed in place. */
import type { Disturbance, ScaleHold, ScaleReason } from '../../../contract/autoscaling.ts';
import { NO_MEMORY, type Memory } from './policy.ts';

export interface Autoscale {
  readonly memory: Memory;
  readonly disturbed: { readonly by: Disturbance; readonly at: number } | undefined;
  /** The largest resident memory that a worker of the generation had, bytes. */
  readonly largest: { readonly generation: number; readonly bytes: number };
  /** The person who has scaled, by what, and when; undefined while the number changes by itself. */
  readonly paused: Paused | undefined;
  /** The last time when a new worker failed to boot. */
  readonly failedAt: number;
  /** What the last look said. Utilization and demand are undefined while no worker counts. */
  readonly utilization: number | undefined;
  readonly demand: number | undefined;
  readonly hold: ScaleHold | undefined;
  /** The number that fits into the memory; infinite without a limit. */
  readonly fitting: number;
  readonly last: LastChange | undefined;
}

export interface Paused {
  readonly by: string;
  readonly at: number;
}

export interface LastChange {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly reason: ScaleReason;
}

export const NO_SIZE: Autoscale['largest'] = { generation: 0, bytes: 0 };

/** @param paused by whom it was paused in the primary before this one. */
export function newAutoscale(paused?: Paused): Autoscale {
  return {
    memory: NO_MEMORY,
    disturbed: undefined,
    largest: NO_SIZE,
    paused,
    failedAt: -Infinity,
    utilization: undefined,
    demand: undefined,
    hold: undefined,
    fitting: Infinity,
    last: undefined,
  };
}
