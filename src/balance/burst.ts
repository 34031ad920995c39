/** How long connections wait for a decision. */

/**
 * Who accepts a second one within this time, ms, is in a burst. Others are too, and have not accepted theirs yet: whoever
 * decided now would send them what they will have to send back. So excess waits until the burst has paused for as long.
 */
export const BURST = 3;

/** Of a burst that does not pause, each waits for so long, ms. */
const LONGEST_BURST = 25;

/** Nobody waits for longer, ms, whatever for: then it is served where it was accepted. */
export const LONGEST_WAIT = 1000;

/** Monotonic times, ms: `at` a connection was accepted, and `newest` the last one of its worker. */
export function isBurst(at: number, newest: number, now: number): boolean {
  return now - newest < BURST && now - at < LONGEST_BURST;
}
