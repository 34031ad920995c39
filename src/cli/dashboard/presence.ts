import { setTimeout as delay } from 'node:timers/promises';
import { findAgain, isRunning, type RunningServer } from '../../control/client.ts';

/** Between two looks whether the server runs, ms. */
const PERIOD = 1000;

/** One that is not there so many times has ended: what restarts it has had its time. */
const MOST_MISSES = 3;

/** A server by its name, however often it is upgraded or restarted. */
export class Presence {
  #server: RunningServer;

  constructor(server: RunningServer) {
    this.#server = server;
  }

  get server(): RunningServer {
    return this.#server;
  }

  /** Settles when the server has ended; rejects when it is not to be waited for any more. */
  async end(signal: AbortSignal): Promise<void> {
    for (let misses = 0; misses < MOST_MISSES;) {
      await delay(PERIOD, undefined, { signal });
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
