import { constants } from 'node:os';
import { BindError, EADDRINUSE, Listener, type ListenerDescription, type ListenQuery } from './listener.ts';
import type { NativeHandle } from './native.ts';
import type { Owner } from './unix-socket.ts';
import type { Sharing } from './sharing.ts';

/** What the set tells workers. Its owner sends it, with the handle where there is one. */
export type ListenerMessage =
  | { type: 'granted'; request: number; listener: number; slot: number; data: unknown }
  | { type: 'denied'; request: number; errno: number; address: string; port: number }
  | { type: 'adopt'; listener: number; slot: number }
  | { type: 'release'; listener: number; slot: number };

/** What one primary leaves to the next: descriptors of sockets, and by which names they are found. */
export interface Inheritance {
  readonly listeners: ReadonlyArray<ListenerDescription & { readonly key: string }>;
  /** The port that the n-th `listen(0)` got. */
  readonly ephemeral: ReadonlyArray<readonly [nth: string, port: number]>;
}

/** Sends a message to a worker, with a handle or without. */
export type Post = (worker: number, message: ListenerMessage, handle?: NativeHandle) => void;

export interface ListenerSetOptions {
  readonly sharing: Sharing;
  readonly post: Post;
  /** The workers' user, where it is not the primary's: Unix sockets are theirs then. */
  readonly owner?: Owner | undefined;
}

/** A worker, and what it may do with sockets. */
interface Member {
  /** Undefined until it is given one. */
  slot: number | undefined;
  /** What it asked for meanwhile. */
  readonly held: Array<{ readonly request: number; readonly query: ListenQuery }>;
  /** It drains: it accepts from nothing new, and what it has open it has for its own shutdown code alone. */
  isLeaving: boolean;
  isHung: boolean;
}

/** The workers of one socket. */
interface Seat {
  readonly slot: number;
  /** Workers whose application has the address open, and whether they accept already. */
  readonly holders: Map<number, 'granted' | 'listening'>;
  /** Those that accept in place of a holder. */
  readonly adopters: Set<number>;
  /** Whether anybody ever listened on the socket: before that the kernel queues nothing in it. */
  opened: boolean;
}

interface Entry {
  readonly key: string;
  readonly listener: Listener;
  readonly seats: Map<number, Seat>;
}

/**
 * Every address that is served, and by which workers. Owns the listeners; `close` closes all of them.
 *
 * The invariant: a socket that listens has a worker that accepts from it, as long as any worker has its address open.
 * So when a slot's worker dies, hangs, drains or closes its server, a neighbour adopts the slot's socket until the slot
 * has a worker again that listens. A slot that is vacated for good leaves its sockets to all the others: closing them
 * would reset what the kernel has queued in them, and is about to. And when nobody wants an address any more, its
 * sockets close.
 */
export class ListenerSet {
  readonly #sharing: Sharing;
  readonly #post: Post;
  readonly #owner: Owner | undefined;
  readonly #members = new Map<number, Member>();
  readonly #vacated = new Set<number>();
  readonly #entries = new Map<number, Entry>();
  /** The port that the n-th `listen(0)` got: the same in every worker, also in those to come. */
  readonly #ephemeral = new Map<string, number>();
  /** Requests are answered one at a time, so that two workers that ask for an address at once get the one listener. */
  #turn: Promise<void> = Promise.resolve();
  #ids = 0;
  #isClosed = false;

  constructor({ sharing, post, owner }: ListenerSetOptions) {
    this.#sharing = sharing;
    this.#post = post;
    this.#owner = owner;
  }

  /** A worker was forked, and may ask from now on. Without a slot its requests wait until `seat` gives it one. */
  join(worker: number, slot: number | undefined): void {
    this.#members.set(worker, { slot, held: [], isLeaving: false, isHung: false });
  }

  /**
   * Gives a worker its slot's socket of an address, or the errno of why not: one answer for each, until `close`.
   *
   * @returns `held` when the answer has to wait for a slot, which is to say that the worker has booted.
   */
  async request(worker: number, request: number, query: ListenQuery): Promise<'answered' | 'held'> {
    const member = this.#members.get(worker);
    if (member !== undefined && member.slot === undefined) {
      member.held.push({ request, query });
      return 'held';
    }
    this.#turn = this.#turn.then(() => this.#answer(worker, request, query));
    await this.#turn;
    return 'answered';
  }

  /**
   * The worker has the slot now, beside the one that had it before or alone.
   *
   * @returns how many of its requests had waited for it.
   */
  seat(worker: number, slot: number): number {
    const member = this.#members.get(worker);
    if (member === undefined) return 0;
    member.slot = slot;
    const held = member.held.splice(0);
    for (const { request, query } of held) void this.request(worker, request, query);
    return held.length;
  }

