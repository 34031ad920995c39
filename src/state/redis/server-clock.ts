import type { Client } from './connection.ts';
import { integerIn, listIn } from './replies.ts';

/** Two clocks drift apart by at most so much: 500 ppm is what NTP allows (RFC 5905, section 7.3, PHI is 15 ppm). */
const DRIFT = 0.0005;

/**
 * What the server's clock says, as far as this process knows.
 *
 * A write that waits in a buffer of the network may reach the server long after its caller was told that it failed. So
 * each write carries the server's time after which it must not be done any more. The server compares, in the script.
 */
export class ServerClock {
  /** The server's ms since 1970, less `performance.now()` here. */
  #offset: number | undefined;
  /** How wrong the offset may be, in ms: half of what the question took. */
  #error = Infinity;
  #readAt = 0;

  /** Asks the server. The most exact answer of late counts. */
  async read(client: Client): Promise<void> {
    const before = performance.now();
    const [seconds, microseconds] = listIn(await client.sendCommand(['TIME']), 2).map(integerIn) as [number, number];
    const after = performance.now();
    const error = (after - before) / 2;
    if (error > this.#error + (after - this.#readAt) * DRIFT) return;
    this.#offset = seconds * 1000 + microseconds / 1000 - (before + after) / 2;
    this.#error = error;
    this.#readAt = after;
  }

  /** Forgets what it knows, because the server's clock was set, or the server is another one. */
  forget(): void {
    this.#offset = undefined;
    this.#error = Infinity;
  }

  /**
   * Returns a moment by the server's clock, in whole ms, not later than it really is; 0 when the clock is not known.
   *
   * @param moment a time of `performance.now()`.
   */
  at(moment: number): number {
    if (this.#offset === undefined) return 0;
    const drift = (performance.now() - this.#readAt) * DRIFT;
    return Math.floor(moment + this.#offset - this.#error - drift);
  }
}
