/**
 * The events that `decide` tells of, by name, with the facts of each. What becomes of an event (its log line, its
 * diagnostics channel, what the dashboard shows, what is counted) is its row in telemetry/event-table.ts. Durations are
 * ms.
 */
import type { ScaleReason } from '../../contract/autoscaling.ts';
import type { PreforkError } from '../../errors.ts';
import type { Exit, RecycleReason } from '../exits/exit.ts';
import type { ExitReason } from '../exits/exit-reason.ts';
import type { MoveCounts } from '../../contract/moves.ts';
import type { Worker } from './fleet.ts';

/** The worker as it is when the event is reported. */
interface OfWorker {
  readonly worker: Worker;
}

export interface WorkerEnd extends OfWorker {
  readonly exit: Exit;
  readonly reason: ExitReason;
  /** The reason in one line, for people. */
  readonly why: string;
  /** The time since its fork. */
  readonly uptime: number;
}

interface Failed {
  readonly reason: string;
  /** The slot in which the worker that failed was to serve; undefined when no worker failed. */
  readonly slot: number | undefined;
}

export interface LifecycleFacts {
  'worker forked': OfWorker;
  'spare ready': OfWorker & { readonly took: number };
  /**
   * Both times count from when its slot needed the worker: `bootTook` until it had booted, and `took` until it serves.
   */
  'worker ready': OfWorker & { readonly bootTook: number; readonly took: number };
  'worker back': OfWorker;
  'worker hung': OfWorker & { readonly silent: number };
  'worker beats again': OfWorker;
  'worker given up': OfWorker & { readonly silent: number; readonly isLookedInto: boolean };
  'worker stack': OfWorker & { readonly stack: string };
  'bad message': OfWorker & { readonly why: string; readonly body: string | undefined };
  'worker expelled': OfWorker & { readonly why: string };
  'worker held': OfWorker & { readonly within: number };
  'worker released': OfWorker;
  'worker not ready': OfWorker & { readonly timeout: number };
  'address given up': OfWorker & { readonly addresses: readonly string[]; readonly timeout: number };
  'worker drains': OfWorker;
  'worker drained': OfWorker & { readonly moves: MoveCounts };
  'worker stopped': WorkerEnd;
  'worker exited': WorkerEnd;
  'worker respawning': { readonly slot: number; readonly wait: number; readonly crashes: number };
  'killing workers': { readonly workers: number; readonly reason: string };

  ready: { readonly workers: number; readonly took: number };
  /** `delay` is undefined when accepting ends at once. `signal` is undefined when the control socket asked. */
  stopping: {
    readonly workers: number;
    readonly signal: NodeJS.Signals | undefined;
    readonly delay: number | undefined;
  };
  ending: { readonly workers: number };
  error: { readonly message: string; readonly code: string | undefined };
  stopped: { readonly took: number };
  ended: { readonly error: PreforkError };

  'operation waits': { readonly operation: string; readonly behind: string };
  reloading: { readonly generation: number };
  'reload done': { readonly generation: number; readonly took: number };
  'reload failed': Failed & { readonly generation: number };
  'no canary': { readonly why: string };
  'canary watched': {
    readonly generation: number;
    readonly workers: number;
    readonly of: number;
    readonly watch: number;
    readonly onDoubt: string;
  };
  'canary promoted': { readonly generation: number; readonly why: string };
  'canary given up': { readonly generation: number; readonly reason: string };
  /** `keep` is the time for which it is kept. */
  'generation kept': { readonly generation: number; readonly workers: number; readonly keep: number };
  'generation given up': { readonly generation: number; readonly why: string };
  'parked workers given up': { readonly workers: number; readonly why: string };
  'rolling back': { readonly generation: number; readonly from: number; readonly why: string };
  'slot not kept': { readonly slot: number };
  'rolled back': { readonly generation: number; readonly took: number };
  /** `reason` and `demand` are autoscaling's; undefined when a person has asked. */
  scaling: {
    readonly from: number;
    readonly to: number;
    readonly reason: ScaleReason | undefined;
    readonly demand: number | undefined;
  };
  'autoscaling paused': { readonly by: string };
  'autoscaling resumed': { readonly workers: number };
  resized: { readonly workers: number; readonly before: number };
  scaled: { readonly workers: number; readonly took: number };
  'scaling failed': Failed & { readonly workers: number };
  recycling: OfWorker & { readonly reason: RecycleReason };
  'recycling failed': Failed & { readonly limit: RecycleReason; readonly pause: number };
  upgrading: { readonly node: string | undefined };
  upgraded: { readonly pid: number };
  'upgrade failed': { readonly reason: string };
}

export type LifecycleEvent = {
  [Name in keyof LifecycleFacts]: { readonly name: Name; readonly facts: LifecycleFacts[Name] };
}[keyof LifecycleFacts];
