import { monotonic } from '../../scoreboard/clock.ts';
import { Spread } from '../draining/spread.ts';

/** So many idle connections go one after another, without a pace. */
const MOST_AT_ONCE = 256;

/** With more of them each has so much time, ms. A move takes half of that of CPU, in three processes. */
const TIME_OF_EACH_MS = 0.7;

/** All have so much time at most, ms. Later they go one after another. */
const TIME_OF_ALL_MS = 3500;

/** How often some go, ms. Their messages and their answers go together, and none of the three event loops is kept for much longer than a millisecond. */
const STEP_MS = 8;

/**
 * The pace at which idle connections leave. Thousands that went as fast as they can would take all CPU of the machine for seconds, and
 * clients that ask for something meanwhile would wait. Nothing waits for the end of an idle connection's move.
 *
 * Owns a timer, which keeps no process alive.
 */
export class Pace {
  readonly #step: () => void;
  #spread: Spread | undefined;
  #end = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param step has some go, as many as are due */
  constructor(step: () => void) {
    this.#step = step;
  }

  /** Whether connections wait for the next step, and not for the answer of one that is on its way. */
  get isOn(): boolean {
    return this.#spread !== undefined;
  }

  /**
   * Begins, or begins anew.
   *
   * @param count how many are to go
   * @param since the beginning of all, monotonic, ms
   * @param within the time from then in which they should have gone, ms
   */
  begin(count: number, since: number, within: number): void {
    this.end();
    if (count <= MOST_AT_ONCE) return;
    const now = monotonic();
    this.#end = Math.min(now + count * TIME_OF_EACH_MS, since + Math.min(TIME_OF_ALL_MS, within));
    this.#spread = new Spread(now);
  }

  /**
   * Asks for the next step.
   *
   * @param count how many are left
   * @returns how many of them may go by now. Those that then cannot go are due later, with others
   */
  due(count: number): number {
    const now = monotonic();
    if (now >= this.#end || count === 0) this.end();
    if (this.#spread === undefined) return count;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#step();
    }, STEP_MS).unref();
    return this.#spread.due(count, now, this.#end);
  }

  /** Nothing waits any more. Idempotent. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#spread = undefined;
  }
}
