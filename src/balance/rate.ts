/** The time over which events are averaged. */
const WINDOW_MS = 1000;

/**
 * Averages events per second with exponential decay. A burst counts with its size, whatever its speed: 64 events at
 * once are 64 in this second. The class is pure, and the caller supplies the time.
 */
export class Rate {
  #rate = 0;
  #at = 0;

  /**
   * Adds events.
   *
   * @returns the present rate per second.
   */
  add(count: number, now: number): number {
    this.#rate = this.perSecond(now) + (count * 1000) / WINDOW_MS;
    this.#at = now;
    return this.#rate;
  }

  perSecond(now: number): number {
    return this.#rate * Math.exp((this.#at - now) / WINDOW_MS);
  }
}
