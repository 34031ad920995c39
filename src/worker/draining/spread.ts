/** A sum of fractions that should be 1 may be a bit less. */
const ROUNDING = 1e-9;

/**
 * Paces what is to be done within a time, bit by bit, by someone who comes by every now and then: of n things left and a
 * quarter of the time gone, a quarter. How many there are may change meanwhile.
 */
export class Spread {
  #last: number;
  /** What was due and less than one. */
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
