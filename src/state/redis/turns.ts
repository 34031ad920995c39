/** Lets work of the same name run one after another. */
export class Turns {
  /** The last work of each name, which may go on. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs the work when what was given before under this name has ended, in whatever way. */
  async take<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(name);
    const own = before === undefined ? work() : before.then(work, work);
    this.#last.set(name, own);
    try {
      return await own;
    } finally {
      if (this.#last.get(name) === own) this.#last.delete(name);
    }
  }
}
