import { Latencies } from './latencies.ts';
import { lossCauses, type LossCause } from './loss.ts';

/** The outcomes of some requests. */
export interface Counts {
  /** Whole answers that were the right ones. */
  readonly answered: number;
  /** All lost requests. */
  readonly lost: number;
  /** The losses by cause. Every cause is present, with 0 where there was no loss. */
  readonly lostBy: Readonly<Record<LossCause, number>>;
  /** How long answers took, in ms: half of them at most `p50`, 99 % at most `p99`, both exact within 1 %. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The longest time without an answer while the load was on, in ms. */
  readonly longestSilence: number;
}

/** Counts the outcomes of requests, from its creation until `stop`. */
export class Tally {
  readonly #latencies = new Latencies();
  readonly #lostBy = Object.fromEntries(Object.keys(lossCauses).map((cause) => [cause, 0])) as Record<
    LossCause,
    number
  >;
  #answered = 0;
  #lastAnswer = performance.now();
  #longestSilence = 0;
  #isStopped = false;

  get answered(): number {
    return this.#answered;
  }

  /**
   * Counts an answer.
   *
   * @param took the time in ms.
   */
  answer(took: number): void {
    this.#answered++;
    this.#latencies.add(took);
    this.#breakSilence();
  }

  lose(cause: LossCause): void {
    this.#lostBy[cause]++;
  }

  /** Ends the measurement of silence, because no further request is sent. Requests in flight are still counted. */
  stop(): void {
    this.#breakSilence();
    this.#isStopped = true;
  }

  counts(): Counts {
    const silence = this.#isStopped ? 0 : performance.now() - this.#lastAnswer;
    return {
      answered: this.#answered,
      lost: Object.values(this.#lostBy).reduce((sum, count) => sum + count, 0),
      lostBy: { ...this.#lostBy },
      latency: {
        p50: this.#latencies.quantile(0.5),
        p99: this.#latencies.quantile(0.99),
        max: this.#latencies.max,
      },
      longestSilence: Math.max(this.#longestSilence, silence),
    };
  }

  #breakSilence(): void {
    if (this.#isStopped) return;
    const now = performance.now();
    this.#longestSilence = Math.max(this.#longestSilence, now - this.#lastAnswer);
    this.#lastAnswer = now;
  }
}
