interface Waiter {
  readonly check: () => boolean;
  readonly giveUp: (reason: string) => void;
}

/** Something that changes, and those who wait until it has changed enough. No polling: who changes it says so. */
export class Changes {
  readonly #waiters = new Set<Waiter>();
  #over: string | undefined;

  /** It has changed: look again. */
  changed(): void {
    for (const waiter of this.#waiters) if (waiter.check()) this.#waiters.delete(waiter);
  }

  /** It will not change any more: whoever still waits does so in vain. */
  over(reason: string): void {
    this.#over = reason;
    this.changed();
    for (const { giveUp } of this.#waiters) giveUp(reason);
    this.#waiters.clear();
  }

  /**
   * @param find looks for what is waited for.
   * @param what it is, for the error when it does not come within `deadline` ms.
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
