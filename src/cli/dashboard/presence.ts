import { setTimeout as delay } from 'node:timers/promises';
import { findAgain, isRunning, type RunningServer } from '../../control/client.ts';

/** The time between two checks that the server runs. */
const CHECK_PERIOD_MS = 1000;

/** A server that misses this many checks has ended. A service manager would have restarted it by then. */
const MOST_MISSES = 3;

/** Follows a server by its name, through upgrades and restarts. */
export class Presence {
  #server: RunningServer;

  constructor(server: RunningServer) {
    this.#server = server;
  }

  get server(): RunningServer {
    return this.#server;
  }

  /** Settles when the server has ended. Rejects when `signal` aborts the wait. */
  async end(signal: AbortSignal): Promise<void> {
    for (let misses = 0; misses < MOST_MISSES;) {
      await delay(CHECK_PERIOD_MS, undefined, { signal });
      misses = (await this.#isThere()) ? 0 : misses + 1;
    }
  }

  async #isThere(): Promise<boolean> {
    if (await isRunning(this.#server)) return true;
    try {
      this.#server = await findAgain(this.#server);
      return true;
    } catch {
      return false;
    }
  }
}
