import { bindUdp, type NativeHandle } from '../../listeners/native.ts';
import type { Link } from '../link.ts';

/** What `dgram.Socket#bind` asks node:cluster in a worker. */
export interface DatagramQuery {
  readonly address: string | null;
  readonly port: number | null;
  readonly addressType: 'udp4' | 'udp6';
  readonly flags?: number;
}

type Answer = (errno: number, handle: NativeHandle | null) => void;

/** libuv's UV_UDP_IPV6ONLY and UV_UDP_REUSEADDR, in `DatagramQuery.flags`. */
const IPV6_ONLY = 1;
const REUSE_ADDRESS = 4;

/**
 * The UDP sockets of the application. One at a fixed port is shared by all workers, as in node:cluster: the primary binds it,
 * and each gets its handle. One at port 0 is for the application's own questions, and this worker's alone: an answer that
 * another worker received would be lost.
 */
export class Datagrams {
  readonly #link: Link;
  readonly #waiting = new Map<number, Answer>();
  #requests = 0;

  constructor(link: Link) {
    this.#link = link;
    link.on('bound', ({ request, socket, errno }, handle) => {
      const answer = this.#waiting.get(request);
      this.#waiting.delete(request);
      link.unhold();
      if (errno === 0) answer?.(0, this.#tellWhenClosed(handle as NativeHandle, socket));
      else answer?.(errno, null);
    });
  }

  bind({ address, port, addressType, flags = 0 }: DatagramQuery, answer: Answer): void {
    const family = addressType === 'udp6' ? 6 : 4;
    const fields = {
      address: address ?? (family === 6 ? '::' : '0.0.0.0'),
      port: port ?? 0,
      family,
      ipv6Only: (flags & IPV6_ONLY) !== 0,
      reuseAddress: (flags & REUSE_ADDRESS) !== 0,
    } as const;
    if (fields.port === 0) {
      const bound = bindUdp(fields.address, 0, family, fields);
      if ('errno' in bound) answer(bound.errno, null);
      else answer(0, bound.handle);
      return;
    }
    const request = ++this.#requests;
    this.#waiting.set(request, answer);
    this.#link.hold();
    this.#link.send({ type: 'bind', request, ...fields });
  }

  /** When no worker has it open any more, the primary closes it too. */
  #tellWhenClosed(handle: NativeHandle, socket: number): NativeHandle {
    // eslint-disable-next-line typescript/unbound-method -- called with the handle as `this`
    const { close } = handle;
    handle.close = (callback) => {
      handle.close = close;
      this.#link.send({ type: 'unbound', socket });
      close.call(handle, callback);
    };
    return handle;
  }
}
