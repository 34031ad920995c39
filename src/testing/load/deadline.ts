/**
 * A deadline for answers that does not blame the server when the client's own process was busy. A timer that fires late
 * waits for the same time again, and answers that have arrived meanwhile come first. The deadline owns timers, and
 * `close` ends them.
 */
export class Deadline {
  readonly #after: number;
  readonly #expired: () => void;
  readonly #timer: NodeJS.Timeout;
  #due: number;
  #extra: NodeJS.Timeout | undefined;

  /**
   * Starts the deadline.
   *
   * @param after the time in ms.
   */
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

  /**
   * Waits as long as the timer was late. A timer that is started by a timer fires after data that has arrived, however
   * short it is.
   */
  #wait(): void {
    const late = Math.max(performance.now() - this.#due, 0);
    this.#extra = setTimeout(this.#expired, late);
  }
}
