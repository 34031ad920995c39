/**
 * `prefork/state/socket.io`: one Socket.IO server of all workers: rooms, broadcasts, `fetchSockets`, `serverSideEmit`.
 *
 * @example
 * const io = new Server(httpServer, { adapter: socketAdapter(state), transports: ['websocket'] });
 */
import type * as adapter from 'socket.io-adapter';
import type { ClusterAdapterWithHeartbeat, ClusterMessage, ClusterResponse } from 'socket.io-adapter';
import type { Channel } from '../channel.ts';
import type { State } from '../state.ts';
import { peer } from './peer.ts';

type Library = typeof adapter;

/** As far as it is used here. */
interface Namespace {
  readonly name: string;
}

/** What tells the servers that one of them is gone, ms. */
export interface SocketAdapterOptions {
  /** @default 5000 */
  readonly heartbeatInterval?: number;
  /** @default 10000 */
  readonly heartbeatTimeout?: number;
}

/** The library's constructor is protected, and its namespace untyped. */
type Base = new (namespace: Namespace, options: SocketAdapterOptions) => ClusterAdapterWithHeartbeat;

interface Envelope {
  /** The server that is meant; undefined: all. */
  readonly to?: string;
  readonly message: unknown;
}

/** @returns what Socket.IO's option `adapter` takes. */
export function socketAdapter(
  state: State,
  options: SocketAdapterOptions = {},
): new (namespace: Namespace) => ClusterAdapterWithHeartbeat {
  const library = peer('socket.io-adapter', 'prefork/state/socket.io') as Library;
  return class extends (library.ClusterAdapterWithHeartbeat as unknown as Base) {
    readonly #channel: Channel;

    constructor(namespace: Namespace) {
      super(namespace, options);
      this.#channel = state.channel(`socket.io ${namespace.name}`);
      this.#channel.addEventListener('message', (event) => this.#receive((event as MessageEvent).data as Envelope));
    }

    protected override async doPublish(message: ClusterMessage): Promise<string> {
      await this.#channel.send({ message } satisfies Envelope);
      return '';
    }

    protected override async doPublishResponse(to: string, message: ClusterResponse): Promise<void> {
      await this.#channel.send({ to, message } satisfies Envelope);
    }

    override close(): void {
      super.close();
      this.#channel.close();
    }

    #receive({ to, message }: Envelope): void {
      if (to === undefined) this.onMessage(message as ClusterMessage);
      else if (to === this.uid) this.onResponse(message as ClusterResponse);
    }
  };
}
