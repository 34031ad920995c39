/** The factor by which each bucket is wider than the one before. A result is off by at most half of that. */
const GROWTH = 1.02;
/** The first bucket, because no answer is faster. */
const LEAST_MS = 0.01;
/** The buckets reach up to some 600 s. */
const BUCKETS = Math.ceil(Math.log(600_000 / LEAST_MS) / Math.log(GROWTH));

/** A histogram of latencies, so that a million of them take no more memory than one. */
export class Latencies {
  readonly #buckets = new Uint32Array(BUCKETS);
  #count = 0;
  #max = 0;

  add(ms: number): void {
    const bucket = Math.floor(Math.log(Math.max(ms, LEAST_MS) / LEAST_MS) / Math.log(GROWTH));
    this.#buckets[Math.min(bucket, BUCKETS - 1)]!++;
    this.#count++;
    this.#max = Math.max(this.#max, ms);
  }

  /** The exact maximum in ms. */
  get max(): number {
    return this.#max;
  }

  /**
   * Returns a quantile in ms, exact within 1 %; 0 while there are no answers.
   *
   * @param share 0.99 for the time within which 99 % were answered.
   */
  quantile(share: number): number {
    let left = Math.ceil(this.#count * share);
    if (left === 0) return 0;
    const bucket = this.#buckets.findIndex((count) => (left -= count) <= 0);
    return Math.min(LEAST_MS * GROWTH ** (bucket + 0.5), this.#max);
  }
}
