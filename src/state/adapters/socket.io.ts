/**
 * `prefork/state/socket.io` makes one Socket.IO server of all workers: rooms, broadcasts, `fetchSockets`,
 * `serverSideEmit`.
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

/** The part of a namespace that is used here. */
interface Namespace {
  readonly name: string;
}

/** The times in ms by which the servers notice that one of them is gone. */
export interface SocketAdapterOptions {
  /** The time between two heartbeats. @default 5000 */
  readonly heartbeatInterval?: number;
  /** The silence after which a server is gone. @default 10000 */
  readonly heartbeatTimeout?: number;
}

/** The type of the library's base class, whose constructor is protected and whose namespace is untyped. */
type Base = new (namespace: Namespace, options: SocketAdapterOptions) => ClusterAdapterWithHeartbeat;

interface Envelope {
  /** The server that is meant; undefined for all. */
  readonly to?: string;
  readonly message: unknown;
}

/**
 * Creates the adapter.
 *
 * @returns the value for Socket.IO's option `adapter`.
 */
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
