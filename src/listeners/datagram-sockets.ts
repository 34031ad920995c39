import { MOST_SOCKETS, MOST_SOCKETS_OF_SLOT } from '../contract/limits.ts';
import type { DatagramMessage, DatagramQuery } from '../contract/listening.ts';
import { EMFILE } from './listener.ts';
import { adoptDatagramFd, bindUdp, type Bound, type NativeHandle } from './native.ts';
import { Waiting } from './waiting.ts';

/**
 * Binds a UDP address, in this process or in another one that has the right to.
 *
 * @param reuseport whether other sockets may have the same address, so that the kernel spreads datagrams over them.
 */
export type BindUdp = (query: DatagramQuery, reuseport: boolean) => Bound | Promise<Bound>;

/** Sends a message to a worker, with a handle if there is one, and returns false when the worker is gone. */
type Post = (worker: number, message: DatagramMessage, handle?: NativeHandle) => boolean;

export interface DatagramPlaces {
  /** The slot of the worker; undefined for a spare, which gets its sockets when it has one. */
  readonly slotOf: (worker: number) => number | undefined;
  /** True where each slot can have a socket of its own for an address. */
  readonly isPerSlot: boolean;
}

const ONE_FOR_ALL: DatagramPlaces = { slotOf: () => 0, isPerSlot: false };

/** A socket as another primary gets it: as a descriptor. */
export interface DatagramDescription {
  readonly query: DatagramQuery;
  readonly fd: number;
  /** The slot whose socket it is; undefined for one that all slots share. Older primaries do not say. */
  readonly slot?: number | undefined;
}

interface Entry {
  readonly id: number;
  readonly key: string;
  readonly query: DatagramQuery;
  /** The slot that it belongs to; undefined when all slots share it. */
  readonly slot: number | undefined;
  /**
   * The slot in whose share it counts. Of a socket for all slots it is the one that first asked for it, then the one whose worker left
   * it last. Undefined until a slot asks for what another primary left.
   */
  countsFor: number | undefined;
  readonly handle: NativeHandle;
  /** The number of copies of the socket that each worker has. */
  readonly holders: Map<number, number>;
  /**
   * True while the primary before this one has the socket open as well. If it were closed here, it could not be bound
   * again.
   */
  isLent: boolean;
}

/** A request of a worker that has no slot yet. */
interface Held {
  readonly request: number;
  readonly query: DatagramQuery;
}

/**
 * The UDP sockets at fixed ports. Each slot has one of its own, where the kernel can spread datagrams over them, and all
 * share one elsewhere. As with TCP, a socket and what the kernel has queued in it outlive the worker: the next one reads on.
 * A worker reads nothing while another one of its slot does.
 *
 * The object owns the sockets. One is closed when its workers have closed it, when a slot goes on without it (`sweep`,
 * `vacate`), and by `close`.
 */
export class DatagramSockets {
  readonly #post: Post;
  readonly #bind: BindUdp;
  readonly #places: DatagramPlaces;
  /** The slots of the workers that have asked for sockets. */
  readonly #slots = new Map<number, number>();
  /** Workers that are not to read, because another worker does. */
  readonly #parked = new Set<number>();
  readonly #held = new Map<number, Held[]>();
  readonly #entries = new Map<number, Entry>();
  /** The same, by address. */
  readonly #byKey = new Map<string, Set<Entry>>();
  readonly #waiting = new Waiting();
  /** Requests wait for their turn, so that two workers that ask at once get the same socket. */
  #turn: Promise<void> = Promise.resolve();
  #ids = 0;
  #isClosed = false;

  constructor(post: Post, bind: BindUdp = bindHere, places: DatagramPlaces = ONE_FOR_ALL) {
    this.#post = post;
    this.#bind = bind;
    this.#places = places;
  }

