import { constants } from 'node:os';
import { SYSTEMD_PREFIX } from './address.ts';
import type { Inherited } from './inherited.ts';
import { bindTcp, openPermissions, type NativeHandle } from './native.ts';
import type { Sharing } from './sharing.ts';

/** An address as `net.Server#listen` asked for it; family and port are -1 for a Unix socket. */
export interface ListenQuery {
  readonly address: string | null;
  readonly port: number;
  readonly family: 4 | 6 | -1;
  readonly ipv6Only: boolean;
  readonly ordinal: number;
  readonly readableAll: boolean;
  readonly writableAll: boolean;
  readonly data: unknown;
}

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

/**
 * One address being served. Owns its sockets, one per slot (`reuseport`) or one for all; they stay open when workers
 * die, so that the connections queued in them outlive any worker. `close` closes them all, and the queues with them.
 */
export class Listener {
  readonly id: number;
  /** As bound: never port 0, and the wildcard as `::` or `0.0.0.0`. */
  readonly address: string;
  readonly port: number;
  /** TLS session ticket keys of the first worker that listened; see `ListenFields.data`. */
  readonly data: unknown;
  /** Whose socket it is, where it was inherited: that one's path is not ours to remove. */
  readonly #owner: Inherited | undefined;
  readonly #perSlot: boolean;
  readonly #rebind: (() => NativeHandle) | undefined;
  readonly #sockets = new Map<number, NativeHandle>();

  private constructor(
    id: number,
    name: { address: string; port: number },
    data: unknown,
    first: { slot: number; socket: NativeHandle },
    rebind?: () => NativeHandle,
    owner?: Inherited,
  ) {
    this.id = id;
    this.address = name.address;
    this.port = name.port;
    this.data = data;
    this.#owner = owner;
    this.#perSlot = rebind !== undefined;
    this.#rebind = rebind;
    this.#sockets.set(this.seat(first.slot), first.socket);
  }

  /**
   * @param inherited what the primary was started with: where that has the address, it is not bound again.
   * @throws BindError
   */
  static async open(
    id: number,
    query: ListenQuery,
    slot: number,
    sharing: Sharing,
    inherited?: Inherited,
  ): Promise<Listener> {
    const taken = inherited?.take(query);
    if (taken !== undefined) {
      return new Listener(id, taken, query.data, { slot, socket: taken.handle }, undefined, inherited);
    }
    if (query.address?.startsWith(SYSTEMD_PREFIX)) throw new BindError(ENOENT, query.address, -1);
    return query.family === -1 ? Listener.#openUnix(id, query, slot) : Listener.#openTcp(id, query, slot, sharing);
  }

  static async #openUnix(id: number, query: ListenQuery, slot: number): Promise<Listener> {
    const path = query.address!;
    // Few applications have one; for the others the primary stays smaller.
    const { bindUnixSocket } = await import('./unix-socket.ts');
    const socket = await bindUnixSocket(path);
    if (typeof socket === 'number') throw new BindError(socket, path, -1);
    const errno = openPermissions(socket, query.readableAll, query.writableAll);
    if (errno !== 0) {
      socket.close();
      throw new BindError(errno, path, -1);
    }
    return new Listener(id, { address: path, port: -1 }, query.data, { slot, socket });
  }

  static #openTcp(id: number, query: ListenQuery, slot: number, sharing: Sharing): Listener {
    const reuseport = sharing === 'reuseport';
    const { handle, address, port, family } = bindAny(query, reuseport);
    const again = (): NativeHandle => bindOne(address, port, family, query.ipv6Only, true).handle;
    return new Listener(id, { address, port }, query.data, { slot, socket: handle }, reuseport ? again : undefined);
  }

  /** Slots of one seat accept from the same socket. */
  seat(slot: number): number {
    return this.#perSlot ? slot : SHARED_SEAT;
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
      socket = this.#rebind!();
      this.#sockets.set(seat, socket);
    }
    return socket;
  }

  /** Whether its socket was passed by systemd, which keeps it and, if it has one, its path. */
  get isInherited(): boolean {
    return this.#owner !== undefined;
  }

  close(): void {
    for (const socket of this.#sockets.values()) {
      if (this.#owner === undefined) socket.close();
      else this.#owner.giveBack(socket);
    }
    this.#sockets.clear();
  }
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
