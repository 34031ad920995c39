/** Longest wait for anything in a test: far more than it takes, so that only what never comes is missed. */
export const DEADLINE = 20_000;

interface Waiter {
  readonly check: () => boolean;
  readonly giveUp: (reason: string) => void;
}

/** Something that changes, and tests that wait until it has changed enough. No polling: who changes it says so. */
export class Watched {
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
   * @param what it is, for the error when it does not come within `DEADLINE`.
   */
  until<Found>(find: () => Found | undefined, what: string): Promise<Found> {
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
        reject(new Error(`waited for ${what}, but ${reason}`));
      };
      const timer = setTimeout(giveUp, DEADLINE, `it did not come within ${DEADLINE / 1000} s`);
      const waiter = { check, giveUp };
      if (check()) return;
      if (this.#over === undefined) this.#waiters.add(waiter);
      else giveUp(this.#over);
    });
  }
}

/** For what nobody announces, such as the end of a process that is not our child. */
export async function poll<Found>(
  find: () => Found | undefined | Promise<Found | undefined>,
  what: string,
  deadline = DEADLINE,
): Promise<Found> {
  const end = performance.now() + deadline;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited for ${what}, but it did not come within ${deadline} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
