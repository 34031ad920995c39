/**
 * The events that can happen to the fleet, and the effects that can answer them. The callbacks of the operating system
 * only make events. `decide` turns them into effects, and only the effect runner carries effects out.
 */
import type { Judgement } from '../../contract/canary.ts';
import type { MoveCounts } from '../../contract/moves.ts';
import type { OperationKind } from '../../contract/operations.ts';
import type { Outcome } from '../../contract/outcome.ts';
import type { PreforkError } from '../../errors.ts';
import type { DrainTerms, HoldTerms, ServerTerms } from '../../ipc/messages.ts';
import type { ExitFacts } from '../exits/exit.ts';
import type { RequestId, WorkerId } from './ids.ts';
import type { LifecycleEvent } from './lifecycle-events.ts';
import type { OperationTargets } from './operations/operation.ts';

/** A message that no healthy worker sends. */
export interface Offence {
  readonly what: string;
  /** The message itself, if it could be read. */
  readonly body?: unknown;
  /** True when it is one too many: nothing is heard of the worker any more. */
  readonly isLast: boolean;
}

/** A deadline that was armed; it comes back as an event when it is due. */
export type Timer =
  /** The worker should have been ready by now. */
  | { readonly timer: 'ready'; readonly worker: WorkerId }
  /** The worker has been ready for so long that it is believed. */
  | { readonly timer: 'settle'; readonly worker: WorkerId }
  /**
   * The worker that took the place of this parked one has proved itself, or the time is over for which a worker is kept
   * whose slot was taken away.
   */
  | { readonly timer: 'parked'; readonly worker: WorkerId }
  /** The canary has been watched for long enough, and no judgement has come. */
  | { readonly timer: 'watch' }
  /** The time for which the previous generation is kept is over. */
  | { readonly timer: 'kept' }
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
  /** Load balancers have had the time that they asked for, so accepting ends. */
  | { readonly timer: 'delay' }
  /** The server is stopping, and workers that still live are killed. */
  | { readonly timer: 'grace' };

/** An operation is asked for. */
export type Operate = {
  readonly [Kind in OperationKind]: {
    readonly type: 'operate';
    readonly kind: Kind;
    readonly request?: RequestId;
  } & WithTarget<OperationTargets[Kind]>;
}[OperationKind];

/** An operation without a required target may be asked for without one. */
type WithTarget<Target> = object extends Target ? { readonly target?: Target } : { readonly target: Target };

/** What a worker last said of itself. */
export interface WorkerLoad {
  readonly worker: WorkerId;
  /** The share of its last beat in which its event loop was busy. */
  readonly utilization: number;
  /** How late its last beat was, and how long ago it is, ms. */
  readonly late: number;
  readonly silent: number;
  /** The resident memory, bytes. */
  readonly rss: number;
}

export type FleetEvent =
  | { readonly type: 'start' }
  | { readonly type: 'forked'; readonly worker: WorkerId; readonly pid: number }
  /** The worker runs its application's code. */
  | { readonly type: 'started'; readonly worker: WorkerId }
  /** The worker's application asks for a socket, and the worker has no slot. */
  | { readonly type: 'standby'; readonly worker: WorkerId }
  /** The worker was given a socket of its slot, and may accept from it any moment. */
  | { readonly type: 'granted'; readonly worker: WorkerId }
  /** The worker's application listens at an address, or has closed its server there. */
  | { readonly type: 'opened' | 'closed'; readonly worker: WorkerId; readonly address: string }
  /**
   * The worker's application says that it has booted: `process.send('ready')`. The worker becomes ready later, when it
   * may receive traffic.
   */
  | { readonly type: 'booted'; readonly worker: WorkerId }
  /** The worker accepts connections, or it was told to accept and has no socket to accept from. */
  | { readonly type: 'serving'; readonly worker: WorkerId }
  /** `moves` counts the worker's connections, over its life. */
  | { readonly type: 'drained'; readonly worker: WorkerId; readonly moves?: MoveCounts }
  | { readonly type: 'offended'; readonly worker: WorkerId; readonly offence: Offence }
  | ({ readonly type: 'exited'; readonly worker: WorkerId } & ExitFacts)
  | { readonly type: 'due'; readonly timer: Timer }
  | Operate
  /** What the next generation runs was read. `workers` is how many there should be, where that has changed. */
  | { readonly type: 'renewed'; readonly workers?: number | undefined }
  | { readonly type: 'not-renewed'; readonly reason: string }
  /** The load of the workers that serve, with what is left of the machine: see supervisor/machine-load.ts. */
  | {
      readonly type: 'load';
      readonly rows: readonly WorkerLoad[];
      readonly cpu: number | undefined;
      readonly isThrottled: boolean;
      readonly memory: number | undefined;
      readonly cores: number;
    }
  /** The worker's heartbeat has stopped, for `silent` ms by now. */
  | { readonly type: 'hung'; readonly worker: WorkerId; readonly silent: number }
  | { readonly type: 'beating'; readonly worker: WorkerId }
  /** The worker boots, and its event loop has nothing to do: it waits for something outside. */
  | { readonly type: 'idle'; readonly worker: WorkerId }
  /** The worker's heartbeat has stopped for the heartbeat timeout. */
  | { readonly type: 'silent'; readonly worker: WorkerId; readonly silent: number }
  /** The primary has compared both generations of a canary. */
  | { readonly type: 'judged'; readonly judgement: Judgement }
  /** The cgroup has hardly any memory left, as `why` says. */
  | { readonly type: 'memory-tight'; readonly why: string }
  /** The stack of a silent worker, or the reason why there is none. */
  | { readonly type: 'diagnosed'; readonly worker: WorkerId; readonly stack: string }
  /** A tool looks into the worker of this pid, for `within` ms from now. With 0 it has stopped looking. */
  | ({
      readonly type: 'hold';
      readonly pid: number;
      readonly holder: string;
      readonly request: RequestId;
    } & HoldTerms)
  /** The next primary serves with workers of its own, so this one has nothing left to do. */
  | {
      readonly type: 'upgraded';
      readonly pid: number;
      readonly generation: number;
      /** True when the next primary takes our workers' connections. @default false */
      readonly takes?: boolean;
    }
  /** The primary before this one ended before this one was ready, and its workers with it. */
  | { readonly type: 'left-alone' }
  | { readonly type: 'upgrade-failed'; readonly reason: string; readonly stderr?: string }
  /**
   * A stop is asked for. A second signal, or `isNow`, means without grace. `idle` is how long idle connections may stay
   * open, ms. Without `signal` the control socket has asked. A signal with `isPassedOn` may be the same stop once more, and is
   * neither a first signal nor a second one.
   */
  | {
      readonly type: 'stop';
      readonly signal?: NodeJS.Signals;
      readonly idle: number;
      readonly isNow?: boolean;
      readonly isPassedOn?: boolean;
      readonly request?: RequestId;
    }
  /** prefork cannot go on: a hook threw, or prefork itself failed. */
  | { readonly type: 'fail'; readonly error: PreforkError };

