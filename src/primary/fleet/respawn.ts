/**
 * The rules by which the worker of a slot that ended unasked is replaced, and by which prefork gives up. The functions are pure.
 */
import type { CrashLoop } from './fleet.ts';

/** A worker that served at least this long ends any streak of crashes. Code that breaks after a start breaks sooner. */
export const STABLE_AFTER_MS = 10_000;

/** The longest backoff. A dependency that is back is found within it. */
export const LONGEST_BACKOFF_MS = 30_000;

/** The longest backoff while no worker serves. Many restarts are bad, and answering no client is worse. */
export const LONGEST_WAIT_ALONE_MS = 1000;

/**
 * The time after a failure in which prefork tries nothing again by itself that boots more workers: no recycling, and no growth. Code that
 * could not boot now cannot boot in a moment.
 */
export const PAUSE_AFTER_FAILURE_MS = 60_000;

/** The fewest crashes of a loop that ends prefork, however long each of them took. */
export const FEWEST_LOOP_CRASHES = 10;

/** The end of a worker that was not asked to end. */
export interface Crash {
  /** The time that it served, ms; undefined when it never did. */
  readonly uptime: number | undefined;
  /** True when another process sent the signal that ended it. */
  readonly isFromOutside: boolean;
}

/**
 * Returns how many times in a row, this one included, the slot's worker has ended without having served for
 * `STABLE_AFTER_MS`. With 0 this one did well, and its end is an accident, not a loop. A kill by another process says
 * nothing about the worker's code.
 */
export function crashStreak(before: number, { uptime, isFromOutside }: Crash): number {
  if (uptime !== undefined && (isFromOutside || uptime >= STABLE_AFTER_MS)) return 0;
  return isFromOutside ? before : before + 1;
}

/**
 * Returns how long the slot waits for its next worker, ms. It does not wait after the first crash. Then it waits for
 * `interval`, which doubles while its workers keep crashing.
 */
export function backoff(streak: number, interval: number): number {
  if (streak <= 1) return 0;
  return Math.min(interval * 2 ** (streak - 2), LONGEST_BACKOFF_MS);
}

/**
 * Returns the wait after this crash, ms. A slot whose worker is killed again and again while it boots waits too,
 * whichever process kills it.
 */
export function waitAfter({ uptime, isFromOutside }: Crash, streak: number, interval: number): number {
  const wait = backoff(streak, interval);
  return isFromOutside && uptime === undefined ? Math.max(wait, interval) : wait;
}

/** Returns the times of the exits that still count, this one included. */
export function exitsWithin(exits: readonly number[], at: number, window: number): number[] {
  return [...exits.filter((time) => at - time < window), at];
}

/** Whether more workers ended than fasthttp's RecoverThreshold allows. 0 is no limit. */
export function isOverThreshold(exits: readonly number[], threshold: number): boolean {
  return threshold > 0 && exits.length > threshold;
}

/**
 * Returns the crashes since a worker last served for long, this one included; undefined when it is no part of a loop.
 *
 * @param isAnyStable true when a worker serves, or this one did, for `STABLE_AFTER_MS`.
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

/**
 * Whether the loop cannot end well. Every attempt loads the code anew, as a reload would, so no reload mends a loop of
 * a whole window.
 */
export function isHopeless({ since, crashes }: CrashLoop, at: number, window: number): boolean {
  return crashes >= FEWEST_LOOP_CRASHES && at - since >= window;
}
