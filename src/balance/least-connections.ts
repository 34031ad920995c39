/**
 * Chooses the worker for an accepted connection so that all workers have equally many. This module is pure.
 *
 * The rule is the greedy one: keep the connection unless another worker has fewer. With exact knowledge, it never lets
 * two workers differ by more than one. Three additions make it stable when the knowledge is not quite exact.
 * Connections on their way count as the receiver's. When several workers have the fewest, each sender prefers a
 * different one. And a worker only hands off when it is above the mean, so that workers below it leave the work to the
 * others.
 */
import { isAlive, type Slots } from './slots.ts';
import { TokenBucket } from './token-bucket.ts';

/** The accepts per second of one worker for which the tolerance grows by one connection. */
const RATE_PER_TOLERANCE = 400;

/** The share of a worker's connections that may end per second while connections still count as lasting. */
const LASTING = 1 / 20;

/**
 * How many standard deviations of pure chance are left alone. About one handoff in some hundreds is then made in vain.
 */
const DEVIATIONS = 5;

/** The result that means: serve the connection here. */
export const KEEP = -1;

/**
 * The result that means: ask again when a handoff is over, because the worker that should get the connection already
 * has too many on their way.
 */
export const WAIT = -2;

/** Whether a live slot may receive connections. `full` means not before it has answered. */
export type Room = 'open' | 'full' | 'closed';

/** The state of the deciding worker that the tolerance depends on. */
export interface Traffic {
  /** Connections that are accepted and that end, per second. */
  readonly accepts: number;
  readonly ends: number;
  /** Open connections. */
  readonly load: number;
  /** The part of the worker's handoff budget that is left, from 0 to 1. See {@link handoffBudget}. */
  readonly budget: number;
}

/**
 * Creates the budget for handoffs that do not pay off for long: ten a second, which cost some 2 ms of CPU in all
 * processes together. The budget saves up enough for a pool of connections that all come back at once. While half of it
 * is left, no handoff is avoided.
 */
export function handoffBudget(): TokenBucket {
  return new TokenBucket(64, 10);
}

/**
 * Computes how many more connections a worker may have than the least loaded one. Where connections last, the answer is
 * one, because each counts for long. At a high rate of accepts a few do not matter.
 *
 * Chance makes the numbers differ by their square root. Where connections end within seconds, an imbalance vanishes
 * before a handoff would have paid off. So during a rush it is left alone. Otherwise it is left alone only when the
 * budget does not pay for handoffs: a proxy that reconnects ends as many connections at once as a second of short ones
 * does, and its new connections then last. Rates are averages over a second, which keeps the tolerance from jumping.
 */
export function toleranceFor({ accepts, ends, load, budget }: Traffic): number {
  const turnover = Math.min(1, Math.max(0, ends / (load + 1) - LASTING));
  const rush = accepts / RATE_PER_TOLERANCE;
  const thrift = Math.min(1, Math.max(0, 1 - 2 * budget, rush - 1));
  return Math.floor(1 + rush + DEVIATIONS * turnover * thrift * Math.sqrt(load + 1));
}

/**
 * Chooses the receiver of a connection.
 *
 * @param own the slot that accepted it
 * @param load its connections, without this one and with those on their way to it
 * @returns the slot to hand the connection to, {@link KEEP} or {@link WAIT}
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
