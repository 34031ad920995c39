/** The time between ticks, unless a timeout asks for less. */
const PERIOD_MS = 500;
const SHORTEST_MS = 10;

/**
 * A clock that stands still between ticks, so that asking it costs nothing. It goes from `start` to `stop`.
 *
 * Owns a timer, which keeps no process alive.
 */
export class Clock {
  now: number = performance.now();
  readonly #period: number;
  readonly #onTick: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param shortest the shortest of the times that are measured by it, ms. */
  constructor(shortest: number, onTick: () => void) {
    this.#period = Math.max(SHORTEST_MS, Math.min(PERIOD_MS, shortest / 4));
    this.#onTick = onTick;
  }

  /** Starts the clock, unless it goes already. */
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
    // This runs after the poll phase: where the event loop was busy for long, the bytes that clients have sent
    // meanwhile are read first.
    setImmediate(() => {
      this.now = performance.now();
      this.#onTick();
    });
  }
}
