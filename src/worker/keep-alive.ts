/** The longest that a timer takes, ms. */
const FOREVER = 2 ** 31 - 1;

/**
 * Keeps the process alive in place of a listening socket that is no longer there, as node:cluster's stand-in handles do:
 * a server that the application has not closed would do so. Owns a timer; `close` ends it.
 */
export class KeepAlive {
  readonly #timer: NodeJS.Timeout = setInterval(() => {}, FOREVER);

  ref(): void {
    this.#timer.ref();
  }

  unref(): void {
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
