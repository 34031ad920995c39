/**
 * What can happen to the fleet, and what can be done about it. The callbacks of the operating system only make events;
 * `decide` turns them into effects; only the interpreter carries effects out.
 */
import type { OperationKind } from '../../contract/operations.ts';
import type { Outcome } from '../../contract/outcome.ts';
import type { PreforkError } from '../../errors.ts';
import type { DrainTerms } from '../../ipc/messages.ts';
import type { ExitFacts } from '../exits/exit.ts';
import type { LifecycleEvent } from './lifecycle-events.ts';
import type { OperationTargets } from './operations/operation.ts';

/** Counts the workers ever forked, from 1. A pid would not do: the kernel uses it again. */
export type WorkerId = number;

/** What a worker said that no worker says. */
export interface Offence {
  readonly what: string;
  /** As it was said, if that could be read. */
  readonly body?: unknown;
  /** It is one too many: nothing is heard of the worker any more. */
  readonly isLast: boolean;
}

/** Who asked for an operation and waits for its outcome. */
export type RequestId = number;

/** A deadline that was armed; it comes back as an event when it is due. */
export type Timer =
  /** The worker should have been ready by now. */
  | { readonly timer: 'ready'; readonly worker: WorkerId }
  /** The worker has been ready for so long that it is believed. */
  | { readonly timer: 'settle'; readonly worker: WorkerId }
  /** The worker that took the place of this parked one has proved itself. */
  | { readonly timer: 'parked'; readonly worker: WorkerId }
  /** The slot's backoff is over. */
  | { readonly timer: 'respawn'; readonly slot: number }
  /** The backoff of spares is over. */
  | { readonly timer: 'respawn-spares' }
  /** The slot's worker has had time to listen wherever it wants to. */
  | { readonly timer: 'sweep'; readonly slot: number }
  /** A worker that still drains is told to end. */
  | { readonly timer: 'drain'; readonly worker: WorkerId }
  /** A worker that was told to end and still lives is killed. */
  | { readonly timer: 'kill'; readonly worker: WorkerId }
  /** Load balancers have had the time they asked for: accepting ends. */
  | { readonly timer: 'delay' }
  /** The server is stopping, and workers that still live are killed. */
  | { readonly timer: 'grace' };

/** Of one worker, over its life: connections that it had served and another one serves now, the reverse, and those that came back. */
export interface MoveCounts {
  readonly out: number;
  readonly in: number;
  readonly failed: number;
}

/** An operation is asked for. */
export type Operate = {
  readonly [Kind in OperationKind]: {
    readonly type: 'operate';
    readonly kind: Kind;
    readonly request?: RequestId;
  } & WithTarget<OperationTargets[Kind]>;
}[OperationKind];

/** Where nothing has to be said, nothing may be. */
type WithTarget<Target> = object extends Target ? { readonly target?: Target } : { readonly target: Target };

export type FleetEvent =
  | { readonly type: 'start' }
  | { readonly type: 'forked'; readonly worker: WorkerId; readonly pid: number }
  /** Its application's code runs. */
  | { readonly type: 'started'; readonly worker: WorkerId }
  /** Its application asks for a socket, and it has no slot. */
  | { readonly type: 'standby'; readonly worker: WorkerId }
  /** It was given a socket of its slot, and may accept from it any moment. */
  | { readonly type: 'granted'; readonly worker: WorkerId }
  /** Its application listens at an address, or has closed its server there. */
  | { readonly type: 'opened' | 'closed'; readonly worker: WorkerId; readonly address: string }
  /** Its application says that it has booted: `process.send('ready')`. Ready, which is to receive traffic, comes later. */
  | { readonly type: 'booted'; readonly worker: WorkerId }
  /** It accepts connections; or it was told to accept, and has no socket to accept from. */
  | { readonly type: 'serving'; readonly worker: WorkerId }
  /** `moves`: of its connections, over its life. */
  | { readonly type: 'drained'; readonly worker: WorkerId; readonly moves?: MoveCounts }
  | { readonly type: 'offended'; readonly worker: WorkerId; readonly offence: Offence }
  | ({ readonly type: 'exited'; readonly worker: WorkerId } & ExitFacts)
  | { readonly type: 'due'; readonly timer: Timer }
  | Operate
  /** Its heartbeat has stopped, for `silent` ms by now. */
  | { readonly type: 'hung'; readonly worker: WorkerId; readonly silent: number }
  | { readonly type: 'beating'; readonly worker: WorkerId }
  /** Its heartbeat has stopped for the heartbeat timeout. */
  | { readonly type: 'silent'; readonly worker: WorkerId; readonly silent: number }
  /** What a silent worker was found doing: its stack, or why there is none. */
  | { readonly type: 'diagnosed'; readonly worker: WorkerId; readonly stack: string }
  /** Somebody looks into the worker of this pid, for `within` ms from now; 0: no more. */
  | { readonly type: 'hold'; readonly pid: number; readonly within: number; readonly request: RequestId }
  /** The next primary serves with workers of its own: this one has nothing left to do. */
  | {
      readonly type: 'upgraded';
      readonly pid: number;
      readonly generation: number;
      /** It takes our workers' connections. @default false */
      readonly takes?: boolean;
    }
  /** The primary before this one ended before this one was ready, and its workers with it. */
  | { readonly type: 'left-alone' }
  | { readonly type: 'upgrade-failed'; readonly reason: string; readonly stderr?: string }
  /**
   * Asked to stop; by a second signal, or `isNow`, without grace. `idle`: how long idle connections may stay open, ms. Without
   * a signal it was the control socket.
   */
  | {
      readonly type: 'stop';
      readonly signal?: NodeJS.Signals;
      readonly idle: number;
      readonly isNow?: boolean;
      readonly request?: RequestId;
    }
  /** prefork cannot go on: a hook threw, or prefork itself failed. */
  | { readonly type: 'fail'; readonly error: PreforkError };

