import { constants } from 'node:os';
import { SYSTEMD_PREFIX } from './address.ts';
import type { Inherited } from './inherited.ts';
import type { ListenQuery } from './listen-query.ts';
import { adoptFd, bindTcp, type NativeHandle } from './native.ts';
import type { Sharing } from './sharing.ts';
import { removerOf } from './socket-file.ts';
import type { Owner } from './unix-socket.ts';

/** Why an address could not be bound: errno as libuv gives it (negative), and the address that was tried. */
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
const ENOENT = -constants.errno.ENOENT;

/** Everybody shares the one socket of this seat where there is not one per slot. */
const SHARED_SEAT = 0;

/** An address that is served, and how to have more sockets of it. */
interface Origin {
  /** As bound: never port 0, and the wildcard as `::` or `0.0.0.0`. */
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6 | -1;
  readonly ipv6Only: boolean;
  /** TLS session ticket keys of the first worker that listened; see `ListenFields.data`. */
  readonly data: unknown;
  readonly isPerSlot: boolean;
  /** Opened by systemd, or whoever else started the first primary: a Unix socket's file is theirs. */
  readonly isPassed: boolean;
  /** Removes the file of a Unix socket that we made. */
  readonly remove?: () => void;
  /** Takes a socket that was passed, when nobody here wants it any more. */
  readonly giveBack?: (socket: NativeHandle) => void;
}

/** A listener as another process can have it: its sockets are descriptors, by slot. */
export interface ListenerDescription extends Omit<Origin, 'remove' | 'giveBack'> {
  readonly sockets: ReadonlyArray<readonly [slot: number, fd: number]>;
}

/**
 * One address being served. Owns its sockets, one per slot (`reuseport`) or one for all; they stay open when workers
 * die, so that the connections queued in them outlive any worker. `close` closes them all, and the queues with them.
 */
export class Listener {
  readonly id: number;
  readonly #origin: Origin;
  readonly #sockets: Map<number, NativeHandle>;
  /** Whether a Unix socket's file is still that of the primary from which it was inherited. */
  #isFileLent = false;
  /** Inherited by a primary that cannot bind more of them, or need not: slots then share what there is. */
  readonly #isComplete: boolean;

  private constructor(id: number, origin: Origin, sockets: Map<number, NativeHandle>, isComplete: boolean) {
    this.id = id;
    this.#origin = origin;
    this.#sockets = sockets;
    this.#isComplete = isComplete;
  }

  /** @throws BindError */
  static async open(id: number, query: ListenQuery, slot: number, options: OpenOptions): Promise<Listener> {
    const { origin, socket } = openPassed(query, options) ?? (await openOwn(query, options));
    return new Listener(id, origin, new Map([[origin.isPerSlot ? slot : SHARED_SEAT, socket]]), !origin.isPerSlot);
  }

  /**
   * A listener of the primary before this one.
   *
   * @throws BindError when a descriptor is no listening socket.
   */
  static inherit(id: number, { sockets, ...description }: ListenerDescription, sharing: Sharing): Listener {
    const { address, port, isPerSlot, isPassed } = description;
    const handles = sockets.map(([slot, fd]): [number, NativeHandle] => {
      const handle = adoptFd(fd);
      if (typeof handle === 'number') throw new BindError(handle, address, port);
      return [slot, handle];
    });
    const remove = port === -1 && !isPassed ? removerOf(address) : undefined;
    const origin = { ...description, ...(remove && { remove }) };
    const listener = new Listener(id, origin, new Map(handles), !isPerSlot || sharing !== 'reuseport');
    listener.#isFileLent = true;
    return listener;
  }

  /** The primary before this one leaves: what it made is ours to remove. */
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

  get isPerSlot(): boolean {
    return this.#origin.isPerSlot;
  }

