/** The primary's knowledge of its slots and their workers: plain data, never changed in place. */
import type { Comparison, OnDoubt } from '../../contract/canary.ts';
import type { Outcome } from '../../contract/outcome.ts';
import type { PreforkError } from '../../errors.ts';
import type { Settings } from '../../options/index.ts';
import type { Asked, RecycleReason } from '../exits/exit.ts';
import type { RequestId, WorkerId } from './ids.ts';
import type { ExplainedExit } from '../exits/exit-reason.ts';
import type { Autoscale } from './autoscale/autoscale.ts';
import type { Operation, Policy } from './operations/operation.ts';
import { nextWorkerState, type WorkerEvent, type WorkerState } from './worker-state.ts';

export interface Worker {
  readonly id: WorkerId;
  /** The pid; undefined until the process exists. */
  readonly pid: number | undefined;
  readonly state: WorkerState;
  /** The slot that it fills, filled or is to fill; undefined for a spare. */
  readonly slot: number | undefined;
  readonly generation: number;
  readonly forkedAt: number;
  /** The moment from which its slot needed it: its fork, or, for a spare, the moment when it was given the slot. */
  readonly neededAt: number;
  /** The addresses at which its application listens, and since when. */
  readonly addresses: ReadonlyMap<string, number>;
  /** True when its application said that it is ready, or runs where nothing more is asked for. */
  readonly hasSaidReady: boolean;
  /** True while it accepts nothing before it is told to, because another worker serves its slot. */
  readonly isParked: boolean;
  /** True when it was parked and has been told to accept. When it does, it may serve. */
  readonly isToldToAccept: boolean;
  /** True when it waits, while it boots, for something outside: its boot needs no core any more. */
  readonly isIdle: boolean;
  /** The moment when it had booted. It is ready, and serves, when it has settled after that. */
  readonly bootedAt: number | undefined;
  /** The moment from which it served its slot. */
  readonly servingSince: number | undefined;
  /** The pid of the worker that it replaces after a crash. */
  readonly replaces: number | undefined;
  readonly asked: Asked | undefined;
  /** The limit that it had reached, with `asked: 'recycle'`. */
  readonly recycled: RecycleReason | undefined;
  /** True while its heartbeat has stopped. */
  readonly isHung: boolean;
  /** The moment until which it may stand still, because a tool looks into it: the last of `holds`, or the end of the last one. */
  readonly heldUntil: number;
  /** The tools that look into it, each with the moment until which it does. */
  readonly holds: ReadonlyMap<string, number>;
  /** True when it was silent for too long, and is to be killed for it. */
  readonly isGivenUp: boolean;
  /** True when it has the code of a reload that failed, and is to be replaced for that. */
  readonly hasFailedCode: boolean;
  /** How often it sent what no healthy worker sends. `expelledFor` is the message for which it is killed. */
  readonly offences: number;
  readonly expelledFor: string | undefined;
  /** The reason for its retirement if it does not get its slot back; undefined when it has never been parked. */
  readonly parkedFor: Asked | undefined;
  /** True from when it got its slot back until it accepts again. */
  readonly isReturning: boolean;
  /** True when it was sent SIGKILL. */
  readonly isKilled: boolean;
}

/** A stable place, filled by one worker after another. */
export interface Slot {
  readonly index: number;
  /** The worker that has the slot's sockets; undefined between a crash and the respawn. */
  readonly worker: WorkerId | undefined;
  /** The worker that boots, or settles, to take over. */
  readonly successor: WorkerId | undefined;
  /**
   * The worker that is parked since an operation gave its slot to `worker`. It gets the slot back if the operation
   * fails.
   */
  readonly previous: WorkerId | undefined;
  /** The worker of the generation that is kept, parked since the last reload was done. */
  readonly kept: WorkerId | undefined;
  /** The addresses that its last worker served. The next one is not ready without them. */
  readonly served: readonly string[];
  /** The pid of the last worker that ended without being asked to. */
  readonly lastPid: number | undefined;
  /** Crashes in a row; see `crashStreak`. */
  readonly streak: number;
  /** The moment when its backoff is over, if it waits for that. */
  readonly respawnAt: number | undefined;
  readonly crashes: number;
  readonly lastExit: LastExit | undefined;
}

export interface LastExit extends ExplainedExit {
  /** True when another process sent the signal that ended it. */
  readonly isFromOutside: boolean;
  readonly pid: number | undefined;
  readonly generation: number;
  readonly at: number;
}

