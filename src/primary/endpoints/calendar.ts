/** The difference of the calendar's clock to its earlier value from which the clock is believed to have been set. */
const TOLERANCE_MS = 1000;

/**
 * Tells the time of day at a monotonic moment. Asked again, it gives the same answer for the same moment. Without it, a
 * client that watches the start of a server would see it change by a millisecond now and then, because the two clocks
 * tick apart. All answers move only when the calendar's clock is set, as it is soon after the boot of a machine.
 */
export class Calendar {
  /** The time of the calendar at the monotonic 0, ms since the Unix epoch. */
  #origin: number | undefined;

  /**
   * @param now the monotonic time, ms.
   * @param time the time of the calendar at `now`, ms.
   * @returns the time of the calendar, without the jitter.
   */
  at(now: number, time: number): number {
    const origin = time - now;
    if (this.#origin === undefined || Math.abs(origin - this.#origin) > TOLERANCE_MS) this.#origin = origin;
    return this.#origin + now;
  }
}
