import type { Server, Socket } from 'node:net';

/**
 * What prefork's worker asks of a server that is not node:http's, under a key that a server of anyone's may have: counts
 * for the scoreboard, and what a drain needs. Only what is asked to be timed costs a request anything.
 */
export interface Served {
  /** Requests given to a handler. */
  readonly started: number;
  /** Those of them that are answered, or whose connection closed. Each counts once. */
  readonly finished: number;
  /**
   * @param onAnswered hears of each response from now on, and how long after its handler was called it was given, ms.
   *   `alone` is its connection, if no other request was given to a handler meanwhile: then that has kept the event loop, if
   *   it took long, and other connections may be served first. Without it none are
   */
  time?(onAnswered: (status: number, ms: number, alone?: Socket) => void): void;
  /**
   * From now on responses say `Connection: close`; idle connections stay.
   *
   * @param onFree those that could move say nothing, and it hears of each when its request is answered. Without it, in a later
   *   call, they are as all others
   */
  drain(onFree?: (socket: Socket) => void): void;
  /** The connections of this server, whatever they do. Without it none of them moves. */
  sockets?(): Iterable<Socket>;
  /** Whether another process could serve the connection. Without it never. */
  rest?(socket: Socket): Rest;
  /** From now on `onFree` hears of each connection whose request is answered, until it drains or is told otherwise. */
  tellFree?(onFree: ((socket: Socket) => void) | undefined): void;
  /** Connections on which nothing happens, which may be closed. */
  idle(): Iterable<Socket>;
}

/**
 * Whether a connection could be served by another process: `free`, it can at this moment, since it is between two requests; `busy`,
 * not before it has been answered, or has calmed down; `never`.
 */
export type Rest = 'free' | 'busy' | 'never';

/** What the handle of a connection has that was served before, by another process or here: when it came, monotonic, ms. It was admitted then. */
export const MOVED: symbol = Symbol.for('prefork.moved');

/** What a socket has whose connection is to stay where it is. */
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

/** Shows `front` to prefork as what `server` is, which serves its connections. */
export function serveInFront(front: Server, server: Server): Server {
  return Object.defineProperty(front, SERVED, { value: servedBy(server) });
}
