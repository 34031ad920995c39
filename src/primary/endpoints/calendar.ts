/** How far the calendar's clock may be from what it was, ms, before it is believed to have been set. */
const TOLERANCE = 1000;

/**
 * Tells the time of day at a monotonic moment. Asked again, it says the same of the same moment: the two clocks tick apart,
 * and whoever watches the start of a server would see it change by a millisecond now and then. Only when the calendar's clock
 * is set, as it is soon after the boot of a machine, everything moves with it.
 */
export class Calendar {
  /** ms since the Unix epoch at the monotonic 0. */
  #origin: number | undefined;

  /** @param time of the calendar at the monotonic `now`, ms. @returns the same, without the jitter. */
  at(now: number, time: number): number {
    const origin = time - now;
    if (this.#origin === undefined || Math.abs(origin - this.#origin) > TOLERANCE) this.#origin = origin;
    return this.#origin + now;
  }
}
