/**
 * `prefork/worker`: what an application can ask of and tell prefork from inside a worker. In a process that is no worker
 * everything here is harmless, so that the same code runs alone.
 *
 * @example
 * import { worker } from 'prefork/worker';
 * await queue.connect();
 * worker.ready();
 * worker.onDrain(() => queue.stopAfterThisJob());
 */
import type { Socket } from 'node:net';
import { pin } from './http/server/served.ts';
import { registered, type MetricsRegistry } from './worker/registry.ts';

/** The worker that this process is. */
export interface Worker {
  /** Its slot, 0 to workers - 1; undefined in a spare until it takes one over, and in a process that is no worker. */
  readonly slot: number | undefined;
  /** Counts reloads, from 1; undefined in a process that is no worker. */
  readonly generation: number | undefined;
  /**
   * True from the moment it begins to drain: for a readiness route of the application's own, which should then answer 503.
   * False in a process that is no worker.
   */
  readonly isDraining: boolean;
  /**
   * Runs once the slot is known: at once, or in a spare when it takes a slot over. Never in a process that is no worker,
   * such as the primary of a program that uses the library. An error in it is printed.
   *
   * @example
   * worker.onSlot((slot) => {
   *   if (slot === 0) startCron();
   * });
   */
  onSlot(hook: (slot: number) => void | Promise<void>): void;
  /**
   * Runs when the worker begins to drain: because of a reload, a stop, a smaller number of workers, or a primary that is
   * gone. It accepts no connections any more, and is about to end. For what prefork cannot end by itself without breaking
   * it: WebSockets, event streams, jobs. Plain requests need nothing.
   *
   * The drain is not over before the promise settles that it returns; its deadline holds all the same
   * (`shutdownGracePeriod` at a stop). Functions run side by side, and one that is added during the drain runs at once. An
   * error in one is printed. Never runs in a process that is no worker.
   *
   * @example
   * // WebSockets of `ws`: 1001 is "going away", upon which clients connect again. A few at a time, so that those who serve
   * // meanwhile do not get them all at once.
   * worker.onDrain(async () => {
   *   for (const socket of webSocketServer.clients) {
   *     socket.close(1001);
   *     await setTimeout(5); // of node:timers/promises
   *   }
   * });
   */
  onDrain(hook: () => void | Promise<void>): void;
  /**
   * Adds a registry of prom-client to what the server's `/metrics` answers, where the values of all workers are made one:
   * added up, or as each metric's `aggregator` says. prom-client's own `register` is there by itself, unless its code was
   * bundled with the application; once this is called, only the registries that were given are. Does nothing in a process
   * that is no worker, nor for a prefork before this existed.
   *
   * @example
   * const registry = new Registry();
   * worker.metrics(registry);
   */
  metrics(registry: MetricsRegistry): void;
  /**
   * Says that this worker may receive traffic, for applications that never listen, and with `--ready message` for all. Others
   * are ready when they listen wherever the worker before them did. `process.send('ready')` does the same.
   */
  ready(): void;
  /**
   * Runs when the primary is gone (killed, for example), before this worker drains and ends by itself. Bounded by the
   * shutdown grace period; an error in it is printed.
   */
  onPrimaryDeath(hook: () => void | Promise<void>): void;
  /**
   * Keeps the connection of a request in this worker for good, because the application has something by it that the next worker would not
   * know: a session of the connection's, say. Without it a plain HTTP/1 connection may go on in another worker between two
   * requests, where it is a new socket. A worker that leaves tells the client of a pinned one `Connection: close`. It also
   * holds outside of prefork, where nothing moves.
   *
   * @example
   * server.on('connection', (socket) => {
   *   sessions.set(socket, new Session());
   *   worker.pin(socket);
   * });
   */
  pin(socket: Socket): void;
}

export const worker: Worker = {
  get slot() {
    return registered()?.slot;
  },
  get generation() {
    return registered()?.generation;
  },
  get isDraining() {
    return registered()?.isDraining ?? false;
  },
  onSlot(hook) {
    registered()?.onSlot(hook);
  },
  onDrain(hook) {
    registered()?.onDrain(hook);
  },
  metrics(registry) {
    registered()?.metrics(registry);
  },
  ready() {
    registered()?.ready();
  },
  onPrimaryDeath(hook) {
    registered()?.onPrimaryDeath(hook);
  },
  pin,
};

/** Whether this process is a worker of prefork. fasthttp's `prefork.IsChild()`. */
export function isChild(): boolean {
  return registered() !== undefined;
}
