/**
 * A token bucket, as in traffic shapers (tc-tbf(8)): it allows so many actions a second on average, and saves up unused
 * ones. It is full at first. The class is pure, and the caller supplies the time in ms.
 */
export class TokenBucket {
  readonly #capacity: number;
  readonly #perSecond: number;
  #tokens: number;
  #at = 0;

  constructor(capacity: number, perSecond: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
    this.#tokens = capacity;
  }

  /**
   * Spends a token. The bucket never refuses and has no debts, because the caller may have other reasons to spend more.
   */
  take(now: number): void {
    this.#tokens = Math.max(0, this.#left(now) - 1);
    this.#at = now;
  }

  /** Returns how full the bucket is, from 0 to 1. */
  level(now: number): number {
    return this.#left(now) / this.#capacity;
  }

  #left(now: number): number {
    return Math.min(this.#capacity, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond);
  }
}
