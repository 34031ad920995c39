import { KeepAlive } from './keep-alive.ts';
import type { NativeClient, NativeHandle } from '../../listeners/native.ts';
import type { SocketFile } from '../../listeners/socket-file.ts';

type OnConnection = (this: SlotHandle, status: number, client: unknown) => void;

/** Decides where connections are served. */
export interface Steering {
  /** Sees to it that an accepted connection is served: by `serve` of the handle that accepted it, or elsewhere. */
  steer(client: NativeClient, acceptedBy: SlotHandle): void;
  /**
   * A connection that is to be served now calls this when it closes. Node counts it no more in a moment. Undefined where ends
   * need not be told.
   */
  readonly ended: (() => void) | undefined;
}

/** Looks at accepted connections before anything else does: see `ProxyFilter` of src/worker/proxies. */
export interface ConnectionFilter {
  pass(client: NativeClient, admit: (client: NativeClient) => void): void;
}

export interface SlotHandleEvents {
  /** The kernel queues connections for this server. */
  listening(handle: SlotHandle): void;
  /** The server listens, and nothing is accepted for it yet. */
  opened(handle: SlotHandle): void;
  /** Hears that another worker accepts from the slot's own socket now, or that this one does again. */
  parked(isParked: boolean): void;
  /** The slot's own socket is closed, by the application or for a drain. */
  closed(): void;
  /** An adopted socket is closed, or was refused. */
  returned(): void;
}

/**
 * What a `net.Server` of the application holds as its listening handle. It stands in for one or more sockets of one listener.
 * The round-robin of node:cluster gives servers a stand-in too, so Node and its users know that a handle need not be real.
 *
 * Owns the sockets: its slot's, and those adopted from neighbours. `close` closes all. `detach` closes them too, but the server
 * still believes that it listens, so that the application's own `server.close()` works when its turn comes. While the handle is
 * parked, the server believes that too, and another worker accepts from the slot's socket.
 */
export class SlotHandle {
  /** net.Server sets this. It is called with the handle as `this` for each connection. */
  onconnection: OnConnection | undefined;
  /** Set for TCP only: without this method `server.address()` answers with the path, as it must for a Unix socket. */
  getsockname?: NativeHandle['getsockname'];
  readonly listener: number;
  /** The socket was passed to the primary: the program that passed it removes its path. */
  readonly isPassed: boolean;
  /** The file of a Unix socket, unless the socket was passed. */
  readonly file: SocketFile | undefined;
  /** Connections that were served here so far, and had just been accepted, by this worker or by another. */
  accepted = 0;
  /** Connections that this worker has taken out of the queues, wherever they are served. */
  taken = 0;
  readonly #sources = new Map<number, NativeHandle>();
  readonly #slot: number;
  readonly #events: SlotHandleEvents;
  readonly #steering: Steering | undefined;
  readonly #filter: ConnectionFilter | undefined;
  #keepAlive: KeepAlive | undefined;
  #backlog = 0;
  #hasListened = false;
  /** The end of the slot's own socket has been told: that happens once, whether or not it was parked. */
  #isGivenBack = false;
  #isRefed = true;
  #isParked: boolean;
  #isDetached = false;
  #isClosed = false;
  #closesBehindNext = false;
  #isNarrow = false;
  #isLent = false;

  constructor(
    { listener, slot, isPassed = false, file, isParked = false }: Grant,
    socket: NativeHandle,
    events: SlotHandleEvents,
    { steering, filter }: Interceptors = {},
  ) {
    this.listener = listener;
    this.isPassed = isPassed;
    this.file = file;
    this.#isParked = isParked;
    this.#slot = slot;
    this.#events = events;
    this.#steering = steering;
    this.#filter = filter;
    this.#sources.set(slot, socket);
    if (socket.getsockname !== undefined) {
      const name = {};
      const errno = socket.getsockname(name);
      // The name is remembered, for it is asked for after `detach` too.
      this.getsockname = (out) => (Object.assign(out, name), errno);
    }
  }

  /** @returns errno, or 0 for success. net.Server turns an errno into its 'error' event. */
  listen(backlog: number): number {
    this.#backlog = backlog;
    this.#hasListened = true;
    if (this.#isParked) {
      this.#stayAlive();
      this.#events.opened(this);
      return 0;
    }
    for (const source of this.#sources.values()) {
      const errno = this.#accept(source);
      if (errno !== 0) return errno;
    }
    this.#events.listening(this);
    return 0;
  }

  /** Makes the connection the server's, as if it had just been accepted here. */
  serve(client: NativeClient): void {
    this.accepted++;
    const tell = this.#steering?.ended;
    if (tell !== undefined) tellWhenClosed(client, tell);
    this.onconnection?.(0, client);
  }

  /** The same for a connection that a server has served before, here or in another worker: it counts as accepted there. */
  resume(client: NativeClient): void {
    this.onconnection?.(0, client);
  }

