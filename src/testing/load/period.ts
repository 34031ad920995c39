/**
 * The time in which clients ask, and rest between two requests. An AbortSignal would do the same with a listener for each client that
 * rests, and Node 20 takes eleven of those for a leak.
 *
 * Owns the timers of the clients that rest.
 */
export class Period {
  readonly #resting = new Map<NodeJS.Timeout, () => void>();
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Settles after so many ms, or when the period is over. */
  rest(ms: number): Promise<void> {
    if (this.#isOver || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#resting.delete(timer);
        resolve();
      }, ms);
      this.#resting.set(timer, resolve);
    });
  }

  /** Ends the period for all clients. Idempotent. */
  end(): void {
    this.#isOver = true;
    for (const [timer, resolve] of this.#resting) {
      clearTimeout(timer);
      resolve();
    }
    this.#resting.clear();
  }
}
