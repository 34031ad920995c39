/** What the primary knows of its slots and their workers: plain data, never changed in place. */
import type { Outcome } from '../../contract/outcome.ts';
import type { PreforkError } from '../../errors.ts';
import type { Settings } from '../../options/index.ts';
import type { Asked, RecycleReason } from '../exits/exit.ts';
import type { RequestId, WorkerId } from './events.ts';
import type { ExplainedExit } from '../exits/exit-reason.ts';
import type { Operation, Policy } from './operations/operation.ts';
import { nextWorkerState, type WorkerEvent, type WorkerState } from './worker-state.ts';

export interface Worker {
  readonly id: WorkerId;
  /** Undefined until the process exists. */
  readonly pid: number | undefined;
  readonly state: WorkerState;
  /** The slot that it fills, filled or is to fill; undefined for a spare. */
  readonly slot: number | undefined;
  readonly generation: number;
  readonly forkedAt: number;
  /** When its slot came to need it: at its fork, or, for a spare, when it was given the slot. */
  readonly neededAt: number;
  /** Where its application listens, and since when. */
  readonly addresses: ReadonlyMap<string, number>;
  /** Its application said so, or runs where nothing more is asked for. */
  readonly hasSaidReady: boolean;
  /** It accepts nothing before it is told to: another worker serves its slot. */
  readonly isParked: boolean;
  /** It was parked, and has been told to accept: when it does, it may serve. */
  readonly isToldToAccept: boolean;
  /** When it had booted. It is ready, and serves, when it has settled after that. */
  readonly bootedAt: number | undefined;
  /** When it came to serve its slot. */
  readonly servingSince: number | undefined;
  /** The pid of the worker that it replaces after a crash. */
  readonly replaces: number | undefined;
  readonly asked: Asked | undefined;
  /** Of `asked: 'recycle'`. */
  readonly recycled: RecycleReason | undefined;
  /** Its heartbeat has stopped. */
  readonly isHung: boolean;
  /** Somebody looks into it, and it may stand still, until this moment. */
  readonly heldUntil: number;
  /** It was silent for too long, and is to be killed for it. */
  readonly isGivenUp: boolean;
  /** How often it said what no worker says, and which of that it is killed for. */
  readonly offences: number;
  readonly expelledFor: string | undefined;
  /** What it is retired for if it does not get its slot back; undefined when it has never been parked. */
  readonly parkedFor: Asked | undefined;
  /** It was sent SIGKILL. */
  readonly isKilled: boolean;
}

/** A stable place, filled by one worker after another. */
export interface Slot {
  readonly index: number;
  /** Whose sockets they are; undefined between a crash and the respawn. */
  readonly worker: WorkerId | undefined;
  /** Boots, or settles, to take over from the worker. */
  readonly successor: WorkerId | undefined;
  /** Parked since an operation gave its slot to the worker: gets it back if the operation fails. */
  readonly previous: WorkerId | undefined;
  /** The addresses that its last worker served: the next one is not ready without them. */
  readonly served: readonly string[];
  /** The pid of its worker that ended unasked last. */
  readonly lastPid: number | undefined;
  /** Crashes in a row; see `crashStreak`. */
  readonly streak: number;
  /** When its backoff is over, if it waits for that. */
  readonly respawnAt: number | undefined;
  readonly crashes: number;
  readonly lastExit: LastExit | undefined;
}

export interface LastExit extends ExplainedExit {
  readonly pid: number | undefined;
  readonly generation: number;
  readonly at: number;
}

export interface Running {
  readonly operation: Operation;
  readonly policy: Policy;
  /** Which limit a worker that it retires had reached. */
  readonly limit: RecycleReason | undefined;
  readonly startedAt: number;
  /** Slots that are not done yet: their worker is to be replaced, or they are new. */
  readonly todo: readonly number[];
}

export interface LastReload {
  readonly generation: number;
  readonly outcome: Outcome;
  readonly at: number;
}

