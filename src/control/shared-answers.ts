/** An answer is followed by a rest that is so many times as long as it took. */
const REST_PER_ANSWER = 2;
const LONGEST_REST_MS = 500;

export interface SharedAnswersParts {
  /** How long a rest is at least, ms. @default 0 */
  readonly leastRest?: number;
  /** The monotonic time, ms. */
  readonly now: () => number;
  readonly delay: (ms: number) => Promise<unknown>;
}

/**
 * Makes answers that cost the primary time, one after another. Clients of `--admin` without the token may ask for as many as they like.
 * So the requests of a kind that wait share the next answer, which has not been begun yet and shows nothing older than they are. After
 * it there is a rest, so that no client can keep the primary busy with answers alone.
 */
export class SharedAnswers<Kind, Answer> {
  readonly #parts: SharedAnswersParts;
  /** The answers that have not been begun. */
  readonly #next = new Map<Kind, Promise<Answer>>();
  #last: Promise<unknown> = Promise.resolve();
  #restsUntil = -Infinity;

  constructor(parts: SharedAnswersParts) {
    this.#parts = parts;
  }

  /** @returns an answer that `make`, or that of another request of the same kind, makes. Rejects when that fails */
  ask(kind: Kind, make: () => Answer | Promise<Answer>): Promise<Answer> {
    const shared = this.#next.get(kind);
    if (shared !== undefined) return shared;
    const before = this.#last;
    const answer = this.#after(before, kind, make);
    this.#next.set(kind, answer);
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #after(before: Promise<unknown>, kind: Kind, make: () => Answer | Promise<Answer>): Promise<Answer> {
    const { now, delay, leastRest = 0 } = this.#parts;
    await before;
    const rest = this.#restsUntil - now();
    if (rest > 0) await delay(rest);
    this.#next.delete(kind);
    const start = now();
    try {
      return await make();
    } finally {
      const end = now();
      this.#restsUntil = end + Math.max(leastRest, Math.min(LONGEST_REST_MS, REST_PER_ANSWER * (end - start)));
    }
  }
}