  /** Of the sockets that there are. */
  get seats(): number[] {
    return [...this.#sockets.keys()];
  }

  /** Slots of one seat accept from the same socket. */
  seat(slot: number): number {
    if (!this.#origin.isPerSlot) return SHARED_SEAT;
    return this.#isComplete && !this.#sockets.has(slot) ? this.seats[slot % this.#sockets.size]! : slot;
  }

  /**
   * The socket that the slot's worker accepts from, bound now if the slot has none yet.
   *
   * @throws BindError
   */
  socket(slot: number): NativeHandle {
    const seat = this.seat(slot);
    let socket = this.#sockets.get(seat);
    if (socket === undefined) {
      const { address, port, family, ipv6Only } = this.#origin;
      socket = bindOne(address, port, family as 4 | 6, ipv6Only, true).handle;
      this.#sockets.set(seat, socket);
    }
    return socket;
  }

  /** For the primary that succeeds this one. */
  describe(): ListenerDescription {
    const { remove: _remove, giveBack: _giveBack, ...origin } = this.#origin;
    return { ...origin, sockets: [...this.#sockets].map(([seat, { fd }]) => [seat, fd] as const) };
  }

  /** @param keepFile when another primary has inherited the Unix socket. */
  close({ keepFile = false }: { keepFile?: boolean } = {}): void {
    const { remove, giveBack } = this.#origin;
    if (!keepFile && !this.#isFileLent) remove?.();
    for (const socket of this.#sockets.values()) {
      if (giveBack === undefined) socket.close();
      else giveBack(socket);
    }
    this.#sockets.clear();
  }
}

export interface OpenOptions {
  readonly sharing: Sharing;
  /** The workers' user, where it is not the primary's: Unix sockets are theirs then. */
  readonly owner?: Owner | undefined;
  /** What the primary was started with: where that has the address, it is not bound again. */
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
  if (query.address?.startsWith(SYSTEMD_PREFIX)) throw new BindError(ENOENT, query.address, -1);
  return undefined;
}

async function openOwn(query: ListenQuery, { sharing, owner }: OpenOptions): Promise<Opened> {
  return query.family === -1 ? openUnix(query, owner) : openTcp(query, sharing);
}

async function openUnix(query: ListenQuery, owner: Owner | undefined): Promise<Opened> {
  const { address, data, family, ipv6Only } = query;
  const path = address!;
  // Few applications have one; for the others the primary stays smaller.
  const { bindUnixSocket } = await import('./unix-socket.ts');
  const bound = await bindUnixSocket(path, { ...query, owner });
  if (typeof bound === 'number') throw new BindError(bound, path, -1);
  const { socket, remove } = bound;
  const origin = { address: path, port: -1, family, ipv6Only, data, isPerSlot: false, isPassed: false, remove };
  return { origin, socket };
}

function openTcp(query: ListenQuery, sharing: Sharing): Opened {
  const isPerSlot = sharing === 'reuseport';
  const { handle, address, port, family } = bindAny(query, isPerSlot);
  const { ipv6Only, data } = query;
  return { origin: { address, port, family, ipv6Only, data, isPerSlot, isPassed: false }, socket: handle };
}

interface BoundTcp {
  readonly handle: NativeHandle;
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
}

/** Without a host, Node's rule (net.Server#listen): the unspecified IPv6 address, else the IPv4 one. */
function bindAny(query: ListenQuery, reuseport: boolean): BoundTcp {
  const { address, port, family, ipv6Only } = query;
  if (address !== null) return bindFirst(address, port, family as 4 | 6, ipv6Only, reuseport);
  try {
    return bindFirst('::', port, 6, ipv6Only, reuseport);
  } catch (error) {
    // A machine without IPv6 refuses in several ways. A port that is taken is none of them.
    if (ipv6Only || (error as BindError).errno === EADDRINUSE) throw error;
    return bindFirst('0.0.0.0', port, 4, false, reuseport);
  }
}

/**
 * A second program of the same user would join a reuseport group without a word (socket(7)), and take a share of the
 * connections. So the first socket of a fixed port is bound once without the flag: then it is EADDRINUSE, as ever.
 * For port 0 the kernel takes none that a group uses.
 */
function bindFirst(address: string, port: number, family: 4 | 6, ipv6Only: boolean, reuseport: boolean): BoundTcp {
  if (reuseport && port !== 0) bindOne(address, port, family, ipv6Only, false).handle.close();
  return bindOne(address, port, family, ipv6Only, reuseport);
}

function bindOne(address: string, port: number, family: 4 | 6, ipv6Only: boolean, reuseport: boolean): BoundTcp {
  const bound = bindTcp(address, port, family, { reuseport, ipv6Only });
  if ('errno' in bound) throw new BindError(bound.errno, address, port);
  return bound;
}
