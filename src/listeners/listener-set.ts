import { constants } from 'node:os';
import { BindError, EADDRINUSE, Listener, type ListenQuery } from './listener.ts';
import type { NativeHandle } from './native.ts';
import type { Sharing } from './sharing.ts';

/** What the set tells workers. Its owner sends it, with the handle where there is one. */
export type ListenerMessage =
  | { type: 'granted'; request: number; listener: number; slot: number; data: unknown }
  | { type: 'denied'; request: number; errno: number; address: string; port: number }
  | { type: 'adopt'; listener: number; slot: number }
  | { type: 'release'; listener: number; slot: number };

/** Sends a message to a worker, with a handle or without. */
export type Post = (worker: number, message: ListenerMessage, handle?: NativeHandle) => void;

/** The workers of one socket. */
interface Seat {
  readonly slot: number;
  /** Workers whose application has the address open, and whether they accept already. */
  readonly holders: Map<number, 'granted' | 'listening'>;
  /** The neighbour that accepts in place of a holder. */
  adopter: number | undefined;
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
 * So when a slot's worker dies or closes its server, a neighbour adopts the slot's socket until the slot's next worker
 * listens; and when nobody wants the address any more, its sockets close.
 */
export class ListenerSet {
  readonly #sharing: Sharing;
  readonly #post: Post;
  /** Slot by worker, of those that live. */
  readonly #workers = new Map<number, number>();
  readonly #entries = new Map<number, Entry>();
  /** The port that the n-th `listen(0)` got: the same in every worker, also in those to come. */
  readonly #ephemeral = new Map<string, number>();
  /** Requests are answered one at a time, so that two workers that ask for an address at once get the one listener. */
  #turn: Promise<void> = Promise.resolve();
  #ids = 0;
  #isClosed = false;

  constructor(sharing: Sharing, post: Post) {
    this.#sharing = sharing;
    this.#post = post;
  }

  /** A worker was forked for a slot, and may ask from now on. */
  join(worker: number, slot: number): void {
    this.#workers.set(worker, slot);
  }

  /** Gives a worker its slot's socket of an address, or the errno of why not: one answer for each, until `close`. */
  request(worker: number, request: number, query: ListenQuery): Promise<void> {
    this.#turn = this.#turn.then(() => this.#answer(worker, request, query));
    return this.#turn;
  }

  async #answer(worker: number, request: number, query: ListenQuery): Promise<void> {
    const slot = this.#workers.get(worker);
    if (slot === undefined || this.#isClosed) return;
    try {
      const entry = await this.#entry(query, slot);
      const seat = this.#seat(entry, slot);
      // It may have died while a Unix socket was probed; what it leaves is swept as any other.
      if (!this.#workers.has(worker) || this.#isClosed) return;
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
    if (seat.adopter !== undefined) {
      this.#post(seat.adopter, { type: 'release', listener: id, slot: seat.slot });
      seat.adopter = undefined;
    }
    this.#mend(entry);
    return entry.listener;
  }

  /** The application closed its server in this worker, on purpose. */
  closed(worker: number, id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || seatOf(entry, worker) === undefined) return;
    leave(entry, worker);
    if (isWanted(entry)) this.#mend(entry);
    else this.#remove(entry);
  }

  /** The worker is gone. Its sockets stay: a neighbour or its successor serves what they queue. */
  gone(worker: number): void {
    if (!this.#workers.delete(worker)) return;
    for (const entry of this.#entries.values()) {
      leave(entry, worker);
      this.#mend(entry);
    }
  }

  /**
   * The slot's worker has had time to listen wherever it wants to. An address that no worker has open by then has been
   * given up by the application, and its sockets would only swallow connections.
   */
  sweep(slot: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.seats.has(entry.listener.seat(slot)) && !isWanted(entry)) this.#remove(entry);
    }
  }

  /** The addresses served now. */
  get listeners(): Listener[] {
    return [...this.#entries.values()].map(({ listener }) => listener);
  }

  close(): void {
    this.#isClosed = true;
    for (const entry of this.#entries.values()) entry.listener.close();
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
    const listener = await Listener.open(++this.#ids, query, slot, this.#sharing);
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
      seat = { slot: index, holders: new Map(), adopter: undefined, opened: false };
      entry.seats.set(index, seat);
    }
    return seat;
  }

  /** Finds a neighbour for every open seat that nobody accepts from. */
  #mend(entry: Entry): void {
    for (const seat of entry.seats.values()) {
      const isServed = seat.adopter !== undefined || [...seat.holders.values()].includes('listening');
      if (!seat.opened || isServed) continue;
      const adopter = leastBurdened(entry);
      if (adopter === undefined) return;
      seat.adopter = adopter;
      const { listener } = entry;
      this.#post(adopter, { type: 'adopt', listener: listener.id, slot: seat.slot }, listener.socket(seat.slot));
    }
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
    if (seat.adopter === worker) seat.adopter = undefined;
  }
}

function isWanted(entry: Entry): boolean {
  return [...entry.seats.values()].some(({ holders }) => holders.size > 0);
}

/** Of the workers that accept at this address, the one that has adopted the fewest sockets. */
function leastBurdened(entry: Entry): number | undefined {
  const seats = [...entry.seats.values()];
  const candidates = seats.flatMap(({ holders }) =>
    [...holders].filter(([, state]) => state === 'listening').map(([worker]) => worker),
  );
  const burden = (worker: number): number => seats.filter(({ adopter }) => adopter === worker).length;
  return candidates.toSorted((a, b) => burden(a) - burden(b))[0];
}