export interface Fleet {
  /**
   * `starting` until every slot's first worker is ready, and serves: what fails before that cannot be recovered from. `delaying`:
   * asked to stop, and not ready any more, but still accepting.
   */
  readonly phase: 'idle' | 'starting' | 'serving' | 'delaying' | 'stopping' | 'stopped';
  /** Of workers forked from now on. */
  readonly generation: number;
  readonly slots: readonly Slot[];
  readonly workers: ReadonlyMap<WorkerId, Worker>;
  readonly running: Running | undefined;
  readonly pending: readonly Operation[];
  /** Spares that crashed in a row. */
  readonly spareStreak: number;
  readonly isSpareWaiting: boolean;
  /** Before this nothing is recycled again: the last one failed. */
  readonly recycleFrom: number;
  readonly startedAt: number;
  /** Workers of the primary before this one serve, at least until this one is ready. */
  readonly isAccompanied: boolean;
  /** When workers ended unasked, within the recover window. */
  readonly exits: readonly number[];
  /** Crashes since a worker last served for long, whichever slot it had; undefined while one does. */
  readonly crashLoop: CrashLoop | undefined;
  /** Addresses that the current generation was found to do without: no worker is waited for to open them. */
  readonly dropped: readonly string[];
  readonly workersForked: number;
  readonly reloads: { readonly done: number; readonly failed: number; readonly last: LastReload | undefined };
  /** Since when it is to end, who waits for that, and how idle connections are to be treated then. */
  readonly stop:
    | {
        readonly askedAt: number;
        /** By somebody, and not because prefork gives up or was upgraded. */
        readonly isByUser: boolean;
        /** A signal has asked for it: the next one means now. */
        readonly isSignalled: boolean;
        readonly idle: number;
        readonly requests: readonly RequestId[];
      }
    | undefined;
  /** Why prefork gives up, if it does. */
  readonly error: PreforkError | undefined;
}

/** What of the settings the decisions need; times in ms. */
export type FleetSettings = Pick<
  Settings,
  | 'workers'
  | 'spares'
  | 'maxSurge'
  | 'ready'
  | 'readyTimeout'
  | 'settle'
  | 'drainTimeout'
  | 'migrate'
  | 'drainDelay'
  | 'shutdownGracePeriod'
  | 'heartbeatTimeout'
  | 'hangStack'
  | 'recoverThreshold'
  | 'recoverWindow'
  | 'recoverInterval'
>;

export interface CrashLoop {
  readonly since: number;
  readonly crashes: number;
}

/** @param served the addresses that another primary's workers serve, which these are to take over. */
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
    workersForked: 0,
    reloads: { done: 0, failed: 0, last: undefined },
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
    served,
    lastPid: undefined,
    streak: 0,
    respawnAt: undefined,
    crashes: 0,
    lastExit: undefined,
  };
}

/** The slot whose worker or successor this is; undefined for a spare, and for one that has left its slot or is parked. */
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

/** The fleet with the worker moved on by an event, and changed. */
export function move(fleet: Fleet, worker: Worker, event: WorkerEvent, changes: Partial<Worker> = {}): Fleet {
  return withWorker(fleet, { ...worker, ...changes, state: nextWorkerState(worker.state, event) });
}

/** The worker of a slot, or of whatever else has an id for one. */
export function workerOf(fleet: Fleet, id: WorkerId | undefined): Worker | undefined {
  return id === undefined ? undefined : fleet.workers.get(id);
}

export function isServing(fleet: Fleet, { worker }: Slot): boolean {
  return workerOf(fleet, worker)?.state === 'serving';
}

/** The worker that serves the slot, unless it hangs. */
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

/** Whether the slot is one that the operation that runs has made. */
export function isNewSlot({ running }: Fleet, { index }: Slot): boolean {
  return running?.policy.owns === 'new slots' && running.todo.includes(index);
}

export function servingSlots(fleet: Fleet): number {
  return fleet.slots.filter((slot) => isServing(fleet, slot)).length;
}

/** Workers without a slot that are to get one. */
export function spares(fleet: Fleet): Worker[] {
  return [...fleet.workers.values()].filter(
    ({ slot, state }) => slot === undefined && (state === 'booting' || state === 'standby'),
  );
}

/** Workers that end, or finish what is in flight before they do, or are parked: their slot is another's already. */
export function leavers(fleet: Fleet): Worker[] {
  const seated = new Set(fleet.slots.map(({ worker }) => worker));
  return [...fleet.workers.values()].filter(
    ({ id, state }) => (state === 'parked' || state === 'draining' || state === 'ending') && !seated.has(id),
  );
}
