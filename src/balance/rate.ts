/** Over which events are averaged, ms. */
const WINDOW = 1000;

/**
 * Events per second, as an average that forgets exponentially. A burst counts with its size, whatever its speed: 64 at once
 * are 64 in this second. Pure; the clock is the caller's.
 */
export class Rate {
  #rate = 0;
  #at = 0;

  /** @returns what it is per second now. */
  add(count: number, now: number): number {
    this.#rate = this.perSecond(now) + (count * 1000) / WINDOW;
    this.#at = now;
    return this.#rate;
  }

  perSecond(now: number): number {
    return this.#rate * Math.exp((this.#at - now) / WINDOW);
  }
}
