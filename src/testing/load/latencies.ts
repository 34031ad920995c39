/** Each bucket is so much wider than the one before it: what is read out is off by at most half of that. */
const GROWTH = 1.02;
/** The first bucket, ms: nothing is answered faster than that. */
const LEAST = 0.01;
/** Up to some 600 s. */
const BUCKETS = Math.ceil(Math.log(600_000 / LEAST) / Math.log(GROWTH));

/** How long answers took: a histogram, so that a million of them take no more memory than one. */
export class Latencies {
  readonly #buckets = new Uint32Array(BUCKETS);
  #count = 0;
  #max = 0;

  add(ms: number): void {
    const bucket = Math.floor(Math.log(Math.max(ms, LEAST) / LEAST) / Math.log(GROWTH));
    this.#buckets[Math.min(bucket, BUCKETS - 1)]!++;
    this.#count++;
    this.#max = Math.max(this.#max, ms);
  }

  /** Exact, ms. */
  get max(): number {
    return this.#max;
  }

  /**
   * ms, within 1 %; 0 while there is none.
   *
   * @param share 0.99 for the time within which 99 % were answered.
   */
  quantile(share: number): number {
    let left = Math.ceil(this.#count * share);
    if (left === 0) return 0;
    const bucket = this.#buckets.findIndex((count) => (left -= count) <= 0);
    return Math.min(LEAST * GROWTH ** (bucket + 0.5), this.#max);
  }
}
