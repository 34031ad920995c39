import { constants } from 'node:os';
import { MOST_SOCKETS, MOST_SOCKETS_OF_SLOT } from '../contract/limits.ts';
import type { Denied, ListenerMessage, ListenQuery } from '../contract/listening.ts';
import { formatAddress } from './address.ts';
import { Directory, type SocketManifest, type Entry } from './directory.ts';
import { BindError, EADDRINUSE, EMFILE, type Listener, type OpenOptions } from './listener.ts';
import { Waiting } from './waiting.ts';
import { WorkerRegistry, type ListenRequest } from './worker-registry.ts';
import type { NativeHandle } from './native.ts';
import type { Reassignment } from './socket-assignments.ts';

/** A socket of an address that is served, with its slot where each slot has one. */
export interface OpenSocket {
  readonly address: string;
  readonly slot: number | undefined;
  readonly fd: number;
}

/** Sends a message to a worker, with a socket's handle if there is one. */
export type Post = (worker: number, message: ListenerMessage, handle?: NativeHandle) => void;

export interface ListenerSetOptions extends OpenOptions {
  readonly post: Post;
}

/**
 * The addresses that are served, and the workers that serve each. The set owns the directory of listeners, and `close`
 * closes all of them.
 *
 * The invariant: as long as any worker has an address open, each listening socket of it has a worker that accepts from
 * it. When a slot's worker dies, hangs, drains or closes its server, a neighbour adopts the slot's socket until the
 * slot has a listening worker again. A slot that is vacated for good leaves its sockets to all other workers, because
 * closing them would reset the connections that the kernel has queued in them. A parked worker has addresses open, and
 * accepts from none that another worker of its slot serves.
 *
 * When no application wants an address any more, its sockets close, but only once no worker has any of them. Until then
 * the kernel would let no program bind the address, and a worker that asks for it meanwhile gets these sockets again.
 */
export class ListenerSet {
  readonly #post: Post;
  readonly #directory: Directory;
  readonly #members = new WorkerRegistry();
  readonly #waiting = new Waiting();
  /** Requests are answered one at a time, so that two workers that ask for an address at once get the same listener. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ post, ...options }: ListenerSetOptions) {
    this.#post = post;
    this.#directory = new Directory(options);
  }

  /**
   * Registers a worker that was forked and may ask from now on. Without a slot its requests wait until `seat` gives it
   * one.
   */
  join(worker: number, slot: number | undefined, { isParked = false }: { isParked?: boolean } = {}): void {
    this.#members.join(worker, slot, isParked);
  }

  /**
   * Gives a worker its slot's socket of an address, or the errno of the failure. Each request gets one answer, until
   * `close`. A worker that leaves gets no socket, and is told so. One that has `MOST_SOCKETS` gets none, either, and where its slot
   * has `MOST_SOCKETS_OF_SLOT`, none of another address.
   *
   * @returns whether the socket was granted. `held` means that the answer has to wait for a slot, which also means
   *   that the worker has booted.
   */
  async request(worker: number, request: number, query: ListenQuery): Promise<'granted' | 'refused' | 'held'> {
    if (this.#socketsOf(worker) >= MOST_SOCKETS) {
      this.#deny(worker, request, new BindError(EMFILE, String(query.address), query.port));
      return 'refused';
    }
    if (this.#members.hold(worker, { request, query })) return 'held';
    const answer = this.#waiting.during(
      worker,
      this.#turn.then(() => this.#answer(worker, { request, query })),
    );
    this.#turn = answer;
    return (await answer) ? 'granted' : 'refused';
  }

  /** Counts the sockets that the worker has and those that it waits for. */
  #socketsOf(worker: number): number {
    let count = this.#waiting.of(worker) + this.#members.heldBy(worker);
    for (const { seats } of this.#directory.entries()) if (seats.has(worker)) count++;
    return count;
  }

  /** Counts the addresses of the slot, also those that a worker which has crashed left. */
  #socketsOfSlot(slot: number): number {
    let count = 0;
    for (const { seats } of this.#directory.entries()) if (seats.isWantedBy(slot)) count++;
    return count;
  }