export interface Running {
  readonly operation: Operation;
  readonly policy: Policy;
  /** The limit that the worker which it retires had reached. */
  readonly limit: RecycleReason | undefined;
  readonly startedAt: number;
  /** True while it is read what the next generation runs. The operation begins after that. */
  readonly isRenewing: boolean;
  /** How many workers there should be after it, where that has changed. */
  readonly workers: number | undefined;
  /** Slots that are not done yet: their worker is to be replaced, or they are new. */
  readonly todo: readonly number[];
  /** Why it does less than it was to do; undefined while it does all. */
  readonly shortfall?: Extract<Outcome, { ok: false }>;
  /** The generation that serves when it is done. @default that of the fleet */
  readonly serves?: number;
  /** The canary of a reload, until it is promoted. */
  readonly canary?: Canary | undefined;
  /** How the generations compared in a canary that was promoted. */
  readonly comparison?: Comparison;
}

/** The slots that a reload gives to the new generation first. */
export interface Canary {
  readonly slots: readonly number[];
  /** ms. */
  readonly watch: number;
  readonly onDoubt: OnDoubt;
  /** Since when all of them serve and are watched; undefined before that. */
  readonly since: number | undefined;
  /** The last look. */
  readonly comparison: Comparison | undefined;
}

/** The generation before the present one, which a rollback returns to. Its workers are parked. */
export interface Kept {
  readonly generation: number;
  /** The moment when it is given up. */
  readonly until: number;
  /** The times at which young workers of the generation after it crashed. */
  readonly crashes: readonly number[];
  /** The number of slots before the reload and after it, where the reload has changed it. */
  readonly resized: { readonly from: number; readonly to: number } | undefined;
}

export interface LastReload {
  readonly generation: number;
  readonly outcome: Outcome;
  readonly at: number;
}

export interface Fleet {
  /**
   * `starting` lasts until every slot's first worker is ready, and serves. A failure before that cannot be recovered
   * from. `delaying`: the server was asked to stop, and is not ready any more, but still accepts.
   */
  readonly phase: 'idle' | 'starting' | 'serving' | 'delaying' | 'stopping' | 'stopped';
  /** The generation of workers forked from now on. */
  readonly generation: number;
  readonly slots: readonly Slot[];
  readonly workers: ReadonlyMap<WorkerId, Worker>;
  readonly running: Running | undefined;
  readonly pending: readonly Operation[];
  /** The number of spares that crashed in a row. */
  readonly spareStreak: number;
  readonly isSpareWaiting: boolean;
  /** The moment before which nothing is recycled again, because the last recycling failed. */
  readonly recycleFrom: number;
  readonly startedAt: number;
  /** True while workers of the primary before this one serve, at least until this one is ready. */
  readonly isAccompanied: boolean;
  /** The times at which workers ended unasked, within the recover window. */
  readonly exits: readonly number[];
  /** The crashes in all slots since a worker last served for long; undefined while one does. */
  readonly crashLoop: CrashLoop | undefined;
  /** The addresses that the current generation does without, the last of them. No worker has to open them to be ready. */
  readonly dropped: readonly string[];
  /** The slots that have had no worker yet, in the order in which they get one. */
  readonly unfilled: readonly number[];
  readonly workersForked: number;
  /** What autoscaling knows; undefined until it has looked, and without `--workers <min>..<max>`. */
  readonly autoscale: Autoscale | undefined;
  /** How many reloads were done, failed, and were rolled back after they were done. */
  readonly reloads: {
    readonly done: number;
    readonly failed: number;
    readonly back: number;
    readonly last: LastReload | undefined;
  };
  /** The generation that a rollback returns to; undefined where there is none. */
  readonly kept: Kept | undefined;
  /**
   * Since when the server is to end, which requests wait for that, and how long idle connections may stay open then.
   */
  readonly stop:
    | {
        readonly askedAt: number;
        /** True when a user asked, and false when prefork gives up or was upgraded. */
        readonly isByUser: boolean;
        /** True when a signal has asked. The next signal then means now. */
        readonly isSignalled: boolean;
        readonly idle: number;
        readonly requests: readonly RequestId[];
      }
    | undefined;
  /** The reason why prefork gives up, if it does. */
  readonly error: PreforkError | undefined;
}

/** The settings that the decisions need; times in ms. */
export type FleetSettings = Pick<
  Settings,
  | 'workers'
  | 'range'
  | 'spares'
  | 'maxSurge'
  | 'maxBoots'
  | 'ready'
  | 'readyTimeout'
  | 'settle'
  | 'drainTimeout'
  | 'migrate'
  | 'keepPrevious'
  | 'canary'
  | 'canaryWatch'
  | 'onDoubt'
  | 'drainDelay'
  | 'readyShare'
  | 'healthPath'
  | 'shutdownGracePeriod'
  | 'heartbeatTimeout'
  | 'hangStack'
  | 'recoverThreshold'
  | 'recoverWindow'
  | 'recoverInterval'
  | 'compileCache'
>;

