import type { Tolerance } from './tolerance.ts';

export interface PublishedLoadParts {
  readonly tolerance: Tolerance;
  /** All connections of this worker, as its row counts them. Those that wait here or are about to be served count too. */
  readonly open: () => number;
  readonly vitals: { readonly published: number; publish(): void };
}

/** What the others know of this worker's connections. They learn it from its row, and each write of that costs 1 to 2 µs. */
export class PublishedLoad {
  readonly #parts: PublishedLoadParts;
  #isTelling = false;

  constructor(parts: PublishedLoadParts) {
    this.#parts = parts;
  }

  /** Writes the row, only when it is less exact than decisions are. */
  publish(): void {
    if (this.#drift(0) >= this.#leastDrift) this.#parts.vitals.publish();
  }

  /**
   * Hears that a connection is about to end. Ends are told as soon as beginnings are, and once for all that end together. When a
   * pool of connections ends and comes back, a worker that still seemed to have the old ones would get none of the new.
   */
  readonly ending = (): void => {
    if (this.#isTelling || this.#drift(-1) < this.#leastDrift) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      this.publish();
    });
  };

  /** How far the load that the others know will be from the truth after a change. */
  #drift(change: number): number {
    const { open, vitals } = this.#parts;
    return Math.abs(open() + change - vitals.published);
  }

  get #leastDrift(): number {
    return Math.max(1, this.#parts.tolerance.drift);
  }
}
