import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { toConnect, type Target } from './target.ts';

/** The way to the server, the same for every connection of a load. */
export interface Route {
  readonly target: Target;
  /** Undefined without TLS. */
  readonly tls: ConnectionOptions | undefined;
  /** The longest wait for a whole answer in ms. */
  readonly timeout: number;
}

/** Opens a connection, which is not established yet. */
export function open({ target, tls }: Route, protocol: 'http/1.1' | 'h2'): Socket {
  const socket =
    tls === undefined
      ? connectTcp(toConnect(target))
      : connectTls({ servername: 'localhost', ...tls, ...toConnect(target), ALPNProtocols: [protocol] });
  return socket.setNoDelay(true);
}

/** The events of a connection that are counted. */
export interface ConnectionEvents {
  opened(): void;
  /** The server closed the connection while no request was on it. */
  closedIdle(): void;
  /**
   * An HTTP/2 server had not begun to process a request, and said so.
   *
   * @param wasSent false when the request never left this process because its session was closing.
   */
  retried(wasSent: boolean): void;
}

/** The facts about the connection of a lost request. */
export interface ConnectionHistory {
  /** The time in ms since it was opened. */
  readonly age: number;
  /** The number of requests that were sent on it, including the lost one. */
  readonly requests: number;
  /** The client's port; undefined for a Unix socket, and for a connection that was never established. */
  readonly localPort: number | undefined;
}