  /** The worker is about to start, or has got a slot. */
  join(worker: number, { isParked }: { readonly isParked: boolean }): void {
    if (isParked) this.#parked.add(worker);
    for (const { request, query } of this.#held.get(worker) ?? []) void this.request(worker, request, query);
    this.#held.delete(worker);
  }

  /** The worker reads from now on. */
  accept(worker: number): void {
    if (this.#parked.delete(worker) && this.#has(worker)) this.#post(worker, { type: 'receive', isOn: true });
  }

  /** Another worker reads in this one's place. */
  park(worker: number): void {
    this.#parked.add(worker);
    if (this.#has(worker)) this.#post(worker, { type: 'receive', isOn: false });
  }

  /** The worker drains. It reads on only where no other worker does. */
  leaving(worker: number): void {
    const held = [...this.#entries.values()].filter(({ holders }) => holders.has(worker));
    const isRead = ({ holders }: Entry): boolean =>
      [...holders.keys()].some((other) => other !== worker && !this.#parked.has(other));
    if (held.length > 0 && held.every(isRead)) this.park(worker);
  }

  /** The slot is no more. Its workers close its sockets when they end. */
  vacate(slot: number): void {
    for (const entry of this.#entries.values()) if (entry.slot === slot) this.#remove(entry);
  }

  /** The slot's worker has had time to bind what it wants. */
  sweep(slot: number): void {
    for (const entry of this.#entries.values()) {
      const isOfSlot = entry.slot === undefined || entry.slot === slot;
      if (isOfSlot && entry.holders.size === 0 && !entry.isLent) this.#remove(entry);
    }
  }

  /**
   * Answers a worker's request. A worker that has `MOST_SOCKETS` gets no more of them, and where its slot has `MOST_SOCKETS_OF_SLOT`,
   * none of another address.
   *
   * @returns `held` for a spare, which is answered when it gets a slot.
   */
  async request(worker: number, request: number, query: DatagramQuery): Promise<'answered' | 'held'> {
    if (this.#socketsOf(worker) >= MOST_SOCKETS) {
      this.#deny(worker, request, EMFILE);
      return 'answered';
    }
    if (this.#places.slotOf(worker) === undefined) {
      this.#held.set(worker, [...(this.#held.get(worker) ?? []), { request, query }]);
      return 'held';
    }
    this.#turn = this.#waiting.during(
      worker,
      this.#turn.then(() => this.#answer(worker, request, query)),
    );
    await this.#turn;
    return 'answered';
  }

  /** Records that the worker has closed a socket that it was given. */
  unbound(worker: number, id: number): void {
    const entry = this.#entries.get(id);
    if (entry?.holders.has(worker) !== true) return;
    this.#release(entry, worker, 1);
    this.#removeUnheld(entry);
  }

  /** The worker has ended. What the kernel queues meanwhile is for the next one, which can have `MOST_SOCKETS`. */
  gone(worker: number): void {
    const slot = this.#slots.get(worker);
    this.#slots.delete(worker);
    this.#parked.delete(worker);
    this.#held.delete(worker);
    for (const entry of this.#entries.values()) {
      if (!entry.holders.has(worker)) continue;
      this.#release(entry, worker, Infinity);
      if (entry.holders.size === 0) this.#left(entry, slot);
    }
    if (slot === undefined) return;
    const left = [...this.#entries.values()].filter(
      ({ countsFor, holders, isLent }) => countsFor === slot && holders.size === 0 && !isLent,
    );
    for (const entry of left.slice(0, -MOST_SOCKETS)) this.#remove(entry);
  }

  /** Describes the sockets for the primary that succeeds this one. */
  manifest(): DatagramDescription[] {
    return [...this.#entries.values()].map(({ query, slot, handle }) => ({ query, slot, fd: handle.fd }));
  }

  /**
   * Takes over the sockets of another primary. A descriptor that is not a UDP socket is ignored, and its address is
   * bound again when it is asked for.
   */
  inherit(descriptions: readonly DatagramDescription[]): void {
    for (const { query, slot, fd } of descriptions) {
      const handle = adoptDatagramFd(fd, query.family);
      if (typeof handle !== 'number') this.#add(query, slot, handle).isLent = true;
    }
  }

  /**
   * Makes the sockets this primary's own, because the primary before it leaves. A socket that no worker has asked for
   * by now would only swallow datagrams.
   */
  own(): void {
    for (const entry of this.#entries.values()) {
      entry.isLent = false;
      if (entry.holders.size === 0) this.#remove(entry);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const entry of this.#entries.values()) this.#remove(entry);
  }

  async #answer(worker: number, request: number, query: DatagramQuery): Promise<void> {
    const slot = this.#slotFor(worker, query);
    const asker = this.#places.slotOf(worker);
    const known = this.#find(query, slot);
    if (known === undefined && this.#entriesOf(asker) >= MOST_SOCKETS_OF_SLOT)
      return this.#deny(worker, request, EMFILE);
    const entry = known ?? (await this.#open(query, slot));
    if (this.#isClosed) return;
    if (typeof entry === 'number') return this.#deny(worker, request, entry);
    entry.countsFor ??= asker;
    if (asker !== undefined) this.#slots.set(worker, asker);
    const isParked = this.#parked.has(worker);
    entry.holders.set(worker, (entry.holders.get(worker) ?? 0) + 1);
    const isSent = this.#post(worker, { type: 'bound', request, socket: entry.id, errno: 0, isParked }, entry.handle);
    if (isSent) return;
    this.#release(entry, worker, Infinity);
    // A worker that has ended before is not `gone` again.
    if (!this.#has(worker)) this.#slots.delete(worker);
    this.#removeUnheld(entry);
  }

  /** Sockets with SO_REUSEADDR are for multicast groups, of which each gets every datagram: the workers share one. */
  #slotFor(worker: number, { reuseAddress }: DatagramQuery): number | undefined {
    return this.#places.isPerSlot && !reuseAddress ? this.#places.slotOf(worker) : undefined;
  }

  /** A socket that another primary left may be for all slots, or for one, where this one does it the other way. */
  #find(wanted: DatagramQuery, slot: number | undefined): Entry | undefined {
    const all = this.#of(wanted);
    return (
      all.find((entry) => entry.slot === slot) ?? all.find((entry) => entry.slot === undefined || slot === undefined)
    );
  }

  #of(wanted: DatagramQuery): Entry[] {
    return [...(this.#byKey.get(keyOf(wanted)) ?? [])];
  }

  /** Counts the copies of sockets that the worker has and those that it waits for. */
  #socketsOf(worker: number): number {
    let count = this.#waiting.of(worker) + (this.#held.get(worker)?.length ?? 0);
    for (const { holders } of this.#entries.values()) count += holders.get(worker) ?? 0;
    return count;
  }

  /** Counts the sockets of the slot, also those that a worker which has crashed left. */
  #entriesOf(slot: number | undefined): number {
    let count = 0;
    for (const { countsFor } of this.#entries.values()) if (countsFor === slot) count++;
    return count;
  }

  /** The last worker that had it has crashed. What was left first comes first, and goes first. */
  #left(entry: Entry, slot: number | undefined): void {
    entry.countsFor = entry.slot ?? slot ?? entry.countsFor;
    this.#entries.delete(entry.id);
    this.#entries.set(entry.id, entry);
  }

  #deny(worker: number, request: number, errno: number): void {
    this.#post(worker, { type: 'bound', request, socket: 0, errno, isParked: this.#parked.has(worker) });
  }

  async #open(query: DatagramQuery, slot: number | undefined): Promise<Entry | number> {
    const isShared = slot === undefined;
    // A second program of the same user could join the sockets silently. So the first bind is one that fails then.
    if (!isShared && this.#of(query).length === 0) {
      const alone = await this.#bind(query, false);
      if ('errno' in alone) return alone.errno;
      alone.handle.close();
    }
    const bound = await this.#bind(query, !isShared);
    return 'errno' in bound ? bound.errno : this.#add(query, slot, bound.handle);
  }

  #has(worker: number): boolean {
    return [...this.#entries.values()].some(({ holders }) => holders.has(worker));
  }

  #add(query: DatagramQuery, slot: number | undefined, handle: NativeHandle): Entry {
    const key = keyOf(query);
    const holders = new Map<number, number>();
    const entry: Entry = { id: ++this.#ids, key, query, slot, countsFor: slot, handle, holders, isLent: false };
    if (this.#isClosed) {
      handle.close();
    } else {
      this.#entries.set(entry.id, entry);
      this.#byKey.set(key, (this.#byKey.get(key) ?? new Set()).add(entry));
    }
    return entry;
  }

  #release(entry: Entry, worker: number, count: number): void {
    const { holders } = entry;
    const left = (holders.get(worker) ?? 0) - count;
    if (left > 0) holders.set(worker, left);
    else holders.delete(worker);
  }

  #removeUnheld(entry: Entry): void {
    if (entry.holders.size === 0 && !entry.isLent) this.#remove(entry);
  }

  #remove(entry: Entry): void {
    if (!this.#entries.delete(entry.id)) return;
    const others = this.#byKey.get(entry.key)!;
    others.delete(entry);
    if (others.size === 0) this.#byKey.delete(entry.key);
    entry.handle.close();
  }
}

function keyOf({ address, port, family, ipv6Only }: DatagramQuery): string {
  return JSON.stringify([address, port, family, ipv6Only]);
}

function bindHere({ address, port, family, ...options }: DatagramQuery, reuseport: boolean): Bound {
  return bindUdp(address, port, family, { ...options, reuseport });
}
