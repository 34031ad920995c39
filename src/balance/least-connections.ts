/**
 * Who is to serve a connection that was accepted, so that workers have equally many. Pure.
 *
 * The rule is the greedy one, which with exact knowledge never lets two workers differ by more than one: keep it, unless
 * somebody has fewer. What makes it stable with knowledge that is never quite exact: connections on their way count as
 * the receiver's; of several that have the fewest each sender prefers another one; and it takes an excess over the mean,
 * so that those who are below it themselves leave the work to those who are not.
 */
import { isAlive, type Slots } from './slots.ts';
import { TokenBucket } from './token-bucket.ts';

/** Accepts per second, of one worker, for which the tolerance grows by one connection. */
const RATE_PER_TOLERANCE = 400;

/** Of its connections, how many may end per second, one in so many, and still count as staying. */
const LASTING = 1 / 20;

/** Of what chance makes, how many standard deviations are left alone: then one handoff in some hundreds is left. */
const DEVIATIONS = 5;

/** What is returned instead of a slot: serve it here. */
export const KEEP = -1;

/** The same: ask again when a handoff is over, for whoever should have it has too many on their way. */
export const WAIT = -2;

/** Whether a slot that is alive may be sent to. `full`: not before it has answered. */
export type Room = 'open' | 'full' | 'closed';

/** What the tolerance depends on, of the worker that decides. */
export interface Traffic {
  /** Connections accepted, and ended, per second. */
  readonly accepts: number;
  readonly ends: number;
  /** Connections open. */
  readonly load: number;
  /** Of what the worker may spend on handoffs, how much is left, from 0 to 1. See {@link handoffBudget}. */
  readonly budget: number;
}

/**
 * What a worker may spend on handoffs that do not pay for long: ten a second, some 2 ms of CPU in all processes together. It
 * saves up enough for a pool of connections that all come back at once, and while half of that is left nothing is saved on.
 */
export function handoffBudget(): TokenBucket {
  return new TokenBucket(64, 10);
}

/**
 * How many connections more than the least burdened a worker may have. One, where connections stay: then each counts for
 * long. At a high rate of accepts a few do not matter. And chance makes numbers differ by their square root, and where
 * connections end within seconds what is uneven now is even without a handoff before that would have paid: in a rush that is
 * left alone, and else as far as the budget does not pay for it, for a proxy that reconnects ends as many connections at once
 * as a second of short ones does, and those that it makes then stay. Rates are averages over a second, which keeps this from
 * jumping.
 */
export function toleranceFor({ accepts, ends, load, budget }: Traffic): number {
  const turnover = Math.min(1, Math.max(0, ends / (load + 1) - LASTING));
  const rush = accepts / RATE_PER_TOLERANCE;
  const thrift = Math.min(1, Math.max(0, 1 - 2 * budget, rush - 1));
  return Math.floor(1 + rush + DEVIATIONS * turnover * thrift * Math.sqrt(load + 1));
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