export type Effect =
  /**
   * `slot` is undefined for a spare. A worker with `isParked` may open the slot's sockets that another worker serves,
   * and accepts nothing from them.
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
  /** The worker is parked no more. The answer comes as `serving`. */
  | { readonly do: 'accept'; readonly worker: WorkerId }
  /** The worker accepts no more where its slot's other worker does, and keeps its connections. */
  | { readonly do: 'park'; readonly worker: WorkerId }
  /** The parked worker gives its connections away: to the successor, or where there is none, by telling clients to close. */
  | { readonly do: 'shed'; readonly worker: WorkerId; readonly successor?: 'slot' | 'any' }
  /** The parked worker keeps connections again. */
  | { readonly do: 'unshed'; readonly worker: WorkerId }
  /** Ask the worker to stop accepting and to finish what is in flight. The answer comes as `drained`. */
  | ({ readonly do: 'drain'; readonly worker: WorkerId } & DrainTerms)
  /** Tell the worker how the server as a whole is. */
  | ({ readonly do: 'inform'; readonly worker: WorkerId } & ServerTerms)
  /** Tell the worker that a tool looks into it. */
  | ({ readonly do: 'hold'; readonly worker: WorkerId } & HoldTerms)
  /** Send SIGTERM, so that the application's own handlers run. */
  | { readonly do: 'terminate'; readonly worker: WorkerId }
  /** Send SIGKILL. */
  | { readonly do: 'kill'; readonly worker: WorkerId }
  /** Let others accept from the worker's sockets while it cannot; without `isHung`, no longer. */
  | { readonly do: 'rescue'; readonly worker: WorkerId; readonly isHung: boolean }
  /** Find out where the worker's JavaScript is. The answer comes as `diagnosed`. */
  | { readonly do: 'diagnose'; readonly worker: WorkerId }
  | { readonly do: 'arm'; readonly timer: Timer; readonly after: number }
  | { readonly do: 'disarm'; readonly timer: Timer }
  /** The slot is no more, or exists again. Between the two, any worker may accept what its sockets queue. */
  | { readonly do: 'vacate'; readonly slot: number }
  | { readonly do: 'reopen'; readonly slot: number }
  /** Close what the slot's listeners left open and no worker serves. */
  | { readonly do: 'sweep'; readonly slot: number }
  /** This primary accepts nothing more. With `isHandedOver`, the next one has the same sockets. */
  | { readonly do: 'close-listeners'; readonly isHandedOver: boolean }
  /** Tell the supervisors of the primary: systemd, and the primary before this one. */
  | { readonly do: 'announce'; readonly what: 'ready' | 'reloading' | 'stopping' }
  | { readonly do: 'announce'; readonly what: 'upgraded'; readonly pid: number }
  /** Read what the next generation is to run. The answer comes as `renewed` or `not-renewed`. */
  | { readonly do: 'renew' }
  /** New workers run again what they ran before the last `renewed`. */
  | { readonly do: 'revert' }
  /** Start the next primary. The answer comes as `upgraded` or `upgrade-failed`. */
  | { readonly do: 'upgrade'; readonly node: string | undefined }
  | { readonly do: 'abandon-upgrade' }
  /** Send a signal to the next primary. */
  | { readonly do: 'signal'; readonly pid: number; readonly signal: NodeJS.Signals }
  | { readonly do: 'answer'; readonly request: RequestId; readonly outcome: Outcome }
  /** Tell the log, and others that want to know. */
  | { readonly do: 'tell'; readonly event: LifecycleEvent }
  | { readonly do: 'call'; readonly hook: 'onWorkerSpawn'; readonly pid: number }
  | { readonly do: 'call'; readonly hook: 'onPrimaryReady'; readonly pids: readonly number[] }
  | { readonly do: 'call'; readonly hook: 'onWorkerRecover'; readonly oldPid: number; readonly newPid: number }
  /** The last effect: every process is gone. Without an error the server stopped as asked. */
  | { readonly do: 'finish'; readonly error: PreforkError | undefined };

export type Announcement = Extract<Effect, { do: 'announce' }>;