  #deny(worker: number, request: number, { errno, address, port }: Omit<Denied, 'type' | 'request'>): void {
    this.#post(worker, { type: 'denied', request, errno, address, port });
  }

  /**
   * Gives the worker the slot, alone or beside the worker that had it before. Requests that waited for it are answered.
   */
  seat(worker: number, slot: number, { isParked = false }: { isParked?: boolean } = {}): void {
    const held = this.#members.seat(worker, slot, isParked);
    for (const { request, query } of held) void this.request(worker, request, query);
  }

  /**
   * Lets the worker accept from now on, because it has been ready for long enough.
   *
   * @returns the number of listeners at which it starts to accept.
   */
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

  /** Undoes what workers may have done to the sockets that they were given: see `Listener`. */
  unblock(): void {
    for (const { listener } of this.#directory.entries()) listener.unblock();
  }

  /** Parks the worker, because another worker of its slot accepts. It still accepts at addresses that only it has. */
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
      // A worker's request must not keep the other requests from being answered.
      this.#deny(worker, request, error instanceof BindError ? error : nonsense(query));
      return false;
    }
  }

  /** @throws BindError */
  async #grant(worker: number, request: number, query: ListenQuery): Promise<boolean> {
    const slot = this.#members.slotOf(worker);
    if (this.#isLate(worker, request) || slot === undefined || this.#directory.isClosed) return false;
    if (!this.#directory.has(query) && this.#socketsOfSlot(slot) >= MOST_SOCKETS_OF_SLOT)
      throw new BindError(EMFILE, String(query.address), query.port);
    const entry = await this.#directory.open(query, slot);
    // The worker may have gone while a Unix socket was probed.
    if (this.#hasGone(worker, request, entry)) return false;
    const { listener, seats } = entry;
    const { id, address, port, data, isPassed, file } = listener;
    // Node agrees that listening twice at one address in the same process is EADDRINUSE.
    if (seats.has(worker)) throw new BindError(EADDRINUSE, address, port);
    await listener.provide(slot);
    // The worker may have gone while another process bound the socket. The listener may also have closed because no
    // worker was left.
    if (this.#hasGone(worker, request, entry)) return false;
    if (this.#directory.get(listener.id) !== entry) return this.#grant(worker, request, query);
    const socket = listener.socket(slot);
    const seat = listener.seat(slot);
    // Where no worker served before, there is none that would serve in its place.
    const isParked = this.#members.isParked(worker) && seats.isOpened(seat);
    seats.grant(worker, seat);
    seats.want(slot);
    this.#post(worker, { type: 'granted', request, listener: id, slot, data, isPassed, file, isParked }, socket);
    return true;
  }

  /** Tells whether the worker has meanwhile died or begun to leave. */
  #hasGone(worker: number, request: number, entry: Entry): boolean {
    if (this.#directory.isClosed) return true;
    if (this.#members.has(worker) && !this.#isLate(worker, request)) return false;
    this.#mend(entry);
    return true;
  }

  /** Refuses a worker that leaves, because it would accept connections that it cannot serve. */
  #isLate(worker: number, request: number): boolean {
    if (!this.#members.has(worker) || this.#members.stays(worker)) return false;
    this.#post(worker, { type: 'late', request });
    return true;
  }

  /**
   * Records that the worker's application listens there, and accepts as soon as it is told to.
   *
   * @returns the listener, as `listening` does.
   */
  opened(worker: number, id: number): Listener | undefined {
    const entry = this.#directory.get(id);
    return entry?.seats.has(worker) === true ? entry.listener : undefined;
  }

  /**
   * Records that the worker accepts from the listener now. A neighbour that did so for its slot may stop.
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
   * Records that the worker has closed the socket that it was granted: the application closed its server, or it drains.
   *
   * @returns the listener, unless that was known before.
   */
  closed(worker: number, id: number): Listener | undefined {
    const entry = this.#directory.get(id);
    const slot = this.#members.slotOf(worker);
    if (entry === undefined || slot === undefined || !entry.seats.has(worker)) return undefined;
    entry.seats.leave(worker);
    // A worker that drains closes everything as it ends, which says nothing about what the application wants.
    if (this.#members.stays(worker)) this.#forget(entry, slot);
    this.#mend(entry);
    return entry.listener;
  }

  /** Records that the worker has closed a socket that it was given to adopt, or had no use for it. */
  returned(worker: number, id: number): void {
    const entry = this.#directory.get(id);
    if (entry === undefined) return;
    entry.seats.returned(worker);
    this.#mend(entry);
  }

  /** Removes a worker. Its sockets stay, and a neighbour or its successor serves what they queue. */
  gone(worker: number): void {
    const slot = this.#members.slotOf(worker);
    if (!this.#members.remove(worker)) return;
    for (const entry of this.#directory.entries()) {
      entry.seats.gone(worker);
      if (slot !== undefined && this.#members.isAbandoned(slot)) entry.seats.forget(slot);
      this.#mend(entry);
    }
  }

  /** Records that the worker is about to drain. Other workers take over the sockets from which it accepts. */
  leaving(worker: number): void {
    this.#members.leaving(worker);
    this.#mendAll();
  }

  /** Records that the worker's event loop has stopped or turns again. */
  hung(worker: number, isHung: boolean): void {
    this.#members.hung(worker, isHung);
    this.#mendAll();
  }

  /** Removes a slot. */
  vacate(slot: number): void {
    this.#members.vacate(slot);
    for (const entry of this.#directory.entries()) {
      if (this.#members.isAbandoned(slot)) entry.seats.forget(slot);
      this.#mend(entry);
    }
  }

  /** Restores a slot, which is about to get a worker. */
  reopen(slot: number): void {
    this.#members.reopen(slot);
  }

  /**
   * Checks the addresses of a slot whose worker has had time to listen wherever it wants to. An address that no slot's
   * application wants by then has been given up, and its sockets would only swallow connections.
   */
  sweep(slot: number): void {
    for (const entry of this.#directory.entries()) {
      this.#forget(entry, slot);
      this.#mend(entry);
    }
  }

  /** Returns the key under which another primary that has inherited the listener knows it. */
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

  /** The open sockets, about which the kernel can be asked. */
  get sockets(): OpenSocket[] {
    return this.listeners.flatMap((listener) => {
      const address = formatAddress(listener);
      const { isPerSlot } = listener;
      return listener.describe().sockets.map(([seat, fd]) => ({ address, slot: isPerSlot ? seat : undefined, fd }));
    });
  }

  /** Describes everything that another primary needs to continue. */
  manifest(): SocketManifest {
    return this.#directory.manifest();
  }

  /**
   * Takes over the sockets of another primary, before any worker asks. Sockets of slots that this primary does not have
   * go to all workers. Until `own` the other primary may carry on, and the files that it created stay.
   *
   * @param slots the number of slots.
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

  /** Makes the inherited sockets this primary's own. */
  own(): void {
    for (const { listener } of this.#directory.entries()) listener.own();
  }

  /**
   * Closes all listeners.
   *
   * @param isHandedOver when another primary serves with the same sockets.
   */
  close({ isHandedOver = false }: { isHandedOver?: boolean } = {}): void {
    this.#directory.close(isHandedOver);
  }

  /**
   * Makes sure that a worker accepts from every open socket, and no superfluous one does. Closes the sockets of an
   * address that is not wanted.
   */
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

  /**
   * Records that the slot's application does without the address, unless a worker of the slot that stays has it open.
   */
  #forget({ seats }: Entry, slot: number): void {
    if (!seats.isHeld((worker) => this.#members.staysIn(worker, slot))) seats.forget(slot);
  }
}

function nonsense({ address, port }: ListenQuery): Omit<Denied, 'type' | 'request'> {
  return { errno: -constants.errno.EINVAL, address: String(address), port };
}
