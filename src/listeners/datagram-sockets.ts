import type { DatagramBound, DatagramQuery } from '../contract/listening.ts';
import { adoptDatagramFd, bindUdp, type Bound, type NativeHandle } from './native.ts';

/** Binds a UDP address, in this process or in another one that has the right to. */
export type BindUdp = (query: DatagramQuery) => Bound | Promise<Bound>;

/** Sends a message to a worker, with a handle if there is one, and returns false when the worker is gone. */
type Post = (worker: number, message: DatagramBound, handle?: NativeHandle) => boolean;

/** A socket as another primary gets it: as a descriptor. */
export interface DatagramDescription {
  readonly query: DatagramQuery;
  readonly fd: number;
}

interface Entry {
  readonly id: number;
  readonly query: DatagramQuery;
  readonly handle: NativeHandle;
  /** The number of copies of the socket that each worker has. */
  readonly holders: Map<number, number>;
  /**
   * True while the primary before this one has the socket open as well. If it were closed here, it could not be bound
   * again.
   */
  isLent: boolean;
}

/**
 * The UDP sockets at fixed ports. All workers that ask for an address share its socket. The object owns the sockets:
 * one is closed when no worker has it any more, and `close` closes all.
 */
export class DatagramSockets {
  readonly #post: Post;
  readonly #bind: BindUdp;
  readonly #entries = new Set<Entry>();
  /** Requests wait for their turn, so that two workers that ask at once get the same socket. */
  #turn: Promise<void> = Promise.resolve();
  #ids = 0;
  #isClosed = false;

  constructor(post: Post, bind: BindUdp = bindHere) {
    this.#post = post;
    this.#bind = bind;
  }

  request(worker: number, request: number, query: DatagramQuery): Promise<void> {
    this.#turn = this.#turn.then(() => this.#answer(worker, request, query));
    return this.#turn;
  }

  /** Records that the worker has closed a socket that it was given. */
  unbound(worker: number, id: number): void {
    for (const entry of this.#entries) {
      if (entry.id === id && entry.holders.has(worker)) this.#release(entry, worker, 1);
    }
  }

  gone(worker: number): void {
    for (const entry of this.#entries) if (entry.holders.has(worker)) this.#release(entry, worker, Infinity);
  }

  /** Describes the sockets for the primary that succeeds this one. */
  manifest(): DatagramDescription[] {
    return [...this.#entries].map(({ query, handle }) => ({ query, fd: handle.fd }));
  }

  /**
   * Takes over the sockets of another primary. A descriptor that is not a UDP socket is ignored, and its address is
   * bound again when it is asked for.
   */
  inherit(descriptions: readonly DatagramDescription[]): void {
    for (const { query, fd } of descriptions) {
      const handle = adoptDatagramFd(fd, query.family);
      if (typeof handle !== 'number') this.#add(query, handle).isLent = true;
    }
  }

  /**
   * Makes the sockets this primary's own, because the primary before it leaves. A socket that no worker has asked for
   * by now would only swallow datagrams.
   */
  own(): void {
    for (const entry of this.#entries) {
      entry.isLent = false;
      if (entry.holders.size === 0) this.#remove(entry);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const entry of this.#entries) this.#remove(entry);
  }

  async #answer(worker: number, request: number, query: DatagramQuery): Promise<void> {
    const entry = this.#find(query) ?? (await this.#open(query));
    if (this.#isClosed) return;
    if (typeof entry === 'number') return void this.#post(worker, { type: 'bound', request, socket: 0, errno: entry });
    entry.holders.set(worker, (entry.holders.get(worker) ?? 0) + 1);
    const isSent = this.#post(worker, { type: 'bound', request, socket: entry.id, errno: 0 }, entry.handle);
    if (!isSent) this.#release(entry, worker, Infinity);
  }

  #find(wanted: DatagramQuery): Entry | undefined {
    return [...this.#entries].find(({ query }) => keyOf(query) === keyOf(wanted));
  }

  async #open(query: DatagramQuery): Promise<Entry | number> {
    const bound = await this.#bind(query);
    return 'errno' in bound ? bound.errno : this.#add(query, bound.handle);
  }

  #add(query: DatagramQuery, handle: NativeHandle): Entry {
    const entry: Entry = { id: ++this.#ids, query, handle, holders: new Map(), isLent: false };
    if (this.#isClosed) handle.close();
    else this.#entries.add(entry);
    return entry;
  }

  #release(entry: Entry, worker: number, count: number): void {
    const { holders } = entry;
    const left = (holders.get(worker) ?? 0) - count;
    if (left > 0) holders.set(worker, left);
    else holders.delete(worker);
    if (holders.size === 0 && !entry.isLent) this.#remove(entry);
  }

  #remove(entry: Entry): void {
    if (this.#entries.delete(entry)) entry.handle.close();
  }
}

function keyOf({ address, port, family, ipv6Only }: DatagramQuery): string {
  return JSON.stringify([address, port, family, ipv6Only]);
}

function bindHere({ address, port, family, ...options }: DatagramQuery): Bound {
  return bindUdp(address, port, family, options);
}
