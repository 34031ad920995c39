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
  /** From now on responses say `Connection: close`; idle connections stay. */
  drain(): void;
  /** So many of the next responses say it, and are the last of their connections. */
  dismiss?(connections: number): void;
  /** How many of those have not been sent. */
  readonly undismissed?: number;
  /** Connections on which nothing happens, which may be closed. */
  idle(): Iterable<Socket>;
}

export const SERVED: symbol = Symbol.for('prefork.server');

export function servedBy(server: object): Served | undefined {
  return (server as Record<symbol, Served | undefined>)[SERVED];
}

/** Shows `front` to prefork as what `server` is, which serves its connections. */
export function serveInFront(front: Server, server: Server): Server {
  return Object.defineProperty(front, SERVED, { value: servedBy(server) });
}
