/** What the primary knows of its slots and their workers: plain data, never changed in place. */
import type { PreforkError } from '../errors.ts';
import type { WorkerId } from './events.ts';
import { nextSlotState, type SlotEvent, type SlotState } from './slot-state.ts';

export interface Worker {
  readonly id: WorkerId;
  /** Undefined until the process exists. */
  readonly pid: number | undefined;
  readonly forkedAt: number;
  readonly readyAt: number | undefined;
  /** The pid of the worker that it replaces after a crash. */
  readonly replaces: number | undefined;
}

export interface Slot {
  readonly index: number;
  readonly state: SlotState;
  readonly generation: number;
  readonly worker: Worker | undefined;
  /** The pid of its worker that ended unasked last. */
  readonly lastPid: number | undefined;
  /** Crashes in a row; see `crashStreak`. */
  readonly streak: number;
}

export interface Fleet {
  /** `starting` until every slot's first worker is ready: what fails before that cannot be recovered from. */
  readonly phase: 'idle' | 'starting' | 'serving' | 'stopping' | 'stopped';
  readonly slots: readonly Slot[];
  readonly startedAt: number;
  /** When workers ended unasked, within the recover window. */
  readonly exits: readonly number[];
  readonly workersForked: number;
  /** Why prefork gives up, if it does. */
  readonly error: PreforkError | undefined;
}

/** What of the settings the decisions need; times in ms. */
export interface FleetSettings {
  readonly workers: number;
  readonly readyTimeout: number;
  readonly shutdownGracePeriod: number;
  readonly recoverThreshold: number;
  readonly recoverWindow: number;
  readonly recoverInterval: number;
}

export function newFleet(workers: number): Fleet {
  const slots = Array.from({ length: workers }, (_, index): Slot => {
    return { index, state: 'vacant', generation: 1, worker: undefined, lastPid: undefined, streak: 0 };
  });
  return { phase: 'idle', slots, startedAt: 0, exits: [], workersForked: 0, error: undefined };
}

/** The slot that the worker is in; undefined for one that is not of the fleet any more. */
export function slotOf(fleet: Fleet, worker: WorkerId): Slot | undefined {
  return fleet.slots.find((slot) => slot.worker?.id === worker);
}

/** The fleet with the slot moved on by an event, and changed. */
export function move(fleet: Fleet, slot: Slot, event: SlotEvent, changes: Partial<Slot> = {}): Fleet {
  return update(fleet, { ...slot, ...changes, state: nextSlotState(slot.state, event) });
}

export function update(fleet: Fleet, slot: Slot): Fleet {
  return { ...fleet, slots: fleet.slots.with(slot.index, slot) };
}

export function livingWorkers(fleet: Fleet): Worker[] {
  return fleet.slots.flatMap(({ worker }) => (worker === undefined ? [] : [worker]));
}
