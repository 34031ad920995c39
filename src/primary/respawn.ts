/** When the worker of a slot that ended unasked is replaced, and when prefork gives up. Pure. */

/** A worker that served at least this long ends any streak of crashes, ms. */
export const STABLE_AFTER = 1000;

/** The backoff grows to at most this, ms: a dependency that is back is found within it. */
export const LONGEST_BACKOFF = 30_000;

/**
 * How many times in a row, this one included, the slot's worker has ended without having served for `STABLE_AFTER`.
 * 0: this one did well, and its end is an accident, not a loop.
 *
 * @param uptime ms that it served; undefined when it never did.
 */
export function crashStreak(before: number, uptime: number | undefined): number {
  return uptime !== undefined && uptime >= STABLE_AFTER ? 0 : before + 1;
}

/** A worker that accepted for so long has served, ms. */
export const HAS_SERVED_AFTER = 250;

/**
 * Whether the slot's next worker is forked without any backoff: nobody else serves, and the last one did before it
 * crashed. Many restarts are bad; answering nobody for the length of a backoff is worse.
 */
export function isNeededAtOnce(uptime: number | undefined, others: number): boolean {
  return others === 0 && uptime !== undefined && uptime >= HAS_SERVED_AFTER;
}

/**
 * How long the slot waits for its next worker, ms: not at all after the first crash, then `interval`, doubling while it
 * keeps crashing.
 */
export function backoff(streak: number, interval: number): number {
  if (streak <= 1) return 0;
  return Math.min(interval * 2 ** (streak - 2), LONGEST_BACKOFF);
}

/** The times of the exits that still count, this one included. */
export function exitsWithin(exits: readonly number[], at: number, window: number): number[] {
  return [...exits.filter((time) => at - time < window), at];
}

/** fasthttp's RecoverThreshold: so many exits are recovered from, one more is not. 0 is no limit. */
export function isOverThreshold(exits: readonly number[], threshold: number): boolean {
  return threshold > 0 && exits.length > threshold;
}
