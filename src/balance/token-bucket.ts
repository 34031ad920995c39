/**
 * What one may do so many times a second on average, and save up for: a token bucket, as of traffic shapers (tc-tbf(8)). Full
 * to begin with. Pure; the clock is the caller's, in ms.
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

  /** One is spent. Never refused, and there are no debts: who counts on it may have other reasons to spend more. */
  take(now: number): void {
    this.#tokens = Math.max(0, this.#left(now) - 1);
    this.#at = now;
  }

  /** How full it is, from 0 to 1. */
  level(now: number): number {
    return this.#left(now) / this.#capacity;
  }

  #left(now: number): number {
    return Math.min(this.#capacity, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond);
  }
}
