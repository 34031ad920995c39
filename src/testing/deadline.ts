/**
 * A deadline for answers, which spares a server the blame when it was the client's own process that was busy: once it is
 * due, what has arrived meanwhile is looked at first. Owns a timer; `close` ends it.
 */
export class Deadline {
  readonly #timer: NodeJS.Timeout;
  #armed = 0;

  /** @param after ms. */
  constructor(after: number, expired: () => void) {
    this.#timer = setTimeout(() => {
      const armed = this.#armed;
      // Timers come before arrivals in a turn of the event loop: so the turn after this one knows.
      setImmediate(() => setImmediate(() => armed === this.#armed && expired()));
    }, after);
  }

  restart(): void {
    this.#armed++;
    this.#timer.refresh();
  }

  close(): void {
    this.#armed++;
    clearTimeout(this.#timer);
  }
}
