import type { Server, Socket } from 'node:net';
import { servedBy } from '../../http/server/served.ts';
import { bytesReceived, connectionsOf } from '../node-internals/index.ts';
import type { Requests } from './requests.ts';

/**
 * So many connections are noted in a turn of the event loop. A worker that begins to drain may have thousands, and clients that still
 * have requests there would wait for all of them.
 */
const MOST_NOTED = 256;

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
  /** The connections that {@link note} has still to see. */
  #unseen: Iterator<Socket> | undefined;

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
   * Notes which connections are idle, some hundreds of them in a turn of the event loop. It should be called every now and then, from
   * the check phase (`setImmediate`): what the kernel had received by then has been read.
   */
  note(now: number): void {
    if (this.#unseen !== undefined) return;
    this.#unseen = this.#idleNow();
    this.#noteMore(new Map(), now);
  }

  #noteMore(noted: Map<Socket, Quiet>, now: number): void {
    for (let left = MOST_NOTED; left > 0; left--) {
      const { value, done } = this.#unseen!.next();
      if (done === true) {
        this.#unseen = undefined;
        this.#quiet = noted;
        return;
      }
      noted.set(value, this.#quietOf(value, now));
    }
    // A connection that is in use by then is noted too. Those who ask are not told of it, unless it is idle again.
    setImmediate(() => this.#noteMore(noted, now));
  }

  /**
   * The connections that have been idle for `idle` ms, by what this call has seen, and what was noted before. It should be called from
   * the check phase as well, and looks at all connections at once.
   */
  longerThan(idle: number, now: number): Socket[] {
    const quiet = new Map<Socket, Quiet>();
    for (const socket of this.#idleNow()) quiet.set(socket, this.#quietOf(socket, now));
    this.#quiet = quiet;
    return [...quiet].filter(([, { since }]) => now - since >= idle).map(([socket]) => socket);
  }

  #quietOf(socket: Socket, now: number): Quiet {
    const bytes = bytesReceived(socket);
    const before = this.#quiet.get(socket);
    return before?.bytes === bytes ? before : { since: now, bytes };
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
