import { constants } from 'node:os';
import type { ListenerMessage, ListenQuery } from '../contract/listening.ts';
import { formatAddress } from './address.ts';
import { Directory, type SocketManifest, type Entry } from './directory.ts';
import { BindError, EADDRINUSE, type Listener, type OpenOptions } from './listener.ts';
import { WorkerRegistry, type ListenRequest } from './worker-registry.ts';
import type { NativeHandle } from './native.ts';
import type { Reassignment } from './socket-assignments.ts';

/** A socket of an address that is served, and whose it is where each slot has one. */
export interface OpenSocket {
  readonly address: string;
  readonly slot: number | undefined;
  readonly fd: number;
}

/** Sends a message to a worker, with the handle of a socket where it comes with one. */
export type Post = (worker: number, message: ListenerMessage, handle?: NativeHandle) => void;

export interface ListenerSetOptions extends OpenOptions {
  readonly post: Post;
}

/**
 * Every address that is served, and by which workers. Owns the directory of listeners; `close` closes all of them.
 *
 * The invariant: a socket that listens has a worker that accepts from it, as long as any worker has its address open.
 * So when a slot's worker dies, hangs, drains or closes its server, a neighbour adopts the slot's socket until the slot
 * has a worker again that listens. A slot that is vacated for good leaves its sockets to all the others: closing them
 * would reset what the kernel has queued in them, and is about to. A worker that is parked has addresses open, and accepts from
 * none that another worker of its slot serves. And when nobody wants an address any more, its
 * sockets close: as soon as no worker has any of them either, for until then the kernel would let nobody bind the
 * address, and whoever asks for it meanwhile gets these sockets again.
 */
export class ListenerSet {
  readonly #post: Post;
  readonly #directory: Directory;
  readonly #members = new WorkerRegistry();
  /** Requests are answered one at a time, so that two workers that ask for an address at once get the one listener. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ post, ...options }: ListenerSetOptions) {
    this.#post = post;
    this.#directory = new Directory(options);
  }

  /** A worker was forked, and may ask from now on. Without a slot its requests wait until `seat` gives it one. */
  join(worker: number, slot: number | undefined, { isParked = false }: { isParked?: boolean } = {}): void {
    this.#members.join(worker, slot, isParked);
  }

