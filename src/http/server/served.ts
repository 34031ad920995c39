import type { Server, Socket } from 'node:net';

/**
 * The functions that prefork's worker asks of a server that is not node:http's: counts for the scoreboard, and what a
 * drain needs. They are under a key that any server may have. A request costs nothing for them, unless timing is asked
 * for.
 */
export interface Served {
  /** The number of requests that were given to a handler. */
  readonly started: number;
  /** The number of those that are answered, or whose connection closed. Each counts once. */
  readonly finished: number;
  /**
   * Times responses. A server without this function times none.
   *
   * @param onAnswered hears of each response from now on, and how long after the call of its handler it was given, ms.
   * `alone` is its connection, if no other request was given to a handler meanwhile. If such a request took long, it
   * has kept the event loop, and other connections may be served first.
   */
  time?(onAnswered: (status: number, ms: number, alone?: Socket) => void): void;
  /** Tells of each request that a handler got and of its end, from now on. A server without this function tells of none. */
  follow?(follower: RequestFollower): void;
  /**
   * Makes responses say `Connection: close` from now on. Idle connections stay.
   *
   * @param onFree hears of each connection that could move when its request is answered. The responses of such
   * connections say nothing. Without it, in a later call, they are treated as all others
   */
  drain(onFree?: (socket: Socket) => void): void;
  /** Ends `drain`: connections stay again. A server that lacks this function goes on telling clients to close. */
  stay?(): void;
  /** The connections of this server, whatever they do. When a server lacks this function, none of them moves. */
  sockets?(): Iterable<Socket>;
  /** Whether another process could serve the connection. When a server lacks this function, the answer is `never`. */
  rest?(socket: Socket): Rest;
  /** The connections on which a part of a request has come, and that wait for the rest of it. A server that lacks this function does not tell. */
  receiving?(): Iterable<Receiving>;
  /**
   * Has `onFree` hear of each connection whose request is answered, from now on and until the server drains or is told
   * otherwise.
   */
  tellFree?(onFree: ((socket: Socket) => void) | undefined): void;
  /**
   * Has `answer` answer GET and HEAD of a path from now on, before any handler or hook. A server that lacks this function answers
   * nothing there by itself.
   */
  answerFirst?(path: string, answer: () => { readonly status: number; readonly body: string }): void;
  /** The connections on which nothing happens, and which may be closed. */
  idle(): Iterable<Socket>;
}

/** Hears of requests, by the connection on which they came. */
export interface RequestFollower {
  begun(socket: Socket): void;
  answered(socket: Socket): void;
  /**
   * The request is over without an answer: the client has left, or the response broke. When the handler takes the connection over, that counts
   * as answered.
   */
  gaveUp(socket: Socket): void;
}

/**
 * Whether a connection could be served by another process. With `free` it can move at this moment, since it is between
 * two requests. With `busy` it cannot before it has been answered, or has calmed down. A connection with `never` stays where it is.
 */
export type Rest = 'free' | 'busy' | 'never';

/** A connection on which a part of a request has come: of its head, or of its body. */
export interface Receiving {
  readonly socket: Socket;
  readonly part: 'head' | 'body';
  /**
   * When it became known that a body has not come whole, by `performance.now`. Undefined where the request is answered already, and where
   * the server does not know.
   */
  readonly since?: number | undefined;
}

/**
 * The handle of a connection has this key when the connection was served before, by another process or here, and so was
 * admitted. The value is the time when it came, monotonic, ms.
 */
export const MOVED: symbol = Symbol.for('prefork.moved');

/**
 * The handle of a connection has this key when bytes were read from it before it had a socket. They come before all that is read from
 * then on. The code that takes them deletes the key.
 */
export const FIRST_BYTES: unique symbol = Symbol.for('prefork.firstBytes');

/** A socket has this key when its connection is to stay where it is. */
export const PINNED: symbol = Symbol.for('prefork.pinned');

export function pin(socket: object): void {
  Object.defineProperty(socket, PINNED, { value: true, configurable: true });
}

export function isPinned(socket: object): boolean {
  return (socket as Record<symbol, unknown>)[PINNED] === true;
}

export { authenticatesConnection } from '../protocol/authentication.ts';

export const SERVED: symbol = Symbol.for('prefork.server');

export function servedBy(server: object): Served | undefined {
  return (server as Record<symbol, Served | undefined>)[SERVED];
}

/** Makes prefork take `front` for `server`, which serves its connections. */
export function serveInFront(front: Server, server: Server): Server {
  return Object.defineProperty(front, SERVED, { value: servedBy(server) });
}
