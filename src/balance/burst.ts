/** Decides how long connections wait before a worker may hand them off. */

/**
 * A worker that accepts two connections within this time is in a burst. The other workers are too, but have not
 * accepted theirs yet. A decision at this moment would send them connections that they would send back. So excess
 * connections wait until the burst has paused for this long.
 */
export const BURST_MS = 3;

/** In a burst that does not pause, a connection waits this long. */
const LONGEST_BURST_MS = 25;

/** No connection waits longer than this, whatever the reason. It is then served by the worker that accepted it. */
export const LONGEST_WAIT_MS = 1000;

/**
 * Tells whether a connection is part of a burst. Times are monotonic, in ms.
 *
 * @param at when the connection was accepted.
 * @param newest when its worker accepted its last connection.
 */
export function isBurst(at: number, newest: number, now: number): boolean {
  return now - newest < BURST_MS && now - at < LONGEST_BURST_MS;
}
