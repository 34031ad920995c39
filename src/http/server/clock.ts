/** Time between ticks, ms, unless a timeout asks for less. */
const PERIOD = 500;
const SHORTEST = 10;

/**
 * A clock that stands still between ticks, so that asking it costs nothing. It goes while somebody needs it.
 *
 * Owns a timer, which keeps no process alive.
 */
export class Clock {
  now: number = performance.now();
  readonly #period: number;
  readonly #onTick: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param shortest of the times that are measured by it, ms. */
  constructor(shortest: number, onTick: () => void) {
    this.#period = Math.max(SHORTEST, Math.min(PERIOD, shortest / 4));
    this.#onTick = onTick;
  }

  /** Idempotent. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.now = performance.now();
    this.#timer = setInterval(() => this.#tick(), this.#period).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    // After the poll phase: where the event loop was busy for long, what clients have sent meanwhile is read first.
    setImmediate(() => {
      this.now = performance.now();
      this.#onTick();
    });
  }
}