export type Effect =
  /**
   * `slot` is undefined for a spare. `isParked`: where another worker serves it may open the slot's sockets, and accepts
   * nothing from them.
   */
  | {
      readonly do: 'fork';
      readonly worker: WorkerId;
      readonly slot: number | undefined;
      readonly isParked: boolean;
      readonly generation: number;
    }
  /** Give a spare the slot's sockets. */
  | { readonly do: 'promote'; readonly worker: WorkerId; readonly slot: number; readonly isParked: boolean }
  /** It is parked no more; comes back as `serving`. */
  | { readonly do: 'accept'; readonly worker: WorkerId }
  /** It accepts no more where its slot's other worker does, and keeps its connections. */
  | { readonly do: 'park'; readonly worker: WorkerId }
  /** Ask the worker to stop accepting and to finish what is in flight; comes back as `drained`. */
  | ({ readonly do: 'drain'; readonly worker: WorkerId } & DrainTerms)
  /** SIGTERM: the application's own handlers run. */
  | { readonly do: 'terminate'; readonly worker: WorkerId }
  /** SIGKILL. */
  | { readonly do: 'kill'; readonly worker: WorkerId }
  /** Let others accept from its sockets while it cannot, or no more. */
  | { readonly do: 'rescue'; readonly worker: WorkerId; readonly isHung: boolean }
  /** Find out where its JavaScript is; comes back as `diagnosed`. */
  | { readonly do: 'diagnose'; readonly worker: WorkerId }
  | { readonly do: 'arm'; readonly timer: Timer; readonly after: number }
  | { readonly do: 'disarm'; readonly timer: Timer }
  /** The slot is no more, or is again: what its sockets queue is everybody's until then. */
  | { readonly do: 'vacate'; readonly slot: number }
  | { readonly do: 'reopen'; readonly slot: number }
  /** Close what the slot's listeners left open and nobody serves. */
  | { readonly do: 'sweep'; readonly slot: number }
  /** This primary accepts nothing more. `isHandedOver`: the next one has the same sockets. */
  | { readonly do: 'close-listeners'; readonly isHandedOver: boolean }
  /** For whoever supervises the primary: systemd, the primary before this one. */
  | { readonly do: 'announce'; readonly what: 'ready' | 'reloading' | 'stopping' }
  | { readonly do: 'announce'; readonly what: 'upgraded'; readonly pid: number }
  /** Start the next primary; comes back as `upgraded` or `upgrade-failed`. */
  | { readonly do: 'upgrade'; readonly node: string | undefined }
  | { readonly do: 'abandon-upgrade' }
  /** To the next primary. */
  | { readonly do: 'signal'; readonly pid: number; readonly signal: NodeJS.Signals }
  | { readonly do: 'settle'; readonly request: RequestId; readonly outcome: Outcome }
  /** For the log, and for others that want to know. */
  | { readonly do: 'tell'; readonly event: LifecycleEvent }
  | { readonly do: 'call'; readonly hook: 'onWorkerSpawn'; readonly pid: number }
  | { readonly do: 'call'; readonly hook: 'onPrimaryReady'; readonly pids: readonly number[] }
  | { readonly do: 'call'; readonly hook: 'onWorkerRecover'; readonly oldPid: number; readonly newPid: number }
  /** The last effect: every process is gone. Without an error it stopped as asked. */
  | { readonly do: 'finish'; readonly error: PreforkError | undefined };

export type Announcement = Extract<Effect, { do: 'announce' }>;
