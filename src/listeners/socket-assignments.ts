/** A change of the workers that accept from a seat's socket, in addition to its own workers or instead of them. */
export interface Reassignment {
  readonly do: 'adopt' | 'release';
  readonly seat: number;
  readonly worker: number;
}

/** The state of workers and slots that the assignment depends on. */
export interface Circumstances {
  /** Tells whether the worker neither drains nor hangs. */
  isAvailable(worker: number): boolean;
  /** Tells whether the slot has been removed. */
  isVacated(slot: number): boolean;
}

/** A socket with its workers. */
interface Seat {
  readonly index: number;
  /**
   * Workers whose application has the address open, and whether they accept. A `parked` one has stopped accepting and
   * closed its copy.
   */
  readonly holders: Map<number, 'granted' | 'listening' | 'parked'>;
  /** Workers that accept in place of a holder. */
  readonly adopters: Set<number>;
  /** True when any worker has ever listened on the socket. Before that the kernel queues no connections in it. */
  opened: boolean;
}

/**
 * Records which workers have an address open and which accept from each of its sockets. It owns no sockets, which are
 * the listener's, and sends no messages, which the set does.
 */
export class SocketAssignments {
  readonly #seats = new Map<number, Seat>();
  /** The seat whose socket each worker's application has. */
  readonly #seatOf = new Map<number, Seat>();
  /** Slots whose application had the address open, and has not been seen to do without it. */
  readonly #slots = new Set<number>();
  /** The number of sockets that each worker was given to adopt and has not reported as closed. */
  readonly #lent = new Map<number, number>();

  /** Gives the worker's application the seat's socket. */
  grant(worker: number, index: number): void {
    const seat = this.#seat(index);
    seat.holders.set(worker, 'granted');
    this.#seatOf.set(worker, seat);
  }

  /** Records that the slot's application has the address open, so that its next worker's will too. */
  want(slot: number): void {
    this.#slots.add(slot);
  }

  /**
   * Records that workers of another primary listen on the seat's socket, so that the kernel queues connections in it.
   */
  inherit(index: number): void {
    this.#seat(index).opened = true;
  }

  has(worker: number): boolean {
    return this.#seatOf.has(worker);
  }

  /**
   * Records that the worker listens.
   *
   * @returns false when the worker has closed the socket meanwhile.
   */
  listening(worker: number): boolean {
    const seat = this.#seatOf.get(worker);
    if (seat === undefined) return false;
    seat.opened = true;
    seat.holders.set(worker, 'listening');
    return true;
  }

  /** Tells whether any worker has ever listened on the seat's socket, so that another one may be serving it. */
  isOpened(index: number): boolean {
    return this.#seats.get(index)?.opened === true;
  }

  /**
   * Lets the worker stop accepting from its own socket, if another one accepts, or will: others adopt the sockets of a
   * slot that has been removed.
   *
   * @returns whether it may.
   */
  park(worker: number, now: Circumstances): boolean {
    const seat = this.#seatOf.get(worker);
    if (seat?.holders.get(worker) !== 'listening') return false;
    const acceptors = now.isVacated(seat.index) ? this.#acceptors() : this.#acceptorsOf(seat);
    if (!acceptors.some((other) => other !== worker && now.isAvailable(other))) return false;
    seat.holders.set(worker, 'parked');
    return true;
  }

  /**
   * Lets a parked worker accept from its own socket again.
   *
   * @returns what it needs: a message, or also the socket; undefined where it accepts already, or has no socket.
   */
  unpark(worker: number): { readonly seat: number; readonly hasSocket: boolean } | undefined {
    const seat = this.#seatOf.get(worker);
    const state = seat?.holders.get(worker);
    if (seat === undefined || state === undefined || state === 'listening') return undefined;
    seat.holders.set(worker, 'granted');
    return { seat: seat.index, hasSocket: state === 'granted' };
  }

  /** Removes the worker from all sockets. Sockets that it adopted still count until it reports them closed. */
  leave(worker: number): void {
    this.#seatOf.delete(worker);
    for (const seat of this.#seats.values()) {
      // The worker had the handle. It may have listened on it without living long enough to say so.
      if (seat.holders.delete(worker)) seat.opened = true;
      seat.adopters.delete(worker);
    }
  }

