import { KeepAlive } from './keep-alive.ts';
import type { NativeClient, NativeHandle } from '../../listeners/native.ts';

type OnConnection = (this: SlotHandle, status: number, client: unknown) => void;

/** Who decides where connections are served. */
export interface Steering {
  /** Sees to it that an accepted connection is served: by `serve` of the handle that accepted it, or elsewhere. */
  steer(client: NativeClient, acceptedBy: SlotHandle): void;
  /**
   * What a connection that is to be served now calls when it closes; Node counts it no more in a moment. Undefined where nobody
   * wants to know.
   */
  readonly ended: (() => void) | undefined;
}

export interface SlotHandleEvents {
  /** The kernel queues for us. */
  listening(): void;
  /** The server listens, and nothing is accepted for it yet. */
  opened(): void;
  /** Another worker accepts from the slot's own socket now, or this one does again. */
  parked(isParked: boolean): void;
  /** The slot's own socket is closed, by the application or for a drain. */
  closed(): void;
  /** An adopted socket is closed, or was not wanted. */
  returned(): void;
}

/**
 * What a `net.Server` of the application holds as its listening handle: a stand-in for one or more sockets of one
 * listener. node:cluster gives servers such a stand-in too (its round-robin), so Node and its users know that a handle
 * need not be a real one.
 *
 * Owns the sockets: its slot's, and those adopted from neighbours. `close` closes all; `detach` as well, but leaves the
 * server believing that it listens, so that the application's own `server.close()` still works when its turn comes. While it is
 * parked the server believes that too, and another worker accepts from the slot's socket.
 */
export class SlotHandle {
  /** Set by net.Server; called with itself as `this` for each connection. */
  onconnection: OnConnection | undefined;
  /** TCP only: without it `server.address()` answers with the path, as it must for a Unix socket. */
  getsockname?: NativeHandle['getsockname'];
  readonly listener: number;
  /** Whoever passed the socket to the primary removes its path. */
  readonly isPassed: boolean;
  /** Connections accepted and served here so far, whoever accepted them. */
  accepted = 0;
  readonly #sources = new Map<number, NativeHandle>();
  readonly #slot: number;
  readonly #events: SlotHandleEvents;
  readonly #steering: Steering | undefined;
  #keepAlive: KeepAlive | undefined;
  #backlog = 0;
  #hasListened = false;
  /** That the slot's own socket is closed is told once, whether or not it was parked. */
  #isGivenBack = false;
  #isRefed = true;
  #isParked: boolean;
  #isDetached = false;
  #isClosed = false;
  #closesBehindNext = false;
  #isNarrow = false;

  /** @param steering undefined where whoever accepts a connection serves it. */
  constructor(
    { listener, slot, isPassed = false, isParked = false }: Grant,
    socket: NativeHandle,
    events: SlotHandleEvents,
    steering?: Steering,
  ) {
    this.listener = listener;
    this.isPassed = isPassed;
    this.#isParked = isParked;
    this.#slot = slot;
    this.#events = events;
    this.#steering = steering;
    this.#sources.set(slot, socket);
    if (socket.getsockname !== undefined) {
      const name = {};
      const errno = socket.getsockname(name);
      // Remembered, for after `detach`.
      this.getsockname = (out) => (Object.assign(out, name), errno);
    }
  }

  /** @returns errno, 0 for success: net.Server turns it into its 'error' event. */
  listen(backlog: number): number {
    this.#backlog = backlog;
    this.#hasListened = true;
    if (this.#isParked) {
      this.#stayAlive();
      this.#events.opened();
      return 0;
    }
    for (const source of this.#sources.values()) {
      const errno = this.#accept(source);
      if (errno !== 0) return errno;
    }
    this.#events.listening();
    return 0;
  }

  /** Makes the connection the server's, as if it had just been accepted here. */
  serve(client: NativeClient): void {
    this.accepted++;
    const tell = this.#steering?.ended;
    if (tell !== undefined) tellWhenClosed(client, tell);
    this.onconnection?.(0, client);
  }

  /** The same for one that a server has served before, here or in another worker, and that counts as accepted there. */
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

  /** Is parked no more. @param socket the slot's own, where `park` has closed that. */
  accept(socket?: NativeHandle): void {
    if (!this.#isParked || this.#isDetached || this.#isClosed) return socket?.close();
    this.#isParked = false;
    if (socket !== undefined) this.#sources.set(this.#slot, socket);
    if (socket !== undefined && !this.#isRefed) socket.unref();
    this.#keepAlive?.close();
    this.#keepAlive = undefined;
    this.#events.parked(false);
    // Else it will in a moment, as if it had never been parked.
    if (this.#hasListened) this.listen(this.#backlog);
  }

  /**
   * Has the kernel queue as little as it can, which is one connection at each socket (listen(2) lets one more wait than it is told),
   * while what waits is still accepted. Undone when the sockets are closed here, for other processes may hold them.
   */
  narrow(): void {
    // The kernel queues nothing for us: that would begin it.
    if (!this.isAccepting) return;
    this.#isNarrow = true;
    for (const source of this.#sources.values()) source.listen(0);
  }

  /** Closes each socket in the moment in which it has accepted once more, and detaches behind the last one. */
  closeBehindNext(): void {
    this.#closesBehindNext = true;
  }

  /** Stops accepting. Other processes may hold the same sockets, and go on. */
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

  /** Neither closed nor detached, nor parked. */
  get isAccepting(): boolean {
    return !this.#isClosed && !this.#isDetached && !this.#isParked;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The most connections that the kernel queues for us, at all sockets: listen(2) lets one more wait than it is told. */
  get longestQueue(): number {
    return this.#sources.size * (this.#backlog + 1);
  }

  get fd(): number {
    return this.socket?.fd ?? -1;
  }

  /** The slot's own socket, or another that it accepts from; undefined where it accepts no more. */
  get socket(): NativeHandle | undefined {
    const [first] = this.#sources.values();
    return this.#sources.get(this.#slot) ?? first;
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

  /** Where another process holds the socket, too, its queue is as long as ever. */
  #leave(source: NativeHandle): void {
    if (this.#isNarrow) source.listen(this.#backlog);
    source.close();
  }

  /** Nothing else may keep the process alive while no socket listens. */
  #stayAlive(): void {
    this.#keepAlive ??= new KeepAlive();
    if (!this.#isRefed) this.#keepAlive.unref();
  }

  #accept(source: NativeHandle): number {
    const steering = this.#steering;
    source.onconnection = (status, client) => {
      // Before anything else: who comes from now on is refused, and not reset.
      if (this.#closesBehindNext && status === 0) this.#closeSource(source);
      if (steering !== undefined && status === 0) return steering.steer(client as NativeClient, this);
      this.accepted++;
      this.onconnection?.(status, client);
    };
    return source.listen(this.#backlog);
  }
}

/**
 * Seen at the handle, which closes once whatever Node makes of it: a socket, a TLS socket or an HTTP/2 session. Not where the
 * application resets a connection, which is rare.
 */
function tellWhenClosed(client: NativeClient, tell: () => void): void {
  // eslint-disable-next-line typescript/unbound-method -- called with the client as `this`
  const { close } = client;
  client.close = (callback) => {
    close.call(client, callback);
    tell();
  };
}

/** What the handle is for: see the message `granted`. */
export interface Grant {
  readonly listener: number;
  readonly slot: number;
  readonly isPassed?: boolean;
  readonly isParked?: boolean;
}
