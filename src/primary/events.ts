/**
 * What can happen to the fleet, and what can be done about it. The callbacks of the operating system only make events;
 * `decide` turns them into effects; only the supervisor carries effects out.
 */
import type { PreforkError } from '../errors.ts';

/** Counts the workers ever forked, from 1. A pid would not do: the kernel uses it again. */
export type WorkerId = number;

/** A deadline that was armed; it comes back as an event when it is due. */
export type Timer =
  /** The worker should have been ready by now. */
  | { readonly timer: 'ready'; readonly worker: WorkerId }
  /** The slot's backoff is over. */
  | { readonly timer: 'respawn'; readonly slot: number }
  /** The slot's worker has had time to listen wherever it wants to. */
  | { readonly timer: 'sweep'; readonly slot: number }
  /** Workers that still drain are told to end. */
  | { readonly timer: 'drain' }
  /** Workers that still live are killed. */
  | { readonly timer: 'grace' };

export type FleetEvent =
  | { readonly type: 'start' }
  | { readonly type: 'forked'; readonly worker: WorkerId; readonly pid: number }
  | { readonly type: 'ready'; readonly worker: WorkerId }
  | { readonly type: 'drained'; readonly worker: WorkerId }
  | ({ readonly type: 'exited'; readonly worker: WorkerId } & Exit)
  | { readonly type: 'due'; readonly timer: Timer }
  /** Asked to stop; a second time, without grace. `idle`: how long idle connections may stay open, ms. */
  | { readonly type: 'stop'; readonly signal: NodeJS.Signals; readonly idle: number }
  /** prefork cannot go on: a hook threw, or prefork itself failed. */
  | { readonly type: 'fail'; readonly error: PreforkError };

/** How a process ended. `error`: it could not be started at all. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, string | number | undefined>>;

export type Effect =
  | { readonly do: 'fork'; readonly worker: WorkerId; readonly slot: number; readonly generation: number }
  /** Ask the worker to stop accepting and to finish what is in flight; comes back as `drained`. */
  | { readonly do: 'drain'; readonly worker: WorkerId; readonly idle: number }
  /** SIGTERM: the application's own handlers run. */
  | { readonly do: 'terminate'; readonly worker: WorkerId }
  /** SIGKILL. */
  | { readonly do: 'kill'; readonly worker: WorkerId }
  | { readonly do: 'arm'; readonly timer: Timer; readonly after: number }
  | { readonly do: 'disarm'; readonly timer: Timer }
  /** Close what the slot's listeners left open and nobody serves. */
  | { readonly do: 'sweep'; readonly slot: number }
  /** Nobody accepts any more after this. */
  | { readonly do: 'close-listeners' }
  | { readonly do: 'log'; readonly level: LogLevel; readonly event: string; readonly fields: LogFields }
  | { readonly do: 'call'; readonly hook: 'onWorkerSpawn'; readonly pid: number }
  | { readonly do: 'call'; readonly hook: 'onPrimaryReady'; readonly pids: readonly number[] }
  | { readonly do: 'call'; readonly hook: 'onWorkerRecover'; readonly oldPid: number; readonly newPid: number }
  /** The last effect: every process is gone. Without an error it stopped as asked. */
  | { readonly do: 'finish'; readonly error: PreforkError | undefined };
