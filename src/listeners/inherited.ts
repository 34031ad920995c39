import { DESCRIPTOR_PREFIX, formatAddress, SYSTEMD_PREFIX } from './address.ts';
import { openInherited, type InheritedSocket } from './inherit.ts';
import type { ListenQuery } from '../contract/listening.ts';
import type { NativeHandle } from './native.ts';

/**
 * The sockets that this primary was started with. Owns those that nobody has taken; a listener owns what it took, until it
 * gives it back. `close` closes what is here, for good.
 *
 * The process that passed a socket keeps it open: when a listener is done with one, closing it would not end its queue, and
 * would only keep it from whoever wants that address next.
 */
export class Inherited {
  readonly #free: Set<InheritedSocket>;
  /** Descriptors that this process was started with, and about which nothing was said. */
  readonly #plain: Set<number>;
  readonly #taken = new Map<NativeHandle, InheritedSocket>();

  /** @param plain descriptors that this process was started with, beside those: any may be a socket that is asked for by number. */
  constructor(sockets: readonly InheritedSocket[], plain: readonly number[] = []) {
    this.#free = new Set(sockets);
    this.#plain = new Set(plain);
  }

  /**
   * The socket for what an application wants to listen on: `systemd:<name>` the first one of that name, `fd:<n>` the one that
   * was passed as that descriptor, anything else the one that is bound to just that address.
   */
  take(query: ListenQuery): InheritedSocket | undefined {
    const socket =
      [...this.#free].find((candidate) => isNamed(query, candidate)) ?? this.#byNumber(query) ?? this.#byAddress(query);
    if (socket === undefined) return undefined;
    this.#free.delete(socket);
    this.#taken.set(socket.handle, socket);
    return socket;
  }

  /** A listener does not want its socket any more. */
  giveBack(handle: NativeHandle): void {
    const socket = this.#taken.get(handle);
    if (socket === undefined || !this.#taken.delete(handle)) return;
    this.#free.add(socket);
  }

  /** What nobody has taken, as `name=address`, for the log. */
  leftovers(): string[] {
    return [...this.#free].map((socket) => `${socket.name}=${formatAddress(socket)}`);
  }

  /** Closes what nobody has taken. */
  close(): void {
    for (const { handle } of this.#free) handle.close();
    this.#free.clear();
  }

  #byNumber({ family, address }: ListenQuery): InheritedSocket | undefined {
    if (family !== -1 || !address?.startsWith(DESCRIPTOR_PREFIX)) return undefined;
    const fd = Number(address.slice(DESCRIPTOR_PREFIX.length));
    const known = [...this.#free].find((socket) => socket.fd === fd);
    if (known !== undefined || !this.#plain.delete(fd)) return known;
    return openInherited(fd, address);
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
 * Without a host Node takes the unspecified IPv6 address, else the IPv4 one (net.Server#listen). And a socket at the first
 * is, as `ListenStream=8080` makes it, one for IPv4 too: whoever wants the second cannot bind it beside that.
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
