import { constants } from 'node:os';
import { decodeWorkerMessage } from '../../ipc/messages.ts';
import { bindUdp, type NativeHandle } from '../../listeners/native.ts';
import type { Link } from '../link.ts';
import { Gate } from './gate.ts';

/** What `dgram.Socket#bind` asks node:cluster for in a worker. The values are those that the application gave it. */
export interface DatagramBind {
  readonly address: string | null;
  /** A value of any type: Node leaves it to its binding to make a number of it. `bind(callback)` has the function here. */
  readonly port: unknown;
  readonly addressType: 'udp4' | 'udp6';
  /** Null with `fd`. */
  readonly flags?: number | null;
  /** -1 for none. */
  readonly fd?: number;
}

type Answer = (errno: number, handle: NativeHandle | null) => void;

/** libuv's UV_UDP_IPV6ONLY and UV_UDP_REUSEADDR, in `DatagramBind.flags`. */
const IPV6_ONLY = 1;
const REUSE_ADDRESS = 4;

const { EBADF, EINVAL } = constants.errno;

/**
 * The UDP sockets of the application. The primary binds those at fixed ports, and each worker gets a handle: of its slot's
 * own socket, or of one that all share. While another worker of the slot reads, this one does not. A socket at port 0 is for the application's own questions, and is this worker's alone: an
 * answer that another worker received would be lost.
 */
export class Datagrams {
  readonly #link: Link;
  readonly #waiting = new Map<number, Answer>();
  readonly #gates = new Set<Gate>();
  #isParked = false;
  #requests = 0;

  constructor(link: Link) {
    this.#link = link;
    link.on('receive', ({ isOn }) => {
      this.#isParked = !isOn;
      for (const gate of this.#gates) gate.open(isOn);
    });
    link.on('bound', ({ request, socket, errno, isParked }, handle) => {
      this.#isParked = isParked;
      const answer = this.#waiting.get(request);
      this.#waiting.delete(request);
      link.unhold();
      if (errno === 0) answer?.(0, this.#tellWhenClosed(handle as NativeHandle, socket));
      else answer?.(errno, null);
    });
  }

  bind({ address, port, addressType, flags, fd = -1 }: DatagramBind, answer: Answer): void {
    // As in node:cluster, a descriptor would be one of the primary's, and no UDP socket is taken from there.
    if (fd > 0) return answer(-EBADF, null);
    const family = addressType === 'udp6' ? 6 : 4;
    const fields = {
      address: address ?? (family === 6 ? '::' : '0.0.0.0'),
      port: portOf(port),
      family,
      ipv6Only: ((flags ?? 0) & IPV6_ONLY) !== 0,
      reuseAddress: ((flags ?? 0) & REUSE_ADDRESS) !== 0,
    } as const;
    if (fields.port === 0) {
      const bound = bindUdp(fields.address, 0, family, fields);
      if ('errno' in bound) answer(bound.errno, null);
      else answer(0, bound.handle);
      return;
    }
    const request = ++this.#requests;
    const question = { type: 'bind', request, ...fields } as const;
    // A question that the primary would not believe is never sent: no answer would come.
    if (decodeWorkerMessage(question) === undefined) return answer(-EINVAL, null);
    this.#waiting.set(request, answer);
    this.#link.hold();
    this.#link.send(question);
  }

  /** Tells the primary when the socket is closed here. When no worker has it open any more, the primary closes it too. */
  #tellWhenClosed(handle: NativeHandle, socket: number): NativeHandle {
    const gate = new Gate(handle, !this.#isParked);
    this.#gates.add(gate);
    // eslint-disable-next-line typescript/unbound-method -- called with the handle as `this`
    const { close } = handle;
    handle.close = (callback) => {
      handle.close = close;
      this.#gates.delete(gate);
      gate.close();
      this.#link.send({ type: 'unbound', socket });
      close.call(handle, callback);
    };
    return handle;
  }
}

/** The port that Node's binding makes of `port || 0`: what is no number is 0, and of a number the low 16 bits count. */
function portOf(port: unknown): number {
  return Number(port) & 0xffff;
}
