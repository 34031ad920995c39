export interface Patience {
  /** How long to wait for the turn, by `performance.now()`. */
  readonly until: number;
  /** Makes the error of one whose turn has not come by then. It has left the queue. */
  readonly late: () => Error;
}

/**
 * Lets work of the same name run one after another, in the order in which it came. Those who want the same thing of the
 * store do not overtake each other then, nor all ask for it at once.
 */
export class Turns {
  /** Those who wait for each name that is being worked under: each is called when its turn comes. */
  readonly #queues = new Map<string, Set<() => void>>();

  /** Runs the work when what was given before under this name has ended, in whatever way. */
  async take<Result>(name: string, patience: Patience, work: () => Promise<Result>): Promise<Result> {
    const queue = this.#queues.get(name);
    if (queue === undefined) this.#queues.set(name, new Set());
    else await turnIn(queue, patience);
    try {
      return await work();
    } finally {
      this.#next(name);
    }
  }

  /** Lets the next one come. The event loop turns before that, so a long queue does not hold up what else there is to do. */
  #next(name: string): void {
    if (this.#isOver(name)) return;
    setImmediate(() => {
      if (this.#isOver(name)) return;
      const [first] = this.#queues.get(name)!;
      first!();
    });
  }

  /** Tells whether no one waits, and forgets the name then. */
  #isOver(name: string): boolean {
    return (this.#queues.get(name)?.size ?? 0) === 0 && this.#queues.delete(name);
  }
}

function turnIn(queue: Set<() => void>, { until, late }: Patience): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      clearTimeout(timer);
      queue.delete(come);
    };
    const come = (): void => {
      leave();
      resolve();
    };
    const timer = setTimeout(
      () => {
        leave();
        reject(late());
      },
      Math.max(0, until - performance.now()),
    );
    queue.add(come);
  });
}
