import { constants } from 'node:os';
import { formatAddress } from './address.ts';
import {
  BindError,
  EADDRINUSE,
  Listener,
  type ListenerDescription,
  type ListenQuery,
  type OpenOptions,
} from './listener.ts';
import type { NativeHandle } from './native.ts';
import { Seats, type Circumstances, type Reassignment } from './seats.ts';

/** What the set tells workers. Its owner sends it, with the handle where there is one. */
export type ListenerMessage =
  | { type: 'granted'; request: number; listener: number; slot: number; data: unknown; isPassed: boolean }
  | { type: 'denied'; request: number; errno: number; address: string; port: number }
  | { type: 'adopt'; listener: number; slot: number }
  | { type: 'release'; listener: number; slot: number };

/** What one primary leaves to the next: descriptors of sockets, and by which names they are found. */
export interface Bequest {
  readonly listeners: ReadonlyArray<ListenerDescription & { readonly key: string }>;
  /** The port that the n-th `listen(0)` got. */
  readonly ephemeral: ReadonlyArray<readonly [nth: string, port: number]>;
}

/** A socket of an address that is served, and whose it is where each slot has one. */
export interface OpenSocket {
  readonly address: string;
  readonly slot: number | undefined;
  readonly fd: number;
}

/** Sends a message to a worker, with a handle or without. */
export type Post = (worker: number, message: ListenerMessage, handle?: NativeHandle) => void;

export interface ListenerSetOptions extends OpenOptions {
  readonly post: Post;
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

/** Who asked for a socket, and of which slot's it gets. */
interface Grant {
  readonly worker: number;
  readonly request: number;
  readonly slot: number;
  readonly isLeaving: boolean;
}

interface Entry {
  readonly key: string;
  readonly listener: Listener;
  readonly seats: Seats;
}

/**
 * Every address that is served, and by which workers. Owns the listeners; `close` closes all of them.
 *
 * The invariant: a socket that listens has a worker that accepts from it, as long as any worker has its address open.
 * So when a slot's worker dies, hangs, drains or closes its server, a neighbour adopts the slot's socket until the slot
 * has a worker again that listens. A slot that is vacated for good leaves its sockets to all the others: closing them
 * would reset what the kernel has queued in them, and is about to. And when nobody wants an address any more, its
 * sockets close: as soon as no worker has any of them either, for until then the kernel would let nobody bind the
 * address, and whoever asks for it meanwhile gets these sockets again.
 */
export class ListenerSet {
  readonly #post: Post;
  readonly #options: OpenOptions;
  readonly #members = new Map<number, Member>();
  readonly #vacated = new Set<number>();
  readonly #entries = new Map<number, Entry>();
  /** The port that the n-th `listen(0)` got: the same in every worker, also in those to come. */
  readonly #ephemeral = new Map<string, number>();
  /** Requests are answered one at a time, so that two workers that ask for an address at once get the one listener. */
  #turn: Promise<void> = Promise.resolve();
  #ids = 0;
  #isClosed = false;

  constructor({ post, ...options }: ListenerSetOptions) {
    this.#post = post;
    this.#options = options;
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
      if (this.#isClosed) return;
      const member = this.#members.get(worker);
      // It may have died while a Unix socket was probed.
      if (member === undefined) this.#mend(entry);
      else this.#grant(entry, { worker, request, slot, isLeaving: member.isLeaving });
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

  /** @throws BindError */
  #grant({ listener, seats }: Entry, { worker, request, slot, isLeaving }: Grant): void {
    const { id, address, port, data, isPassed } = listener;
    // Twice the same address in one process is EADDRINUSE for Node too.
    if (seats.has(worker)) throw new BindError(EADDRINUSE, address, port);
    const socket = listener.socket(slot);
    seats.grant(worker, listener.seat(slot));
    // What one that drains opens says nothing of what the slot's next worker will want.
    if (!isLeaving) seats.want(slot);
    this.#post(worker, { type: 'granted', request, listener: id, slot, data, isPassed }, socket);
  }

  /**
   * The worker accepts from the listener now: a neighbour that did so for its slot may stop.
   *
   * @returns the listener, unless the worker has closed it meanwhile.
   */
  listening(worker: number, id: number): Listener | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined || !entry.seats.listening(worker)) return undefined;
    this.#mend(entry);
    return entry.listener;
  }

  /** The worker has closed the socket that it was granted: the application closed its server, or it drains. */
  closed(worker: number, id: number): void {
    const entry = this.#entries.get(id);
    const member = this.#members.get(worker);
    if (entry === undefined || member?.slot === undefined || !entry.seats.has(worker)) return;
    entry.seats.leave(worker);
    // One that drains closes everything as it ends: that says nothing of what the application wants.
    if (!member.isLeaving) this.#forget(entry, member.slot);
    this.#mend(entry);
  }

  /** The worker has closed a socket that it was given to adopt, or had no use for it. */
  returned(worker: number, id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.seats.returned(worker);
    this.#mend(entry);
  }

