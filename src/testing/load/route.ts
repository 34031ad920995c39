import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { toConnect, type Target } from './target.ts';

/** The way to the server, the same for every connection of a load. */
export interface Route {
  readonly target: Target;
  /** Undefined: without TLS. */
  readonly tls: ConnectionOptions | undefined;
  /** Longest wait for a whole answer, ms. */
  readonly timeout: number;
}

/** A new connection, not yet up. */
export function open({ target, tls }: Route, protocol: 'http/1.1' | 'h2'): Socket {
  const socket =
    tls === undefined
      ? connectTcp(toConnect(target))
      : connectTls({ servername: 'localhost', ...tls, ...toConnect(target), ALPNProtocols: [protocol] });
  return socket.setNoDelay(true);
}

/** What a connection tells whoever counts. */
export interface ConnectionEvents {
  opened(): void;
  /** The server closed it while no request was on it. */
  closedIdle(): void;
  /**
   * HTTP/2: the server had not begun to process a request, and said so.
   *
   * @param wasSent or the request had never left this process, and the session that it was for goes.
   */
  retried(wasSent: boolean): void;
}

/** What a report tells of the connection on which a request was lost. */
export interface ConnectionHistory {
  /** ms since it was opened. */
  readonly age: number;
  /** Requests that were sent on it, the lost one among them. */
  readonly requests: number;
  /** The client's port; undefined for a Unix socket, and for a connection that never came to be. */
  readonly localPort: number | undefined;
}
