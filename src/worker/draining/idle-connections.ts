import type { Server, Socket } from 'node:net';
import { servedBy } from '../../http/server/served.ts';
import { bytesReceived, connectionsOf } from '../node-internals/index.ts';
import type { Requests } from './requests.ts';

/** How many bytes a connection had received when it was first seen idle. */
interface Quiet {
  readonly since: number;
  readonly bytes: number;
}

/**
 * Knows the HTTP connections of the application's servers on which nothing happens. A connection on which a part of a
 * request has come is none of them: closing it would lose that request.
 *
 * Connections of HTTP/1 are looked up in Node's list when a drain asks, so that they cost nothing before. That list does
 * not have TLS connections before their handshake. So those of HTTPS servers are remembered here from the start, which costs
 * nothing beside a handshake. Owns no connection.
 */
export class IdleConnections {
  readonly #requests: Requests;
  readonly #servers = new Set<Server>();
  readonly #encrypted = new Set<Socket>();
  #quiet: ReadonlyMap<Socket, Quiet> = new Map();

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** To be called with any server, each time that it begins to listen. Servers that are not for HTTP are left alone. */
  watch(server: Server): void {
    if (!speaksHttp(server) || this.#servers.has(server)) return;
    this.#servers.add(server);
    if ('setSecureContext' in server) server.on('connection', this.#onEncrypted);
    server.once('close', () => {
      this.#servers.delete(server);
      server.off('connection', this.#onEncrypted);
    });
  }

  /**
   * The connections that have been idle for `idle` ms, by what this call and those before have seen. It should be called from
   * the check phase (`setImmediate`): what the kernel had received by then has been read.
   */
  longerThan(idle: number, now: number): Socket[] {
    const quiet = new Map<Socket, Quiet>();
    for (const socket of this.#idleNow()) {
      const bytes = bytesReceived(socket);
      const before = this.#quiet.get(socket);
      quiet.set(socket, before?.bytes === bytes ? before : { since: now, bytes });
    }
    this.#quiet = quiet;
    return [...quiet].filter(([, { since }]) => now - since >= idle).map(([socket]) => socket);
  }

  *#idleNow(): Generator<Socket> {
    for (const server of this.#servers) {
      yield* servedBy(server)?.idle() ?? [];
      const list = connectionsOf(server);
      const between = new Set(list?.idle());
      for (const parser of list?.all() ?? []) {
        const { socket } = parser;
        if (socket === null || socket.destroyed || this.#requests.isAnswering(socket)) continue;
        // To Node a connection without any request yet is busy (20 to 24) or idle (26).
        if (between.has(parser) || socket.bytesRead === 0) yield socket;
      }
    }
    for (const socket of this.#encrypted) if (socket.bytesRead === 0) yield socket;
  }

  readonly #onEncrypted = (socket: Socket): void => {
    this.#encrypted.add(socket);
    socket.once('close', () => this.#encrypted.delete(socket));
  };
}

/** Servers of node:http and https have the first of these methods. Servers of http2 have the second, and may speak HTTP/1 too. */
function speaksHttp(server: Server): boolean {
  return servedBy(server) !== undefined || 'closeIdleConnections' in server || 'updateSettings' in server;
}
