import { constants } from 'node:os';
import { DESCRIPTOR_PREFIX, SYSTEMD_PREFIX } from './address.ts';
import type { Inherited } from './inherited.ts';
import type { ListenQuery } from '../contract/listening.ts';
import type { Sharing } from '../contract/modes.ts';
import { adoptFd, bindTcp, type Bound, type NativeHandle } from './native.ts';
import { removeSocketFile, socketFileAt, type SocketFile } from './socket-file.ts';

/**
 * An address could not be bound. The error has the errno as libuv gives it (negative), and the address that was tried.
 */
export class BindError extends Error {
  readonly errno: number;
  readonly address: string;
  readonly port: number;

  constructor(errno: number, address: string, port: number) {
    super(`bind ${address}:${port}`);
    this.errno = errno;
    this.address = address;
    this.port = port;
  }
}

export const EADDRINUSE: number = -constants.errno.EADDRINUSE;
export const EMFILE: number = -constants.errno.EMFILE;
const ENOENT = -constants.errno.ENOENT;
const EINVAL = -constants.errno.EINVAL;

/** A TCP address to bind. */
export interface TcpQuery {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly ipv6Only: boolean;
  readonly reuseport: boolean;
}

/** Binds a TCP address, in this process or in another one that has the right to. */
export type BindTcp = (query: TcpQuery) => Bound | Promise<Bound>;

/** All workers share the socket of this seat where there is not one per slot. */
const SHARED_SEAT = 0;

/** An address that is served, with what is needed to bind more sockets of it. */
interface Origin {
  /** The address as bound: the port is never 0, and the wildcard is `::` or `0.0.0.0`. */
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6 | -1;
  readonly ipv6Only: boolean;
  /** The TLS session ticket keys of the first worker that listened; see `ListenQuery.data`. */
  readonly data: unknown;
  readonly isPerSlot: boolean;
  /**
   * True when systemd, or whatever started the first primary, opened the socket. A Unix socket's file then belongs to
   * it.
   */
  readonly isPassed: boolean;
  /** The file of a Unix socket that prefork has created. */
  readonly file?: SocketFile | undefined;
  /** Gives back a socket that was passed, when no worker wants it any more. */
  readonly giveBack?: (socket: NativeHandle) => void;
}

/** A listener as another process can have it: its sockets are descriptors, by slot. */
export interface ListenerDescription extends Omit<Origin, 'file' | 'giveBack'> {
  readonly sockets: ReadonlyArray<readonly [slot: number, fd: number]>;
}

/**
 * An address that is served. The listener owns its sockets, one per slot (`reuseport`) or one for all. They stay open
 * when workers die, so that the connections queued in them outlive any worker. `close` closes them all, and the queues
 * with them.
 */
export class Listener {
  readonly id: number;
  readonly #origin: Origin;
  readonly #sockets: Map<number, NativeHandle>;
  readonly #bind: BindTcp;
  #isClosed = false;
  /** True while a Unix socket's file still belongs to the primary from which it was inherited. */
  #isFileLent = false;
  /**
   * True when no more sockets can or need be bound after an inheritance. Slots then share the sockets that there are.
   */
  readonly #isComplete: boolean;

  private constructor(
    id: number,
    origin: Origin,
    sockets: Map<number, NativeHandle>,
    isComplete: boolean,
    bind: BindTcp,
  ) {
    this.id = id;
    this.#origin = origin;
    this.#sockets = sockets;
    this.#isComplete = isComplete;
    this.#bind = bind;
  }

  /**
   * Opens the listener.
   *
   * @throws BindError
   */
  static async open(id: number, query: ListenQuery, slot: number, options: OpenOptions): Promise<Listener> {
    const { origin, socket } = openPassed(query, options) ?? (await openOwn(query, options));
    const sockets = new Map([[origin.isPerSlot ? slot : SHARED_SEAT, socket]]);
    return new Listener(id, origin, sockets, !origin.isPerSlot, options.bind ?? bindHere);
  }

