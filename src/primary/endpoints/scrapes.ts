import type { MetricsAnswer } from '../../control/controls.ts';

/** A scrape is followed by a rest that is so many times as long. */
const REST_PER_SCRAPE = 2;
const LONGEST_REST_MS = 500;

export interface ScrapesParts {
  /** Reads all metrics now. */
  readonly scrape: (accept: string | undefined) => Promise<MetricsAnswer>;
  /** Two requests of the same kind get the same answer. */
  readonly kindOf: (accept: string | undefined) => unknown;
  /** The monotonic time, ms. */
  readonly now: () => number;
  readonly delay: (ms: number) => Promise<unknown>;
}

/**
 * Answers requests for metrics, one scrape after another. A scrape takes the time of the primary and of each worker, and clients of
 * `--admin` without the token may ask for as many as they like. So the requests that wait share the next scrape, which has not
 * begun yet and shows nothing older than they are. After it there is a rest, so that the primary does nothing but scrape for no one.
 */
export class Scrapes {
  readonly #parts: ScrapesParts;
  /** The scrapes that have not begun, by the kind of the answer. */
  readonly #next = new Map<unknown, Promise<MetricsAnswer>>();
  #last: Promise<unknown> = Promise.resolve();
  #restsUntil = -Infinity;

  constructor(parts: ScrapesParts) {
    this.#parts = parts;
  }

  /** Rejects when the scrape fails. */
  ask(accept: string | undefined): Promise<MetricsAnswer> {
    const kind = this.#parts.kindOf(accept);
    const shared = this.#next.get(kind);
    if (shared !== undefined) return shared;
    const before = this.#last;
    const scrape = this.#after(before, kind, accept);
    this.#next.set(kind, scrape);
    this.#last = scrape.catch(() => {});
    return scrape;
  }

  async #after(before: Promise<unknown>, kind: unknown, accept: string | undefined): Promise<MetricsAnswer> {
    const { scrape, now, delay } = this.#parts;
    await before;
    const rest = this.#restsUntil - now();
    if (rest > 0) await delay(rest);
    this.#next.delete(kind);
    const start = now();
    try {
      return await scrape(accept);
    } finally {
      const end = now();
      this.#restsUntil = end + Math.min(LONGEST_REST_MS, REST_PER_SCRAPE * (end - start));
    }
  }
}
