import { formatAddress } from '../../listeners/address.ts';
import type { Post } from '../../listeners/listener-set.ts';
import type { Log } from '../telemetry/log.ts';

/** Workers that start side by side ask side by side: an address is spoken of once in so long, ms. */
const QUIET_MS = 1000;

/**
 * Says which address could not be had. An application may take that error and go on, without a word and without a server
 * (Express 5 gives it to the function that it calls when it listens), and then nothing else would tell.
 */
export class Denials {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #toldAt = new Map<string, number>();

  /** @param now monotonic, ms. */
  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** What workers are told, on its way. */
  observe(post: Post): Post {
    return (worker, message, handle) => {
      if (message.type === 'denied') this.#tell(formatAddress(message), message.errno);
      post(worker, message, handle);
    };
  }

  #tell(address: string, errno: number): void {
    const now = this.#now();
    if (now - (this.#toldAt.get(address) ?? -Infinity) < QUIET_MS) return;
    this.#toldAt.set(address, now);
    // Needed by few servers, and `node:util` is not small.
    const { getSystemErrorMap } = process.getBuiltinModule('node:util');
    const [code, why] = getSystemErrorMap().get(errno) ?? [`${errno}`, 'unknown error'];
    this.#log('not listening', { address, code, why });
  }
}
