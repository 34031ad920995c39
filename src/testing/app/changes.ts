interface Waiter {
  readonly check: () => boolean;
  readonly giveUp: (reason: string) => void;
}

/**
 * Something that changes, and callers that wait for a certain change. The object does not poll: the code that changes
 * the thing calls `changed`.
 */
export class Changes {
  readonly #waiters = new Set<Waiter>();
  #over: string | undefined;

  /** Announces a change, so that the callers check again. */
  changed(): void {
    for (const waiter of this.#waiters) if (waiter.check()) this.#waiters.delete(waiter);
  }

  /** Announces that there will be no more changes. Callers that still wait get an error. */
  over(reason: string): void {
    this.#over = reason;
    this.changed();
    for (const { giveUp } of this.#waiters) giveUp(reason);
    this.#waiters.clear();
  }

  /**
   * Waits until `find` returns a value.
   *
   * @param find looks for the value.
   * @param what names it in the error when it does not come within `deadline` ms.
   */
  until<Found>(find: () => Found | undefined, what: () => string, deadline: number): Promise<Found> {
    return new Promise((resolve, reject) => {
      const check = (): boolean => {
        const found = find();
        if (found === undefined) return false;
        clearTimeout(timer);
        resolve(found);
        return true;
      };
      const giveUp = (reason: string): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        reject(new Error(`waited for ${what()}, but ${reason}`));
      };
      const timer = setTimeout(giveUp, deadline, `it did not come within ${deadline / 1000} s`);
      const waiter = { check, giveUp };
      if (check()) return;
      if (this.#over === undefined) this.#waiters.add(waiter);
      else giveUp(this.#over);
    });
  }
}
