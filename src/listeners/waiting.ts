/** Counts the requests of each worker that wait for their answer. */
export class Waiting {
  readonly #counts = new Map<number, number>();

  of(worker: number): number {
    return this.#counts.get(worker) ?? 0;
  }

  /** Counts a request of the worker until it is answered. */
  async during<Answer>(worker: number, answer: Promise<Answer>): Promise<Answer> {
    this.#counts.set(worker, this.of(worker) + 1);
    try {
      return await answer;
    } finally {
      const left = this.of(worker) - 1;
      if (left > 0) this.#counts.set(worker, left);
      else this.#counts.delete(worker);
    }
  }
}
