import { DESCRIPTOR_PREFIX, formatAddress, SYSTEMD_PREFIX } from './address.ts';
import { openInherited, type InheritedSocket } from './inherit.ts';
import type { ListenQuery } from '../contract/listening.ts';
import type { NativeHandle } from './native.ts';

/**
 * The sockets that this primary was started with. The object owns those that are free. A listener owns a socket that it
 * took, until it gives the socket back. `close` closes the free ones for good.
 *
 * The process that passed a socket keeps it open. So closing a socket that a listener has finished with would not end
 * its queue. It would only keep the next application that wants the address from using it.
 */
export class Inherited {
  readonly #free: Set<InheritedSocket>;
  /** Descriptors that this process was started with and that no variable describes, each with its socket's inode. */
  readonly #plain: Map<number, number>;
  readonly #taken = new Map<NativeHandle, InheritedSocket>();

  /**
   * Creates the collection.
   *
   * @param plain further descriptors that this process was started with, each with its socket's inode. Any of them may be a
   *   socket that is asked for by number.
   */
  constructor(sockets: readonly InheritedSocket[], plain: ReadonlyMap<number, number> = new Map()) {
    this.#free = new Set(sockets);
    this.#plain = new Map(plain);
  }

  /**
   * Takes the socket for an address that an application wants to listen on. `systemd:<name>` takes the first one of
   * that name, `fd:<n>` the one that was passed as that descriptor. Any other address takes the socket that is bound to
   * exactly that address.
   */
  take(query: ListenQuery): InheritedSocket | undefined {
    const socket =
      [...this.#free].find((candidate) => isNamed(query, candidate)) ?? this.#byNumber(query) ?? this.#byAddress(query);
    if (socket === undefined) return undefined;
    this.#free.delete(socket);
    this.#taken.set(socket.handle, socket);
    return socket;
  }

  /** Takes back a socket that its listener does not need any more. */
  giveBack(handle: NativeHandle): void {
    const socket = this.#taken.get(handle);
    if (socket === undefined || !this.#taken.delete(handle)) return;
    this.#free.add(socket);
  }

  /** Lists the sockets that are not taken, as `name=address`, for the log. */
  leftovers(): string[] {
    return [...this.#free].map((socket) => `${socket.name}=${formatAddress(socket)}`);
  }

  /** Closes the sockets that are not taken. */
  close(): void {
    for (const { handle } of this.#free) handle.close();
    this.#free.clear();
  }

  #byNumber({ family, address }: ListenQuery): InheritedSocket | undefined {
    if (family !== -1 || !address?.startsWith(DESCRIPTOR_PREFIX)) return undefined;
    const fd = Number(address.slice(DESCRIPTOR_PREFIX.length));
    const known = [...this.#free].find((socket) => socket.fd === fd);
    const inode = this.#plain.get(fd);
    if (known !== undefined || inode === undefined) return known;
    this.#plain.delete(fd);
    return openInherited(fd, inode, address);
  }

  #byAddress({ address, port, family, ipv6Only }: ListenQuery): InheritedSocket | undefined {
    const candidates = [...this.#free].filter((socket) => socket.port === port && (family === -1) === (port === -1));
    for (const wanted of ipv6Only ? [address ?? '::'] : equivalents(address)) {
      const found = candidates.find((socket) => socket.address === wanted);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function isNamed({ family, address }: ListenQuery, { name }: InheritedSocket): boolean {
  return family === -1 && address === SYSTEMD_PREFIX + name;
}

/**
 * Lists the addresses that serve a query. Without a host Node takes the unspecified IPv6 address, else the IPv4 one
 * (net.Server#listen). A socket at the former is also for IPv4, as `ListenStream=8080` creates it, and an application
 * that wants the latter could not bind it in addition.
 */
function equivalents(address: string | null): string[] {
  switch (address) {
    case null:
      return ['::', '0.0.0.0'];
    case '0.0.0.0':
      return ['0.0.0.0', '::'];
    default:
      return [address];
  }
}