export interface CrashLoop {
  readonly since: number;
  readonly crashes: number;
}

/** @param served the addresses that another primary's workers serve, and these are to take over. */
export function newFleet(workers: number, generation = 1, served: readonly string[] = []): Fleet {
  return {
    phase: 'idle',
    generation,
    slots: Array.from({ length: workers }, (_, index) => newSlot(index, served)),
    workers: new Map(),
    running: undefined,
    pending: [],
    spareStreak: 0,
    isSpareWaiting: false,
    recycleFrom: 0,
    startedAt: 0,
    isAccompanied: served.length > 0,
    exits: [],
    crashLoop: undefined,
    dropped: [],
    unfilled: [],
    workersForked: 0,
    autoscale: undefined,
    reloads: { done: 0, failed: 0, back: 0, last: undefined },
    kept: undefined,
    stop: undefined,
    error: undefined,
  };
}

export function newSlot(index: number, served: readonly string[] = []): Slot {
  return {
    index,
    worker: undefined,
    successor: undefined,
    previous: undefined,
    kept: undefined,
    served,
    lastPid: undefined,
    streak: 0,
    respawnAt: undefined,
    crashes: 0,
    lastExit: undefined,
  };
}

/**
 * Returns the slot whose worker or successor this is; undefined for a spare, and for a worker that has left its slot or
 * is parked.
 */
export function slotOf(fleet: Fleet, id: WorkerId): Slot | undefined {
  return fleet.slots.find(({ worker, successor }) => worker === id || successor === id);
}

export function withSlot(fleet: Fleet, slot: Slot): Fleet {
  return { ...fleet, slots: fleet.slots.with(slot.index, slot) };
}

export function withWorker(fleet: Fleet, worker: Worker): Fleet {
  return { ...fleet, workers: new Map(fleet.workers).set(worker.id, worker) };
}

export function withoutWorker(fleet: Fleet, id: WorkerId): Fleet {
  const workers = new Map(fleet.workers);
  workers.delete(id);
  return { ...fleet, workers };
}

/** Returns the fleet with the worker moved on by an event, and changed. */
export function move(fleet: Fleet, worker: Worker, event: WorkerEvent, changes: Partial<Worker> = {}): Fleet {
  return withWorker(fleet, { ...worker, ...changes, state: nextWorkerState(worker.state, event) });
}

/** Returns the worker of an id that a slot, or another record, has for it. */
export function workerOf(fleet: Fleet, id: WorkerId | undefined): Worker | undefined {
  return id === undefined ? undefined : fleet.workers.get(id);
}

export function isServing(fleet: Fleet, { worker }: Slot): boolean {
  return workerOf(fleet, worker)?.state === 'serving';
}

/** Returns the worker that serves the slot, unless it hangs. */
export function awakeOf(fleet: Fleet, slot: number): WorkerId | undefined {
  const worker = workerOf(fleet, fleet.slots[slot]?.worker);
  return worker?.state === 'serving' && !worker.isHung ? worker.id : undefined;
}

/** Whether the operation that runs stands and falls with the worker. */
export function isOfOperation({ running, generation }: Fleet, worker: Worker): boolean {
  switch (running?.policy.owns) {
    case 'new code':
      return worker.generation === generation;
    case 'new slots':
      return running.todo.includes(worker.slot!);
    case 'successors':
    case undefined:
      return false;
  }
}

/** Returns the generation that the reload which runs brings; undefined when none has begun. */
export function broughtGeneration({ running, generation }: Fleet): number | undefined {
  return running?.policy.owns === 'new code' && !running.isRenewing ? generation : undefined;
}

/** Whether the slot is one that the operation that runs has made. */
export function isNewSlot({ running }: Fleet, { index }: Slot): boolean {
  return running?.policy.owns === 'new slots' && running.todo.includes(index);
}

export function servingSlots(fleet: Fleet): number {
  return fleet.slots.filter((slot) => isServing(fleet, slot)).length;
}

/** Returns the workers without a slot that are to get one. */
export function spares(fleet: Fleet): Worker[] {
  return [...fleet.workers.values()].filter(
    ({ slot, state }) => slot === undefined && (state === 'booting' || state === 'standby'),
  );
}

/** Returns the workers that have given up their slot: they end, or finish what is in flight before they do. */
export function leavers(fleet: Fleet): Worker[] {
  const seated = new Set(fleet.slots.map(({ worker }) => worker));
  return [...fleet.workers.values()].filter(
    ({ id, state }) => (state === 'draining' || state === 'ending') && !seated.has(id),
  );
}

/** Returns the workers that accept nothing, and may get their slot back. */
export function parked({ workers }: Fleet): Worker[] {
  return [...workers.values()].filter(({ state }) => state === 'parked');
}
