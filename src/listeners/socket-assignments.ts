/** A change of who accepts from a seat's socket beside, or instead of, its own workers. */
export interface Reassignment {
  readonly do: 'adopt' | 'release';
  readonly seat: number;
  readonly worker: number;
}

/** What of the workers and slots the assignment depends on. */
export interface Circumstances {
  /** It neither drains nor hangs. */
  isAvailable(worker: number): boolean;
  /** The slot is no more. */
  isVacated(slot: number): boolean;
}

/** The workers of one socket. */
interface Seat {
  readonly index: number;
  /** Workers whose application has the address open, and whether they accept. `parked`: not any more, and closed their copy. */
  readonly holders: Map<number, 'granted' | 'listening' | 'parked'>;
  /** Those that accept in place of a holder. */
  readonly adopters: Set<number>;
  /** Whether anybody ever listened on the socket: before that the kernel queues nothing in it. */
  opened: boolean;
}

/**
 * Who has one address open, and who accepts from each of its sockets. Bookkeeping alone: sockets are the listener's, and
 * telling the workers is the set's.
 */
export class SocketAssignments {
  readonly #seats = new Map<number, Seat>();
  /** Slots whose application had the address open, and has not been seen to do without it. */
  readonly #slots = new Set<number>();
  /** How many sockets each worker was given to adopt and has not said that it closed. */
  readonly #lent = new Map<number, number>();

  /** The worker's application gets the seat's socket. */
  grant(worker: number, index: number): void {
    this.#seat(index).holders.set(worker, 'granted');
  }

  /** The slot's application has the address open, and its next worker's will have. */
  want(slot: number): void {
    this.#slots.add(slot);
  }

  /** Workers of another primary listen on the seat's socket: the kernel queues connections in it. */
  inherit(index: number): void {
    this.#seat(index).opened = true;
  }

  has(worker: number): boolean {
    return this.#seatOf(worker) !== undefined;
  }

  /** @returns false when the worker has closed it meanwhile. */
  listening(worker: number): boolean {
    const seat = this.#seatOf(worker);
    if (seat === undefined) return false;
    seat.opened = true;
    seat.holders.set(worker, 'listening');
    return true;
  }

  /** Whether any worker has ever listened on the seat's socket, so that another one is served by it. */
  isOpened(index: number): boolean {
    return this.#seats.get(index)?.opened === true;
  }

  /**
   * The worker accepts no more from its own socket, if another one does.
   *
   * @returns whether that is so.
   */
  park(worker: number, now: Circumstances): boolean {
    const seat = this.#seatOf(worker);
    if (seat?.holders.get(worker) !== 'listening') return false;
    const others = [...seat.holders].filter(([other, state]) => other !== worker && state === 'listening');
    if (!others.some(([other]) => now.isAvailable(other))) return false;
    seat.holders.set(worker, 'parked');
    return true;
  }

  /**
   * What the worker needs in order to accept from its own socket: to be told, or also the socket again; undefined where it
   * accepts, or has none.
   */
  unpark(worker: number): { readonly seat: number; readonly hasSocket: boolean } | undefined {
    const seat = this.#seatOf(worker);
    const state = seat?.holders.get(worker);
    if (seat === undefined || state === undefined || state === 'listening') return undefined;
    seat.holders.set(worker, 'granted');
    return { seat: seat.index, hasSocket: state === 'granted' };
  }

  /** The worker accepts from none of the sockets any more. Adopted ones are still its own until it says otherwise. */
  leave(worker: number): void {
    for (const seat of this.#seats.values()) {
      // It had the handle, and may have listened on it without having lived to say so.
      if (seat.holders.delete(worker)) seat.opened = true;
      seat.adopters.delete(worker);
    }
  }

  /** The worker has closed a socket that it was given to adopt. */
  returned(worker: number): void {
    const left = (this.#lent.get(worker) ?? 0) - 1;
    if (left > 0) this.#lent.set(worker, left);
    else this.#lent.delete(worker);
  }

  /** Its process is gone, and every socket that it had or was on its way to it. */
  gone(worker: number): void {
    this.leave(worker);
    this.#lent.delete(worker);
  }

  /** The slot's application does without the address, as far as can be seen. */
  forget(slot: number): void {
    this.#slots.delete(slot);
  }

  /** Whether an application has the address open, or may be about to open it again. */
  isWanted(stays: (worker: number) => boolean): boolean {
    return this.#slots.size > 0 || this.isHeld(stays);
  }

  /** Whether an application has the address open. */
  isHeld(stays: (worker: number) => boolean): boolean {
    return [...this.#seats.values()].some(({ holders }) => [...holders.keys()].some(stays));
  }

  /** Whether no other process has any of the sockets, open or on its way. */
  get isFree(): boolean {
    return this.#lent.size === 0 && !this.isHeld(() => true);
  }

  /** Sees to it that somebody accepts from every open seat, and nobody who need not. */
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
    // A hung adopter is as good as none, but better than losing what it may have accepted: it is let go last.
    if (candidates.length === 0) return seat.adopters;
    // One neighbour alone would have twice the others' share for as long as the slot is vacant.
    if (now.isVacated(seat.index)) return new Set(candidates);
    const kept = candidates.find((worker) => seat.adopters.has(worker));
    return new Set([kept ?? this.#leastBurdened(candidates)]);
  }

  /** The one that has adopted the fewest sockets. */
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

  /** The workers that accept at this address. */
  #acceptors(): number[] {
    return [...this.#seats.values()].flatMap(({ holders }) =>
      [...holders].filter(([, state]) => state === 'listening').map(([worker]) => worker),
    );
  }

  #seatOf(worker: number): Seat | undefined {
    return [...this.#seats.values()].find(({ holders }) => holders.has(worker));
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
