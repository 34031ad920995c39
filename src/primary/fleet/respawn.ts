/** When the worker of a slot that ended unasked is replaced, and when prefork gives up. Pure. */
import type { CrashLoop } from './fleet.ts';

/** A worker that served at least this long ends any streak of crashes, ms: code that breaks after a start breaks sooner. */
export const STABLE_AFTER_MS = 10_000;

/** The backoff grows to at most this, ms: a dependency that is back is found within it. */
export const LONGEST_BACKOFF_MS = 30_000;

/** The same while no worker serves, ms: many restarts are bad, and answering no client is worse. */
export const LONGEST_WAIT_ALONE_MS = 1000;

/** A crash loop that ends prefork has so many crashes, however long each of them took. */
export const FEWEST_LOOP_CRASHES = 10;

/** How a worker ended that was not asked to. */
export interface Crash {
  /** ms that it served; undefined when it never did. */
  readonly uptime: number | undefined;
  /** By a signal that another process sent. */
  readonly isFromOutside: boolean;
}

/**
 * How many times in a row, this one included, the slot's worker has ended without having served for `STABLE_AFTER_MS`.
 * 0: this one did well, and its end is an accident, not a loop. That another process killed one says nothing of its code.
 */
export function crashStreak(before: number, { uptime, isFromOutside }: Crash): number {
  if (uptime !== undefined && (isFromOutside || uptime >= STABLE_AFTER_MS)) return 0;
  return isFromOutside ? before : before + 1;
}

/**
 * How long the slot waits for its next worker, ms: not at all after the first crash, then `interval`, doubling while it
 * keeps crashing.
 */
export function backoff(streak: number, interval: number): number {
  if (streak <= 1) return 0;
  return Math.min(interval * 2 ** (streak - 2), LONGEST_BACKOFF_MS);
}

/** The same after this crash. One that is killed again and again while it boots waits, too, whoever kills it. */
export function waitAfter({ uptime, isFromOutside }: Crash, streak: number, interval: number): number {
  const wait = backoff(streak, interval);
  return isFromOutside && uptime === undefined ? Math.max(wait, interval) : wait;
}

/** The times of the exits that still count, this one included. */
export function exitsWithin(exits: readonly number[], at: number, window: number): number[] {
  return [...exits.filter((time) => at - time < window), at];
}

/** fasthttp's RecoverThreshold: so many exits are recovered from, one more is not. 0 is no limit. */
export function isOverThreshold(exits: readonly number[], threshold: number): boolean {
  return threshold > 0 && exits.length > threshold;
}

/**
 * The crashes since a worker last served for long, this one included; undefined when this is none of a loop.
 *
 * @param isAnyStable a worker serves, or this one did, for `STABLE_AFTER_MS`.
 */
export function crashLoop(
  before: CrashLoop | undefined,
  { isFromOutside }: Crash,
  isAnyStable: boolean,
  at: number,
): CrashLoop | undefined {
  if (isAnyStable) return undefined;
  if (isFromOutside) return before;
  return { since: before?.since ?? at, crashes: (before?.crashes ?? 0) + 1 };
}

/** Every attempt loads the code anew, as a reload would: after a whole window of them no reload mends it. */
export function isHopeless({ since, crashes }: CrashLoop, at: number, window: number): boolean {
  return crashes >= FEWEST_LOOP_CRASHES && at - since >= window;
}
