/** The longest time that a timer takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const open = new Set<KeepAlive>();
let areLetGo = false;

/**
 * Keeps the process alive in place of a listening socket that is no longer there, as node:cluster's stand-in handles do. A
 * plain server that the application has not closed would keep it alive too. Owns a timer; `close` ends it.
 */
export class KeepAlive {
  readonly #timer: NodeJS.Timeout = setInterval(() => {}, LONGEST_TIMER_MS);

  constructor() {
    open.add(this);
    if (areLetGo) this.unref();
  }

  ref(): void {
    if (!areLetGo) this.#timer.ref();
  }

  unref(): void {
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    open.delete(this);
  }

  /**
   * From now on none of these objects keeps the process alive: the worker was told to end, and serves nothing any more. A plain
   * process with a listener to SIGTERM that does not exit (OpenTelemetry's, for one) would live until its server closes.
   * Here that server has nothing to close.
   */
  static letGo(): void {
    areLetGo = true;
    for (const one of open) one.unref();
  }
}
