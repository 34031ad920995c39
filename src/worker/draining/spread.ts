/** A sum of fractions that should be 1 may be a bit less. */
const ROUNDING = 1e-9;

/**
 * Paces what is to be done within a time, for a caller that comes by every now and then. When a quarter of the time left has
 * gone since the last call, a quarter of what is left is due. How much there is may change meanwhile.
 */
export class Spread {
  #last: number;
  /** The part that was due and is less than one. */
  #owed = 0;

  constructor(now: number) {
    this.#last = now;
  }

  /**
   * @param count how many are left
   * @param end when none should be
   * @returns how many of them to do now
   */
  due(count: number, now: number, end: number): number {
    const left = end - this.#last;
    const elapsed = now - this.#last;
    this.#last = now;
    if (now >= end) return count;
    this.#owed += ((count - this.#owed) * elapsed) / left;
    const whole = Math.min(count, Math.floor(this.#owed + ROUNDING));
    this.#owed = Math.max(0, this.#owed - whole);
    return whole;
  }
}