  /** Accepts for a neighbour's slot as well. */
  adopt(slot: number, socket: NativeHandle): void {
    if (!this.isAccepting || this.#sources.has(slot)) {
      socket.close();
      this.#events.returned();
      return;
    }
    this.#sources.set(slot, socket);
    if (!this.#isRefed) socket.unref();
    this.#accept(socket);
  }

  release(slot: number): void {
    const source = this.#sources.get(slot);
    if (source === undefined) return;
    this.#sources.delete(slot);
    source.close();
    this.#events.returned();
  }

  /** Accepts no more from the slot's own socket, until `accept`. */
  park(): void {
    if (!this.isAccepting) return;
    this.#isParked = true;
    this.#stayAlive();
    this.#sources.get(this.#slot)?.close();
    this.#sources.delete(this.#slot);
    this.#events.parked(true);
  }

  /** Ends `park`. @param socket the slot's own, where `park` has closed that. */
  accept(socket?: NativeHandle): void {
    if (!this.#isParked || this.#isDetached || this.#isClosed) return socket?.close();
    this.#isParked = false;
    if (socket !== undefined) this.#sources.set(this.#slot, socket);
    if (socket !== undefined && !this.#isRefed) socket.unref();
    this.#keepAlive?.close();
    this.#keepAlive = undefined;
    this.#events.parked(false);
    // A server that has not listened yet will in a moment, as if it had never been parked.
    if (this.#hasListened) this.listen(this.#backlog);
  }

  /**
   * Has the kernel queue as little as it can, which is one connection at each socket: listen(2) lets one more wait than it is
   * told. What waits is still accepted. Only for a child of the application's, which goes on, the close undoes this. The other
   * workers that hold a socket leave, too: in a long queue clients would come meanwhile, and the last close resets them.
   */
  narrow(): void {
    // Where the handle does not accept, `listen` would make the kernel begin to queue.
    if (!this.isAccepting) return;
    this.#isNarrow = true;
    for (const source of this.#sources.values()) source.listen(0);
  }

  /** Has each socket close in the moment in which it has accepted once more. The handle detaches with the last one. */
  closeBehindNext(): void {
    this.#closesBehindNext = true;
  }

  /** Stops accepting. Other processes that hold the same sockets go on. */
  detach(): void {
    if (this.#isDetached || this.#isClosed) return;
    this.#isDetached = true;
    this.#stayAlive();
    this.#closeSources();
  }

  close(callback?: () => void): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#keepAlive?.close();
      this.#closeSources();
    }
    if (callback !== undefined) setImmediate(callback);
  }

  ref(): void {
    this.#isRefed = true;
    this.#keepAlive?.ref();
    for (const source of this.#sources.values()) source.ref();
  }

  unref(): void {
    this.#isRefed = false;
    this.#keepAlive?.unref();
    for (const source of this.#sources.values()) source.unref();
  }

  /** Whether the handle is neither closed nor detached nor parked. */
  get isAccepting(): boolean {
    return !this.#isClosed && !this.#isDetached && !this.#isParked;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The most connections that the kernel queues at all sockets together: listen(2) lets one more wait than it is told. */
  get longestQueue(): number {
    return this.#sources.size * (this.#backlog + 1);
  }

  get fd(): number {
    return this.socket?.fd ?? -1;
  }

  /** The slot's own socket, or another that the handle accepts from. Undefined where it accepts no more. */
  get socket(): NativeHandle | undefined {
    const [first] = this.#sources.values();
    return this.#sources.get(this.#slot) ?? first;
  }

  /** Returns the socket for a child of the application's, which accepts from the same queue from now on; see `socket`. */
  lend(): NativeHandle | undefined {
    this.#isLent = true;
    return this.socket;
  }

  #closeSources(): void {
    const sources = [...this.#sources];
    this.#sources.clear();
    for (const [slot, source] of sources) {
      this.#leave(source);
      if (slot !== this.#slot) this.#events.returned();
    }
    if (this.#isGivenBack) return;
    this.#isGivenBack = true;
    this.#events.closed();
  }

  #closeSource(source: NativeHandle): void {
    const slot = [...this.#sources].find(([, one]) => one === source)?.[0];
    if (slot === undefined) return;
    if (this.#sources.size === 1) return this.detach();
    this.#sources.delete(slot);
    this.#leave(source);
    if (slot !== this.#slot) this.#events.returned();
  }

  #leave(source: NativeHandle): void {
    if (this.#isNarrow && this.#isLent) source.listen(this.#backlog);
    source.close();
  }

  /** Keeps the process alive while no socket listens: there may be nothing else that does. */
  #stayAlive(): void {
    this.#keepAlive ??= new KeepAlive();
    if (!this.#isRefed) this.#keepAlive.unref();
  }

  #accept(source: NativeHandle): number {
    const filter = this.#filter;
    source.onconnection = (status, client) => {
      this.taken++;
      if (status !== 0) {
        this.accepted++;
        return this.onconnection?.(status, client);
      }
      // This comes before anything else, so that clients that come from now on are refused, and not reset.
      if (this.#closesBehindNext) this.#closeSource(source);
      if (filter === undefined) this.#admit(client as NativeClient);
      else filter.pass(client as NativeClient, this.#admit);
    };
    return source.listen(this.#backlog);
  }

  readonly #admit = (client: NativeClient): void => {
    // Without a filter this is the turn in which it was accepted. Meanwhile the server may have closed, which resets what is queued.
    if (this.#isClosed) client.close();
    else if (this.#steering !== undefined) this.#steering.steer(client, this);
    else {
      this.accepted++;
      this.onconnection?.(0, client);
    }
  };
}

/**
 * Has `tell` called when the connection closes. The handle closes once, whatever Node makes of it: a socket, a TLS socket or an
 * HTTP/2 session. A reset by the application is not seen, which is rare.
 */
function tellWhenClosed(client: NativeClient, tell: () => void): void {
  // eslint-disable-next-line typescript/unbound-method -- called with the client as `this`
  const { close } = client;
  client.close = (callback) => {
    close.call(client, callback);
    tell();
  };
}

/** What comes between the kernel and the application. */
export interface Interceptors {
  /** Undefined where the worker that accepts a connection serves it. */
  readonly steering?: Steering | undefined;
  /** Undefined where no proxy is trusted. */
  readonly filter?: ConnectionFilter | undefined;
}

/** What the handle is for: see the message `granted`. */
export interface Grant {
  readonly listener: number;
  readonly slot: number;
  readonly isPassed?: boolean;
  readonly file?: SocketFile | undefined;
  readonly isParked?: boolean;
}