  /**
   * Takes over a listener of the primary before this one.
   *
   * @throws BindError when a descriptor is not a listening socket.
   */
  static inherit(
    id: number,
    { sockets, ...description }: ListenerDescription,
    { sharing, bind = bindHere }: OpenOptions,
  ): Listener {
    const { address, port, isPerSlot, isPassed } = description;
    const handles = sockets.map(([slot, fd]): [number, NativeHandle] => {
      const handle = adoptFd(fd);
      if (typeof handle === 'number') throw new BindError(handle, address, port);
      return [slot, handle];
    });
    const file = port === -1 && !isPassed ? socketFileAt(address) : undefined;
    const origin = { ...description, file };
    const listener = new Listener(id, origin, new Map(handles), !isPerSlot || sharing !== 'reuseport', bind);
    listener.#isFileLent = true;
    return listener;
  }

  /** Makes the listener this primary's own, because the one before it leaves: this primary may now remove the file. */
  own(): void {
    this.#isFileLent = false;
  }

  get address(): string {
    return this.#origin.address;
  }

  get port(): number {
    return this.#origin.port;
  }

  get data(): unknown {
    return this.#origin.data;
  }

  get isPassed(): boolean {
    return this.#origin.isPassed;
  }

  get file(): SocketFile | undefined {
    return this.#origin.file;
  }

  get isPerSlot(): boolean {
    return this.#origin.isPerSlot;
  }

