/** How many beats are remembered: a minute of them. */
const BEATS = 240;

/**
 * How late the last beats were. Node's own `monitorEventLoopDelay` is finer, but wakes an idle worker 50 times a second. In each
 * worker that costs 3 to 5 ms of CPU a second at a resolution of 20 ms, and 1.3 at 50 ms (Node 20 and 24). The beats come anyway.
 */
export class Delays {
  readonly #delays = new Float64Array(BEATS);
  #count = 0;

  add(ms: number): void {
    this.#delays[this.#count++ % BEATS] = ms;
  }

  /** @param share 0.99 for the 99th percentile. @returns 0 before the first beat. */
  percentiles<const Shares extends readonly number[]>(shares: Shares): { [Index in keyof Shares]: number } {
    const sorted = this.#delays.subarray(0, Math.min(this.#count, BEATS)).toSorted();
    const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
    return shares.map(at) as { [Index in keyof Shares]: number };
  }
}