  /**
   * Gives a worker its slot's socket of an address, or the errno of why not: one answer for each, until `close`. One that
   * leaves gets nothing, and is told that.
   *
   * @returns whether it was granted; `held` when the answer has to wait for a slot, which is to say that the worker has booted.
   */
  async request(worker: number, request: number, query: ListenQuery): Promise<'granted' | 'refused' | 'held'> {
    if (this.#members.hold(worker, { request, query })) return 'held';
    const answer = this.#turn.then(() => this.#answer(worker, { request, query }));
    this.#turn = answer;
    return (await answer) ? 'granted' : 'refused';
  }

  /** The worker has the slot now, beside the one that had it before or alone. Requests that waited for it are answered. */
  seat(worker: number, slot: number, { isParked = false }: { isParked?: boolean } = {}): void {
    const held = this.#members.seat(worker, slot, isParked);
    for (const { request, query } of held) void this.request(worker, request, query);
  }

  /** The worker has been ready for long enough: it accepts from now on. @returns at how many listeners it begins to. */
  accept(worker: number): number {
    this.#members.parked(worker, false);
    let told = 0;
    for (const { listener, seats } of this.#directory.entries()) {
      const change = seats.unpark(worker);
      if (change === undefined) continue;
      const message = { type: 'accept', listener: listener.id, slot: change.seat } as const;
      if (change.hasSocket) this.#post(worker, message);
      else this.#post(worker, message, listener.socket(change.seat));
      told++;
    }
    return told;
  }

  /** Another worker of its slot accepts: this one does so no more, except at addresses that are its own alone. */
  park(worker: number): void {
    this.#members.parked(worker, true);
    for (const entry of this.#directory.entries()) {
      if (!entry.seats.park(worker, this.#members)) continue;
      this.#post(worker, { type: 'park', listener: entry.listener.id });
      this.#mend(entry);
    }
  }

  async #answer(worker: number, { request, query }: ListenRequest): Promise<boolean> {
    try {
      return await this.#grant(worker, request, query);
    } catch (error) {
      // Nothing that a worker asks for may stop the others from being answered.
      const { errno, address, port } = error instanceof BindError ? error : nonsense(query);
      this.#post(worker, { type: 'denied', request, errno, address, port });
      return false;
    }
  }

  /** @throws BindError */
  async #grant(worker: number, request: number, query: ListenQuery): Promise<boolean> {
    const slot = this.#members.slotOf(worker);
    if (this.#isLate(worker, request) || slot === undefined || this.#directory.isClosed) return false;
    const entry = await this.#directory.open(query, slot);
    // While a Unix socket was probed.
    if (this.#hasGone(worker, request, entry)) return false;
    const { listener, seats } = entry;
    const { id, address, port, data, isPassed } = listener;
    // Twice the same address in one process is EADDRINUSE for Node too.
    if (seats.has(worker)) throw new BindError(EADDRINUSE, address, port);
    await listener.provide(slot);
    // While another process bound the socket. And the listener may have closed for want of any worker.
    if (this.#hasGone(worker, request, entry)) return false;
    if (this.#directory.get(listener.id) !== entry) return this.#grant(worker, request, query);
    const socket = listener.socket(slot);
    const seat = listener.seat(slot);
    // Where nobody was served before there is nobody who would serve in its place.
    const isParked = this.#members.isParked(worker) && seats.isOpened(seat);
    seats.grant(worker, seat);
    seats.want(slot);
    this.#post(worker, { type: 'granted', request, listener: id, slot, data, isPassed, isParked }, socket);
    return true;
  }

  /** Meanwhile the worker may have died, or begun to leave. */
  #hasGone(worker: number, request: number, entry: Entry): boolean {
    if (this.#directory.isClosed) return true;
    if (this.#members.has(worker) && !this.#isLate(worker, request)) return false;
    this.#mend(entry);
    return true;
  }

  /** One that leaves gets nothing any more: it would accept what it cannot serve. */
  #isLate(worker: number, request: number): boolean {
    if (!this.#members.has(worker) || this.#members.stays(worker)) return false;
    this.#post(worker, { type: 'late', request });
    return true;
  }

  /** The worker's application listens there, and accepts as soon as it is told to. @returns the listener, as `listening`. */
  opened(worker: number, id: number): Listener | undefined {
    const entry = this.#directory.get(id);
    return entry?.seats.has(worker) === true ? entry.listener : undefined;
  }

  /**
   * The worker accepts from the listener now: a neighbour that did so for its slot may stop.
   *
   * @returns the listener, unless the worker has closed it meanwhile.
   */
  listening(worker: number, id: number): Listener | undefined {
    const entry = this.#directory.get(id);
    if (entry === undefined || !entry.seats.listening(worker)) return undefined;
    this.#mend(entry);
    return entry.listener;
  }

  /**
   * The worker has closed the socket that it was granted: the application closed its server, or it drains.
   *
   * @returns the listener, unless that was known before.
   */
  closed(worker: number, id: number): Listener | undefined {
    const entry = this.#directory.get(id);
    const slot = this.#members.slotOf(worker);
    if (entry === undefined || slot === undefined || !entry.seats.has(worker)) return undefined;
    entry.seats.leave(worker);
    // One that drains closes everything as it ends: that says nothing of what the application wants.
    if (this.#members.stays(worker)) this.#forget(entry, slot);
    this.#mend(entry);
    return entry.listener;
  }

  /** The worker has closed a socket that it was given to adopt, or had no use for it. */
  returned(worker: number, id: number): void {
    const entry = this.#directory.get(id);
    if (entry === undefined) return;
    entry.seats.returned(worker);
    this.#mend(entry);
  }

  /** The worker is gone. Its sockets stay: a neighbour or its successor serves what they queue. */
  gone(worker: number): void {
    const slot = this.#members.slotOf(worker);
    if (!this.#members.remove(worker)) return;
    for (const entry of this.#directory.entries()) {
      entry.seats.gone(worker);
      if (slot !== undefined && this.#members.isAbandoned(slot)) entry.seats.forget(slot);
      this.#mend(entry);
    }
  }

  /** The worker is about to drain: whatever it accepts from is another's from now on. */
  leaving(worker: number): void {
    this.#members.leaving(worker);
    this.#mendAll();
  }

  /** Its event loop does not turn, or turns again. */
  hung(worker: number, isHung: boolean): void {
    this.#members.hung(worker, isHung);
    this.#mendAll();
  }

  /** The slot is no more. */
  vacate(slot: number): void {
    this.#members.vacate(slot);
    for (const entry of this.#directory.entries()) {
      if (this.#members.isAbandoned(slot)) entry.seats.forget(slot);
      this.#mend(entry);
    }
  }

  /** The slot is again, and is about to get a worker. */
  reopen(slot: number): void {
    this.#members.reopen(slot);
  }

  /**
   * The slot's worker has had time to listen wherever it wants to. An address that no slot's application wants by then
   * has been given up, and its sockets would only swallow connections.
   */
  sweep(slot: number): void {
    for (const entry of this.#directory.entries()) {
      this.#forget(entry, slot);
      this.#mend(entry);
    }
  }

  /** By which another primary that has inherited the listener knows it. */
  keyOf(listener: number): string | undefined {
    return this.#directory.keyOf(listener);
  }

  idOf(key: string): number | undefined {
    return this.#directory.find(key)?.listener.id;
  }

  /** The addresses served now. */
  get listeners(): Listener[] {
    return [...this.#directory.entries()].filter((entry) => this.#isWanted(entry)).map(({ listener }) => listener);
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
  manifest(): SocketManifest {
    return this.#directory.manifest();
  }

  /**
   * Takes over what another primary has bequeathed, before any worker asks. Sockets of slots that this one has not are
   * everybody's. Until `own` the other one may go on, and what it made stays.
   *
   * @param slots how many there are.
   * @throws BindError
   */
  inherit(bequest: SocketManifest, slots: number): void {
    for (const { listener, seats } of this.#directory.inherit(bequest)) {
      for (let slot = 0; slot < slots; slot++) seats.want(slot);
      for (const seat of listener.seats) {
        seats.inherit(seat);
        if (seat >= slots) this.#members.vacate(seat);
      }
    }
  }

  /** What was inherited is this primary's now. */
  own(): void {
    for (const { listener } of this.#directory.entries()) listener.own();
  }

  /** @param isHandedOver when another primary serves with the same sockets. */
  close({ isHandedOver = false }: { isHandedOver?: boolean } = {}): void {
    this.#directory.close(isHandedOver);
  }

  /** Sees to it that somebody accepts from every open socket, and nobody who need not; or that the sockets close. */
  #mend(entry: Entry): void {
    const { listener, seats } = entry;
    if (this.#isWanted(entry)) {
      for (const change of seats.reassign(this.#members)) this.#tell(listener, change);
    } else if (seats.isFree) {
      this.#directory.remove(entry);
    }
  }

  #mendAll(): void {
    for (const entry of this.#directory.entries()) this.#mend(entry);
  }

  #tell(listener: Listener, { do: type, seat, worker }: Reassignment): void {
    const message = { type, listener: listener.id, slot: seat };
    if (type === 'adopt') this.#post(worker, message, listener.socket(seat));
    else this.#post(worker, message);
  }

  #isWanted({ seats }: Entry): boolean {
    return seats.isWanted((worker) => this.#members.stays(worker));
  }

  /** The slot's application does without the address, unless a worker of the slot that stays has it open. */
  #forget({ seats }: Entry, slot: number): void {
    if (!seats.isHeld((worker) => this.#members.staysIn(worker, slot))) seats.forget(slot);
  }
}

function nonsense({ address, port }: ListenQuery): { errno: number; address: string; port: number } {
  return { errno: -constants.errno.EINVAL, address: String(address), port };
}