  /** Records that the worker has closed a socket that it was given to adopt. */
  returned(worker: number): void {
    const left = (this.#lent.get(worker) ?? 0) - 1;
    if (left > 0) this.#lent.set(worker, left);
    else this.#lent.delete(worker);
  }

  /** Removes a worker whose process is gone, with every socket that it had or that was on its way to it. */
  gone(worker: number): void {
    this.leave(worker);
    this.#lent.delete(worker);
  }

  /** Records that the slot's application does without the address, as far as can be seen. */
  forget(slot: number): void {
    this.#slots.delete(slot);
  }

  /** Tells whether the slot's application had the address open, and has not been seen to do without it. */
  isWantedBy(slot: number): boolean {
    return this.#slots.has(slot);
  }

  /** Tells whether an application has the address open, or may be about to open it again. */
  isWanted(stays: (worker: number) => boolean): boolean {
    return this.#slots.size > 0 || this.isHeld(stays);
  }

  /** Tells whether an application has the address open. */
  isHeld(stays: (worker: number) => boolean): boolean {
    return [...this.#seats.values()].some(({ holders }) => [...holders.keys()].some(stays));
  }

  /** Tells whether no other process has any of the sockets, open or on its way. */
  get isFree(): boolean {
    return this.#lent.size === 0 && !this.isHeld(() => true);
  }

  /** Makes sure that a worker accepts from every open seat, and no superfluous one does. */
  reassign(now: Circumstances): Reassignment[] {
    const candidates = this.#acceptors().filter((worker) => now.isAvailable(worker));
    const changes: Reassignment[] = [];
    for (const seat of this.#seats.values()) {
      if (!seat.opened) continue;
      const wanted = this.#adoptersOf(seat, candidates, now);
      for (const worker of seat.adopters) if (!wanted.has(worker)) changes.push(release(seat, worker));
      for (const worker of wanted) if (!seat.adopters.has(worker)) changes.push(this.#adopt(seat, worker));
    }
    return changes;
  }

  #adoptersOf(seat: Seat, candidates: readonly number[], now: Circumstances): ReadonlySet<number> {
    if (candidates.some((worker) => seat.holders.get(worker) === 'listening')) return new Set();
    // A hung adopter is as useless as none. It is still kept to the last, because it may have accepted connections that
    // would be lost.
    if (candidates.length === 0) return seat.adopters;
    // A single neighbour would have twice the share of the others for as long as the slot is vacant.
    if (now.isVacated(seat.index)) return new Set(candidates);
    const kept = candidates.find((worker) => seat.adopters.has(worker));
    return new Set([kept ?? this.#leastBurdened(candidates)]);
  }

  /** Returns the worker that has adopted the fewest sockets. */
  #leastBurdened(candidates: readonly number[]): number {
    const burden = (worker: number): number =>
      [...this.#seats.values()].filter(({ adopters }) => adopters.has(worker)).length;
    return candidates.toSorted((a, b) => burden(a) - burden(b))[0]!;
  }

  #adopt(seat: Seat, worker: number): Reassignment {
    seat.adopters.add(worker);
    this.#lent.set(worker, (this.#lent.get(worker) ?? 0) + 1);
    return { do: 'adopt', seat: seat.index, worker };
  }

  /** Lists the workers that accept at this address. */
  #acceptors(): number[] {
    return [...this.#seats.values()].flatMap((seat) => this.#acceptorsOf(seat));
  }

  #acceptorsOf({ holders }: Seat): number[] {
    return [...holders].filter(([, state]) => state === 'listening').map(([worker]) => worker);
  }

  #seat(index: number): Seat {
    let seat = this.#seats.get(index);
    if (seat === undefined) {
      seat = { index, holders: new Map(), adopters: new Set(), opened: false };
      this.#seats.set(index, seat);
    }
    return seat;
  }
}

function release(seat: Seat, worker: number): Reassignment {
  seat.adopters.delete(worker);
  return { do: 'release', seat: seat.index, worker };
}
