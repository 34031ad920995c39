/**
 * `prefork/worker` lets an application ask and tell prefork from inside a worker. In a process that is not a worker
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
import { registered, type HealthHook, type MetricsRegistry } from './worker/registry.ts';

/** The worker that this process is. */
export interface Worker {
  /**
   * The slot, 0 to workers - 1; undefined in a spare until it takes one over, and in a process that is not a worker.
   */
  readonly slot: number | undefined;
  /** The generation, which counts reloads from 1; undefined in a process that is not a worker. */
  readonly generation: number | undefined;
  /**
   * True from the moment the worker begins to drain. A readiness route of the application should then answer 503. The
   * value is false in a process that is not a worker.
   */
  readonly isDraining: boolean;
  /**
   * True from the moment the server begins to stop: with `--drain-delay`, long before the worker drains. Until then it still
   * accepts and serves, and its answers say `Connection: close`, so that balancers and clients go elsewhere. A health route of the
   * application should answer 503 from then on. The value is false in a process that is not a worker, and in a worker that leaves
   * while the server goes on.
   */
  readonly isStopping: boolean;
  /**
   * Adds a hook that runs once the slot is known: at once, or in a spare when it takes over a slot. It never runs in a
   * process that is not a worker, such as the primary of a program that uses the library. An error in it is printed.
   *
   * @example
   * worker.onSlot((slot) => {
   *   if (slot === 0) startCron();
   * });
   */
  onSlot(hook: (slot: number) => void | Promise<void>): void;
  /**
   * Adds a hook that runs when the worker begins to drain: because of a reload, a stop, a smaller number of workers, or
   * a primary that is gone. The worker accepts no connections any more, and is about to end. The hook is for work that
   * prefork cannot end without breaking it: WebSockets, event streams, jobs. Plain requests need none.
   *
   * The drain waits for the promise that the hook returns, but no longer than its deadline (`shutdownGracePeriod` at a
   * stop). Hooks run side by side, and one that is added during the drain runs at once. An error in one is printed. A
   * hook never runs in a process that is not a worker.
   *
   * @example
   * // WebSockets of `ws`: clients connect again upon 1001, "going away". Closing a few at a time keeps the other workers from
   * // getting them all at once.
   * worker.onDrain(async () => {
   *   for (const socket of webSocketServer.clients) {
   *     socket.close(1001);
   *     await setTimeout(5); // of node:timers/promises
   *   }
   * });
   */
  onDrain(hook: () => void | Promise<void>): void;
  /**
   * Adds a hook that runs when the server begins to stop: see {@link isStopping}. With `--drain-delay` there is that much time before
   * `onDrain`. It is not waited for. The hook runs at once when the server stops already. An error in it is printed. It never runs in
   * a process that is not a worker, or under an older prefork.
   *
   * @example
   * worker.onStopping(() => registry.deregister(myAddress));
   */
  onStopping(hook: () => void | Promise<void>): void;
  /**
   * Adds a prom-client registry to the server's `/metrics`. The values of all workers are combined: added up, or as each
   * metric's `aggregator` says. prom-client's own `register` is there by default, unless its code was
   * bundled with the application. After a call of this method, only registries that were added count. The method does
   * nothing in a process that is not a worker, or under an older prefork.
   *
   * @example
   * const registry = new Registry();
   * worker.metrics(registry);
   */
  metrics(registry: MetricsRegistry): void;
  /**
   * Adds a function that says whether this worker is well. It runs once a second while a canary is watched (`prefork reload --canary`),
   * in the workers of both generations. A release whose workers say that they are not well, while those of the old one are, is taken
   * back. `false`, `{ ok: false, reason }` and an error say so, and so does a promise that takes longer than 2 s. With
   * several functions all have to say that it is well. The method does nothing in a process that is not a worker, or under an older prefork.
   *
   * @example
   * worker.health(() => ({ ok: queue.failedLately < 10, reason: `${queue.failedLately} jobs failed` }));
   */
  health(hook: HealthHook): void;
  /**
   * Declares that this worker may receive traffic. Applications that never listen call it, and with `--ready message`
   * all do. Other applications are ready when they listen wherever the worker before them did. `process.send('ready')`
   * does the same.
   */
  ready(): void;
  /**
   * Adds a hook that runs when the primary is gone (killed, for example), before this worker drains and ends by itself.
   * The worker is killed when the hook and the drain together take longer than the shutdown grace period. An error in the hook is printed.
   */
  onPrimaryDeath(hook: () => void | Promise<void>): void;
  /**
   * Keeps a connection in this worker for good. Call it when the application associates data with the connection that another
   * worker would not have, such as a session. A plain HTTP/1 connection that is not pinned may continue in another worker
   * between two requests, where it is a new socket. When the worker leaves, the client of a pinned connection gets
   * `Connection: close`. The method may also be called outside of prefork, where no connection moves.
   *
   * @example
   * const sessions = new WeakMap();
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
  get isStopping() {
    return registered()?.isStopping ?? false;
  },
  onSlot(hook) {
    registered()?.onSlot(hook);
  },
  onDrain(hook) {
    registered()?.onDrain(hook);
  },
  onStopping(hook) {
    registered()?.onStopping?.(hook);
  },
  metrics(registry) {
    registered()?.metrics(registry);
  },
  health(hook) {
    registered()?.health?.(hook);
  },
  ready() {
    registered()?.ready();
  },
  onPrimaryDeath(hook) {
    registered()?.onPrimaryDeath(hook);
  },
  pin,
};

/** Tells whether this process is a worker of prefork. This is fasthttp's `prefork.IsChild()`. */
export function isChild(): boolean {
  return registered() !== undefined;
}
