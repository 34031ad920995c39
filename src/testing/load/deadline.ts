/**
 * A deadline for answers, which spares a server the blame when it was the client's own process that was busy: where it comes
 * late, it waits for as long again, and what has arrived meanwhile is looked at first. Owns timers; `close` ends them.
 */
export class Deadline {
  readonly #after: number;
  readonly #expired: () => void;
  readonly #timer: NodeJS.Timeout;
  #due: number;
  #extra: NodeJS.Timeout | undefined;

  /** @param after ms. */
  constructor(after: number, expired: () => void) {
    this.#after = after;
    this.#expired = expired;
    this.#due = performance.now() + after;
    this.#timer = setTimeout(() => this.#wait(), after);
  }

  restart(): void {
    clearTimeout(this.#extra);
    this.#due = performance.now() + this.#after;
    this.#timer.refresh();
  }

  close(): void {
    clearTimeout(this.#extra);
    clearTimeout(this.#timer);
  }

  /** A timer that is made by a timer comes after what has arrived, however short it is. */
  #wait(): void {
    const late = Math.max(performance.now() - this.#due, 0);
    this.#extra = setTimeout(this.#expired, late);
  }
}
