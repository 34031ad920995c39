/**
 * Who is to serve a connection that was accepted, so that workers have equally many. Pure.
 *
 * The rule is the greedy one, which with exact knowledge never lets two workers differ by more than one: keep it, unless
 * somebody has fewer. What makes it stable with knowledge that is never quite exact: connections on their way count as
 * the receiver's; of several that have the fewest each sender prefers another one; and it takes an excess over the mean,
 * so that those who are below it themselves leave the work to those who are not.
 */
import { isAlive, type Slots } from './slots.ts';

/** Accepts per second, of one worker, for which the tolerance grows by one connection. */
const RATE_PER_TOLERANCE = 400;

/** What is returned instead of a slot: serve it here. */
export const KEEP = -1;

/** The same: ask again when a handoff is over, for whoever should have it has too many on their way. */
export const WAIT = -2;

/** Whether a slot that is alive may be sent to. `full`: not before it has answered. */
export type Room = 'open' | 'full' | 'closed';

/**
 * How many connections more than the least burdened a worker may have. At a high rate it need not be exact: connections
 * are short then, or so many that a few do not matter, and a handoff costs more than a short connection does. The rate
 * is an average over a second, which keeps this from jumping.
 */
export function toleranceFor(acceptsPerSecond: number): number {
  return Math.floor(1 + acceptsPerSecond / RATE_PER_TOLERANCE);
}

/**
 * @param own the slot that accepted it
 * @param load how many connections it has, this one not counted, those on their way to it counted
 * @returns the slot to hand it to, {@link KEEP} or {@link WAIT}
 */
export function chooseReceiver(
  own: number,
  load: number,
  slots: Slots,
  tolerance: number,
  now: number,
  roomOf: (slot: number) => Room,
): number {
  let receiver = KEEP;
  let least = load + 1 - tolerance;
  let sum = load + 1;
  let count = 1;
  for (let step = 1; step < slots.slots; step++) {
    const slot = (own + step) % slots.slots;
    if (slot === own || !isAlive(slots, slot, now)) continue;
    const theirs = slots.open[slot]! + slots.coming[slot]!;
    sum += theirs;
    count++;
    if (theirs >= least) continue;
    const room = roomOf(slot);
    if (room === 'closed') continue;
    least = theirs;
    receiver = room === 'open' ? slot : WAIT;
  }
  return load + 1 > sum / count ? receiver : KEEP;
}
