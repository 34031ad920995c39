import type { ListenQuery } from '../contract/listening.ts';
import type { Circumstances } from './socket-assignments.ts';

/** A worker's `listen`, which is answered once. */
export interface ListenRequest {
  readonly request: number;
  readonly query: ListenQuery;
}

/** A worker, and what it may do with sockets. */
interface Member {
  /** Undefined until the worker is given a slot. */
  readonly slot: number | undefined;
  /** The requests that it made before that. */
  readonly held: readonly ListenRequest[];
  /**
   * True when the worker drains. It accepts from nothing new, and only its own shutdown code needs what it has open.
   */
  readonly isLeaving: boolean;
  readonly isHung: boolean;
  /**
   * True when the worker must not accept from sockets that others accept from: the slot is not its own yet, or not any
   * more.
   */
  readonly isParked: boolean;
}

/** The workers that may ask for sockets, their slots and their state. The registry only keeps records. */
export class WorkerRegistry implements Circumstances {
  readonly #members = new Map<number, Member>();
  readonly #vacated = new Set<number>();

  /**
   * Registers a worker.
   *
   * @param slot undefined for a worker that gets its slot later.
   */
  join(worker: number, slot: number | undefined, isParked: boolean): void {
    this.#members.set(worker, { slot, held: [], isLeaving: false, isHung: false, isParked });
  }

  /**
   * Removes a worker.
   *
   * @returns false when it was not registered.
   */
  remove(worker: number): boolean {
    return this.#members.delete(worker);
  }

  has(worker: number): boolean {
    return this.#members.has(worker);
  }

  slotOf(worker: number): number | undefined {
    return this.#members.get(worker)?.slot;
  }

  /**
   * Keeps the request of a worker that has no slot yet.
   *
   * @returns false when the worker has a slot, is gone, or leaves.
   */
  hold(worker: number, request: ListenRequest): boolean {
    const member = this.#members.get(worker);
    if (member === undefined || member.slot !== undefined || member.isLeaving) return false;
    this.#change(worker, { held: [...member.held, request] });
    return true;
  }

  /** Returns how many requests of the worker are kept. */
  heldBy(worker: number): number {
    return this.#members.get(worker)?.held.length ?? 0;
  }

  /**
   * Gives the worker the slot.
   *
   * @returns the requests that it had made before.
   */
  seat(worker: number, slot: number, isParked: boolean): readonly ListenRequest[] {
    const held = this.#members.get(worker)?.held ?? [];
    this.#change(worker, { slot, held: [], isParked });
    return held;
  }

  parked(worker: number, isParked: boolean): void {
    this.#change(worker, { isParked });
  }

  isParked(worker: number): boolean {
    return this.#members.get(worker)?.isParked === true;
  }

  leaving(worker: number): void {
    this.#change(worker, { isLeaving: true });
  }

  hung(worker: number, isHung: boolean): void {
    this.#change(worker, { isHung });
  }

  vacate(slot: number): void {
    this.#vacated.add(slot);
  }

  reopen(slot: number): void {
    this.#vacated.delete(slot);
  }

  isAvailable(worker: number): boolean {
    return this.stays(worker) && this.#members.get(worker)?.isHung === false;
  }

  isVacated(slot: number): boolean {
    return this.#vacated.has(slot);
  }

  /** Tells whether the worker has not been told to drain. */
  stays(worker: number): boolean {
    return this.#members.get(worker)?.isLeaving === false;
  }

  staysIn(worker: number, slot: number): boolean {
    return this.slotOf(worker) === slot && this.stays(worker);
  }

  /** Tells whether the slot was removed and the last of its workers is gone. */
  isAbandoned(slot: number): boolean {
    return this.isVacated(slot) && ![...this.#members.values()].some((member) => member.slot === slot);
  }

  #change(worker: number, changes: Partial<Member>): void {
    const member = this.#members.get(worker);
    if (member !== undefined) this.#members.set(worker, { ...member, ...changes });
  }
}