  async #answer(worker: number, request: number, query: ListenQuery): Promise<void> {
    const slot = this.#members.get(worker)?.slot;
    if (slot === undefined || this.#isClosed) return;
    try {
      const entry = await this.#entry(query, slot);
      const seat = this.#seat(entry, slot);
      // It may have died while a Unix socket was probed; what it leaves is swept as any other.
      if (!this.#members.has(worker) || this.#isClosed) return;
      const { id, address, port, data } = entry.listener;
      // Twice the same address in one process is EADDRINUSE for Node too.
      if (seat.holders.has(worker)) throw new BindError(EADDRINUSE, address, port);
      const socket = entry.listener.socket(slot);
      seat.holders.set(worker, 'granted');
      this.#post(worker, { type: 'granted', request, listener: id, slot, data }, socket);
    } catch (error) {
      if (!(error instanceof BindError)) {
        // Nothing that a worker asks for may stop the others from being answered.
        const nonsense = { errno: -constants.errno.EINVAL, address: String(query.address), port: query.port };
        this.#post(worker, { type: 'denied', request, ...nonsense });
        return;
      }
      this.#post(worker, { type: 'denied', request, errno: error.errno, address: error.address, port: error.port });
    }
  }

  /**
   * The worker accepts from the listener now: a neighbour that did so for its slot may stop.
   *
   * @returns the listener, unless the worker has closed it meanwhile.
   */
  listening(worker: number, id: number): Listener | undefined {
    const entry = this.#entries.get(id);
    const seat = entry && seatOf(entry, worker);
    if (entry === undefined || seat === undefined) return undefined;
    seat.opened = true;
    seat.holders.set(worker, 'listening');
    this.#mend(entry);
    return entry.listener;
  }

  /** The application closed its server in this worker, on purpose. */
  closed(worker: number, id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || seatOf(entry, worker) === undefined) return;
    leave(entry, worker);
    // One that drains closes everything as it ends: that says nothing of what the application wants.
    const isLeaving = this.#members.get(worker)?.isLeaving === true;
    if (isLeaving || this.#isWanted(entry)) this.#mend(entry);
    else this.#remove(entry);
  }

  /** The worker is gone. Its sockets stay: a neighbour or its successor serves what they queue. */
  gone(worker: number): void {
    if (!this.#members.delete(worker)) return;
    for (const entry of this.#entries.values()) {
      leave(entry, worker);
      this.#mend(entry);
    }
  }

  /** The worker is about to drain: whatever it accepts from is another's from now on. */
  leaving(worker: number): void {
    this.#change(worker, { isLeaving: true });
  }

  /** Its event loop does not turn, or turns again. */
  hung(worker: number, isHung: boolean): void {
    this.#change(worker, { isHung });
  }

  /** The slot is no more. */
  vacate(slot: number): void {
    this.#vacated.add(slot);
    for (const entry of this.#entries.values()) this.#mend(entry);
  }

  /** The slot is again, and is about to get a worker. */
  reopen(slot: number): void {
    this.#vacated.delete(slot);
  }

  /**
   * The slot's worker has had time to listen wherever it wants to. An address that no worker has open by then has been
   * given up by the application, and its sockets would only swallow connections.
   */
  sweep(slot: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.seats.has(entry.listener.seat(slot)) && !this.#isWanted(entry)) this.#remove(entry);
    }
  }

  /** The addresses served now. */
  get listeners(): Listener[] {
    return [...this.#entries.values()].map(({ listener }) => listener);
  }

  /** Everything that another primary needs in order to go on here. */
  bequeath(): Inheritance {
    const listeners = [...this.#entries.values()].map(({ key, listener }) => ({ key, ...listener.describe() }));
    return { listeners, ephemeral: [...this.#ephemeral] };
  }

  /**
   * Takes over what another primary has bequeathed, before any worker asks. Sockets of slots that this one has not are
   * everybody's.
   *
   * @param slots how many there are.
   * @throws BindError
   */
  inherit({ listeners, ephemeral }: Inheritance, slots: number): void {
    for (const [nth, port] of ephemeral) this.#ephemeral.set(nth, port);
    for (const { key, ...description } of listeners) {
      const listener = Listener.inherit(++this.#ids, description, this.#sharing);
      const entry: Entry = { key, listener, seats: new Map() };
      this.#entries.set(listener.id, entry);
      for (const slot of listener.seats) {
        this.#seat(entry, slot).opened = true;
        if (slot >= slots) this.#vacated.add(slot);
      }
    }
  }

  /** @param isBequeathed when another primary serves with the same sockets. */
  close({ isBequeathed = false }: { isBequeathed?: boolean } = {}): void {
    this.#isClosed = true;
    for (const entry of this.#entries.values()) entry.listener.close({ keepFile: isBequeathed });
    this.#entries.clear();
  }

  /** @throws BindError */
  async #entry(query: ListenQuery, slot: number): Promise<Entry> {
    if (query.port !== 0) return this.#find(keyOf(query)) ?? (await this.#open(query, slot));
    const nth = `${keyOf(query)} ${query.ordinal}`;
    const port = this.#ephemeral.get(nth);
    if (port !== undefined) {
      const again = { ...query, port };
      try {
        return this.#find(keyOf(again)) ?? (await this.#open(again, slot));
      } catch (error) {
        // Nobody had it open for a moment, and another program took the port: any other is as good.
        if (!(error instanceof BindError)) throw error;
      }
    }
    const entry = await this.#open(query, slot);
    this.#ephemeral.set(nth, entry.listener.port);
    return entry;
  }

  #find(key: string): Entry | undefined {
    return [...this.#entries.values()].find((entry) => entry.key === key);
  }

  async #open(query: ListenQuery, slot: number): Promise<Entry> {
    const listener = await Listener.open(++this.#ids, query, slot, this.#sharing, this.#owner);
    // Keyed by the port it got, so that a later `listen` on that port by number finds it.
    const entry: Entry = { key: keyOf({ ...query, port: listener.port }), listener, seats: new Map() };
    if (this.#isClosed) listener.close();
    else this.#entries.set(listener.id, entry);
    return entry;
  }

  #seat(entry: Entry, slot: number): Seat {
    const index = entry.listener.seat(slot);
    let seat = entry.seats.get(index);
    if (seat === undefined) {
      seat = { slot: index, holders: new Map(), adopters: new Set(), opened: false };
      entry.seats.set(index, seat);
    }
    return seat;
  }

  /** Sees to it that somebody accepts from every open seat, and nobody who need not. */
  #mend(entry: Entry): void {
    const candidates = acceptors(entry).filter((worker) => this.#isAvailable(worker));
    for (const seat of entry.seats.values()) {
      if (!seat.opened) continue;
      const wanted = this.#adoptersOf(entry, seat, candidates);
      for (const worker of seat.adopters) if (!wanted.has(worker)) this.#release(entry, seat, worker);
      for (const worker of wanted) if (!seat.adopters.has(worker)) this.#adopt(entry, seat, worker);
    }
  }

  #adoptersOf(entry: Entry, seat: Seat, candidates: readonly number[]): ReadonlySet<number> {
    const holds = (worker: number): boolean => seat.holders.get(worker) === 'listening';
    if (candidates.some(holds)) return new Set();
    // One neighbour alone would have twice the others' share for as long as the slot is vacant.
    if (this.#vacated.has(seat.slot) && candidates.length > 0) return new Set(candidates);
    // A hung adopter is as good as none, but better than losing what it may have accepted: it is let go last.
    const kept = [...seat.adopters].filter((worker) => candidates.includes(worker));
    const chosen = kept[0] ?? leastBurdened(entry, candidates);
    return chosen === undefined ? seat.adopters : new Set([chosen]);
  }

  #adopt({ listener }: Entry, seat: Seat, worker: number): void {
    seat.adopters.add(worker);
    this.#post(worker, { type: 'adopt', listener: listener.id, slot: seat.slot }, listener.socket(seat.slot));
  }

  #release({ listener }: Entry, seat: Seat, worker: number): void {
    seat.adopters.delete(worker);
    this.#post(worker, { type: 'release', listener: listener.id, slot: seat.slot });
  }

  #change(worker: number, changes: Partial<Member>): void {
    const member = this.#members.get(worker);
    if (member === undefined) return;
    Object.assign(member, changes);
    for (const entry of this.#entries.values()) this.#mend(entry);
  }

  #isAvailable(worker: number): boolean {
    const member = this.#members.get(worker);
    return member !== undefined && !member.isLeaving && !member.isHung;
  }

  /** Whether any worker that stays has the address open. */
  #isWanted(entry: Entry): boolean {
    return [...entry.seats.values()].some(({ holders }) =>
      [...holders.keys()].some((worker) => this.#members.get(worker)?.isLeaving === false),
    );
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.listener.id);
    entry.listener.close();
  }
}

function keyOf({ family, address, port, ipv6Only }: ListenQuery): string {
  return `${family} ${address ?? '*'} ${port}${ipv6Only ? ' ipv6Only' : ''}`;
}

function seatOf(entry: Entry, worker: number): Seat | undefined {
  return [...entry.seats.values()].find((seat) => seat.holders.has(worker));
}

function leave(entry: Entry, worker: number): void {
  for (const seat of entry.seats.values()) {
    // It had the handle, and may have listened on it without having lived to say so.
    if (seat.holders.has(worker)) seat.opened = true;
    seat.holders.delete(worker);
    seat.adopters.delete(worker);
  }
}

/** The workers that accept at this address. */
function acceptors(entry: Entry): number[] {
  return [...entry.seats.values()].flatMap(({ holders }) =>
    [...holders].filter(([, state]) => state === 'listening').map(([worker]) => worker),
  );
}

/** The one that has adopted the fewest sockets. */
function leastBurdened(entry: Entry, candidates: readonly number[]): number | undefined {
  const burden = (worker: number): number =>
    [...entry.seats.values()].filter(({ adopters }) => adopters.has(worker)).length;
  return candidates.toSorted((a, b) => burden(a) - burden(b))[0];
}
