import { formatAddress } from '../../listeners/address.ts';
import type { Post } from '../../listeners/listener-set.ts';
import type { Log } from '../telemetry/log.ts';

/** The time for which the same address is not logged again: workers that start side by side ask side by side. */
const QUIET_MS = 1000;

/** The number of addresses that are logged in this time. A worker may ask for as many as it likes. */
const MOST_TOLD = 100;

/**
 * Logs which address could not be had. An application may take that error and go on, without a word and without a
 * server. (Express 5 gives it to the function that it calls when it listens.) Nothing else would tell then.
 */
export class Denials {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #toldAt = new Map<string, number>();

  /** @param now the monotonic time, ms. */
  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** Observes the messages to workers on their way. */
  observe(post: Post): Post {
    return (worker, message, handle) => {
      if (message.type === 'denied') this.#tell(formatAddress(message), message.errno);
      post(worker, message, handle);
    };
  }

  #tell(address: string, errno: number): void {
    const now = this.#now();
    if (now - (this.#toldAt.get(address) ?? -Infinity) < QUIET_MS) return;
    // The oldest come first, as each is set anew when it is told of.
    this.#toldAt.delete(address);
    for (const [other, at] of this.#toldAt) {
      if (now - at < QUIET_MS) break;
      this.#toldAt.delete(other);
    }
    if (this.#toldAt.size >= MOST_TOLD) return;
    this.#toldAt.set(address, now);
    // Few servers need this, and `node:util` is not small.
    const { getSystemErrorMap } = process.getBuiltinModule('node:util');
    const [code, why] = getSystemErrorMap().get(errno) ?? [`${errno}`, 'unknown error'];
    this.#log('not listening', { address, code, why });
  }
}