  /** The worker is gone. Its sockets stay: a neighbour or its successor serves what they queue. */
  gone(worker: number): void {
    const slot = this.#members.get(worker)?.slot;
    if (!this.#members.delete(worker)) return;
    for (const entry of this.#entries.values()) {
      entry.seats.gone(worker);
      if (slot !== undefined && this.#isAbandoned(slot)) entry.seats.forget(slot);
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
    for (const entry of this.#entries.values()) {
      if (this.#isAbandoned(slot)) entry.seats.forget(slot);
      this.#mend(entry);
    }
  }

  /** The slot is again, and is about to get a worker. */
  reopen(slot: number): void {
    this.#vacated.delete(slot);
  }

  /**
   * The slot's worker has had time to listen wherever it wants to. An address that no slot's application wants by then
   * has been given up, and its sockets would only swallow connections.
   */
  sweep(slot: number): void {
    for (const entry of this.#entries.values()) {
      this.#forget(entry, slot);
      this.#mend(entry);
    }
  }

  /** The addresses served now. */
  get listeners(): Listener[] {
    return [...this.#entries.values()].filter((entry) => this.#isWanted(entry)).map(({ listener }) => listener);
  }

  get addresses(): string[] {
    return this.listeners.map(formatAddress);
  }

  /** For the kernel to be asked about. */
  get sockets(): OpenSocket[] {
    return this.listeners.flatMap((listener) => {
      const address = formatAddress(listener);
      const { isPerSlot } = listener;
      return listener.describe().sockets.map(([seat, fd]) => ({ address, slot: isPerSlot ? seat : undefined, fd }));
    });
  }

  /** Everything that another primary needs in order to go on here. */
  bequeath(): Bequest {
    const listeners = [...this.#entries.values()].map(({ key, listener }) => ({ key, ...listener.describe() }));
    return { listeners, ephemeral: [...this.#ephemeral] };
  }

  /**
   * Takes over what another primary has bequeathed, before any worker asks. Sockets of slots that this one has not are
   * everybody's. Until `own` the other one may go on, and what it made stays.
   *
   * @param slots how many there are.
   * @throws BindError
   */
  inherit({ listeners, ephemeral }: Bequest, slots: number): void {
    for (const [nth, port] of ephemeral) this.#ephemeral.set(nth, port);
    for (const { key, ...description } of listeners) {
      const listener = Listener.inherit(++this.#ids, description, this.#options.sharing);
      const entry: Entry = { key, listener, seats: new Seats() };
      this.#entries.set(listener.id, entry);
      for (let slot = 0; slot < slots; slot++) entry.seats.want(slot);
      for (const seat of listener.seats) {
        entry.seats.inherit(seat);
        if (seat >= slots) this.#vacated.add(seat);
      }
    }
  }

  /** What was inherited is this primary's now. */
  own(): void {
    for (const { listener } of this.#entries.values()) listener.own();
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
    const listener = await Listener.open(++this.#ids, query, slot, this.#options);
    // Keyed by the port it got, so that a later `listen` on that port by number finds it.
    const asked = query.port === 0 ? { ...query, port: listener.port } : query;
    const entry: Entry = { key: keyOf(asked), listener, seats: new Seats() };
    if (this.#isClosed) listener.close();
    else this.#entries.set(listener.id, entry);
    return entry;
  }

  /** Sees to it that somebody accepts from every open socket, and nobody who need not; or that the sockets close. */
  #mend(entry: Entry): void {
    const { listener, seats } = entry;
    if (this.#isWanted(entry)) {
      for (const change of seats.reassign(this.#circumstances)) this.#tell(listener, change);
    } else if (seats.isFree) {
      this.#entries.delete(listener.id);
      listener.close();
    }
  }

  readonly #circumstances: Circumstances = {
    isAvailable: (worker) => {
      const member = this.#members.get(worker);
      return member !== undefined && !member.isLeaving && !member.isHung;
    },
    isVacated: (slot) => this.#vacated.has(slot),
  };

  #tell(listener: Listener, { do: type, seat, worker }: Reassignment): void {
    const message = { type, listener: listener.id, slot: seat };
    if (type === 'adopt') this.#post(worker, message, listener.socket(seat));
    else this.#post(worker, message);
  }

  #change(worker: number, changes: Partial<Member>): void {
    const member = this.#members.get(worker);
    if (member === undefined) return;
    Object.assign(member, changes);
    for (const entry of this.#entries.values()) this.#mend(entry);
  }

  #isWanted({ seats }: Entry): boolean {
    return seats.isWanted((worker) => this.#members.get(worker)?.isLeaving === false);
  }

  /** The slot's application does without the address, unless a worker of the slot that stays has it open. */
  #forget({ seats }: Entry, slot: number): void {
    const stays = (worker: number): boolean => {
      const member = this.#members.get(worker);
      return member?.slot === slot && !member.isLeaving;
    };
    if (!seats.isHeld(stays)) seats.forget(slot);
  }

  /** The slot is no more, and the last of its workers is gone. */
  #isAbandoned(slot: number): boolean {
    return this.#vacated.has(slot) && ![...this.#members.values()].some((member) => member.slot === slot);
  }
}

function keyOf({ family, address, port, ipv6Only }: ListenQuery): string {
  return `${family} ${address ?? '*'} ${port}${ipv6Only ? ' ipv6Only' : ''}`;
}