  /** The seats that have a socket. */
  get seats(): number[] {
    return [...this.#sockets.keys()];
  }

  /** Returns the seat of a slot. Slots with the same seat accept from the same socket. */
  seat(slot: number): number {
    if (!this.#origin.isPerSlot) return SHARED_SEAT;
    return this.#isComplete && !this.#sockets.has(slot) ? this.seats[slot % this.#sockets.size]! : slot;
  }

  /**
   * Binds the socket that the slot's worker accepts from, unless there is one. Callers must wait for their turn,
   * because two calls at once would bind two.
   *
   * @throws BindError
   */
  async provide(slot: number): Promise<void> {
    const seat = this.seat(slot);
    if (this.#sockets.has(seat)) return;
    const { address, port, family, ipv6Only } = this.#origin;
    const query = { address, port, family: family as 4 | 6, ipv6Only, reuseport: true };
    const { handle } = await bindOrThrow(query, this.#bind);
    if (this.#isClosed) handle.close();
    else this.#sockets.set(seat, handle);
  }

  /**
   * Returns the socket that the slot's worker accepts from. It has been bound, when the listener was opened or by
   * `provide`.
   */
  socket(slot: number): NativeHandle {
    const socket = this.#sockets.get(this.seat(slot));
    if (socket === undefined) throw new Error(`${this.address}:${this.port} has no socket for slot ${slot}`);
    unblock(socket);
    return socket;
  }

  /** Undoes what a worker may have done to the sockets: see `unblock`. */
  unblock(): void {
    for (const socket of this.#sockets.values()) unblock(socket);
  }

  /** Describes the listener for the primary that succeeds this one. */
  describe(): ListenerDescription {
    const { file: _file, giveBack: _giveBack, ...origin } = this.#origin;
    return { ...origin, sockets: [...this.#sockets].map(([seat, { fd }]) => [seat, fd] as const) };
  }

  /**
   * Closes the listener.
   *
   * @param keepFile when another primary has inherited the Unix socket.
   */
  close({ keepFile = false }: { keepFile?: boolean } = {}): void {
    this.#isClosed = true;
    const { file, giveBack } = this.#origin;
    if (file !== undefined && !keepFile && !this.#isFileLent) removeSocketFile(file);
    for (const socket of this.#sockets.values()) {
      if (giveBack === undefined) socket.close();
      else giveBack(socket);
    }
    this.#sockets.clear();
  }
}

/**
 * Has the calls of a socket return at once, as libuv needs it. The flag is one for all processes that have the socket, and outlasts them:
 * where a worker has cleared it, the next one to accept waits in the kernel. This takes 0.35 µs.
 */
function unblock(socket: NativeHandle): void {
  socket.setBlocking?.(false);
}

export interface OpenOptions {
  readonly sharing: Sharing;
  /** Binds an address. @default this process binds it itself */
  readonly bind?: BindTcp | undefined;
  /** The sockets that the primary was started with. An address among them is not bound again. */
  readonly passed?: Inherited | undefined;
}

interface Opened {
  readonly origin: Origin;
  readonly socket: NativeHandle;
}

function openPassed(query: ListenQuery, { passed }: OpenOptions): Opened | undefined {
  const taken = passed?.take(query);
  if (taken !== undefined) {
    const { address, port, family, handle } = taken;
    const { ipv6Only, data } = query;
    const giveBack = (socket: NativeHandle): void => passed!.giveBack(socket);
    return {
      origin: { address, port, family, ipv6Only, data, isPerSlot: false, isPassed: true, giveBack },
      socket: handle,
    };
  }
  if (query.family !== -1) return undefined;
  // Only a socket that was passed has such a name, because paths are absolute.
  const address = query.address!;
  if (address.startsWith(SYSTEMD_PREFIX)) throw new BindError(ENOENT, address, -1);
  // Node reports the same for a descriptor that is not a stream socket.
  if (address.startsWith(DESCRIPTOR_PREFIX)) throw new BindError(EINVAL, address, -1);
  return undefined;
}

async function openOwn(query: ListenQuery, { sharing, bind = bindHere }: OpenOptions): Promise<Opened> {
  return query.family === -1 ? openUnix(query) : openTcp(query, sharing, bind);
}

async function openUnix(query: ListenQuery): Promise<Opened> {
  const { address, data, family, ipv6Only } = query;
  const path = address!;
  // Few applications use a Unix socket. Without the module the primary stays smaller.
  const { bindUnixSocket } = await import('./unix-socket.ts');
  const bound = await bindUnixSocket(path, query);
  if (typeof bound === 'number') throw new BindError(bound, path, -1);
  const { socket, file } = bound;
  const origin = { address: path, port: -1, family, ipv6Only, data, isPerSlot: false, isPassed: false, file };
  return { origin, socket };
}

async function openTcp(query: ListenQuery, sharing: Sharing, bind: BindTcp): Promise<Opened> {
  const isPerSlot = sharing === 'reuseport';
  const { handle, address, port, family } = await bindAny(query, isPerSlot, bind);
  const { ipv6Only, data } = query;
  return { origin: { address, port, family, ipv6Only, data, isPerSlot, isPassed: false }, socket: handle };
}

type BoundTcp = Extract<Bound, { handle: NativeHandle }>;

/**
 * Binds an address. Without a host it follows Node's rule (net.Server#listen): the unspecified IPv6 address, else the
 * IPv4 one.
 */
async function bindAny(query: ListenQuery, reuseport: boolean, bind: BindTcp): Promise<BoundTcp> {
  const { address, port, family, ipv6Only } = query;
  if (address !== null) return bindFirst({ address, port, family: family as 4 | 6, ipv6Only, reuseport }, bind);
  try {
    return await bindFirst({ address: '::', port, family: 6, ipv6Only, reuseport }, bind);
  } catch (error) {
    // A machine without IPv6 fails in several ways, but never with a port that is taken.
    if (ipv6Only || (error as BindError).errno === EADDRINUSE) throw error;
    return bindFirst({ address: '0.0.0.0', port, family: 4, ipv6Only: false, reuseport }, bind);
  }
}

/**
 * Binds the first socket of an address. A second program of the same user could silently join a reuseport group
 * (socket(7)) and take a share of the connections. So the first socket of a fixed port is bound once without the flag,
 * which fails with EADDRINUSE as usual. For port 0 the kernel chooses no port that a group uses.
 */
async function bindFirst(query: TcpQuery, bind: BindTcp): Promise<BoundTcp> {
  if (query.reuseport && query.port !== 0) (await bindOrThrow({ ...query, reuseport: false }, bind)).handle.close();
  return bindOrThrow(query, bind);
}

/**
 * Binds an address.
 *
 * @throws BindError
 */
async function bindOrThrow(query: TcpQuery, bind: BindTcp): Promise<BoundTcp> {
  const bound = await bind(query);
  if ('errno' in bound) throw new BindError(bound.errno, query.address, query.port);
  return bound;
}

function bindHere({ address, port, family, ...options }: TcpQuery): Bound {
  return bindTcp(address, port, family, options);
}
