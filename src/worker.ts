/**
 * `prefork/worker`: what an application can ask of and tell prefork from inside a worker. In a process that is no worker
 * everything here is harmless, so that the same code runs alone.
 *
 * @example
 * import { worker } from 'prefork/worker';
 * await queue.connect();
 * worker.ready();
 */
import { registered } from './worker/registry.ts';

/** The worker that this process is. */
export interface Worker {
  /** Its slot, 0 to workers - 1; undefined in a process that is no worker. */
  readonly slot: number | undefined;
  /** Counts reloads, from 1; undefined in a process that is no worker. */
  readonly generation: number | undefined;
  /**
   * Says that this worker may receive traffic, for applications that never listen; others are ready when their first
   * server listens. `process.send('ready')` does the same.
   */
  ready(): void;
  /**
   * Runs when the primary is gone (killed, for example), before this worker drains and ends by itself. Bounded by the
   * shutdown grace period; an error in it is printed.
   */
  onPrimaryDeath(hook: () => void | Promise<void>): void;
}

export const worker: Worker = {
  get slot() {
    return registered()?.slot;
  },
  get generation() {
    return registered()?.generation;
  },
  ready() {
    registered()?.ready();
  },
  onPrimaryDeath(hook) {
    registered()?.onPrimaryDeath(hook);
  },
};

/** Whether this process is a worker of prefork. fasthttp's `prefork.IsChild()`. */
export function isChild(): boolean {
  return registered() !== undefined;
}
