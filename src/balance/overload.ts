/**
 * Decides when a worker should let go of connections because they ask for more than those of the others. Workers may
 * have equally many connections that differ in cost, and the load of the event loops shows that. This module is pure.
 */

/**
 * The number of consecutive looks in which a worker has to be hot, because a moment of much work does not count. A look
 * is a beat, 250 ms.
 */
const HOT_LOOKS = 8;

/** The number of looks after letting go that are not judged, because clients need time to reach other workers. */
const REST_LOOKS = 8;

/** Below this utilization a worker keeps no client waiting, however busy the others are. */
const BUSY = 0.6;

/** How much busier than the mean of the others a worker must be to count as hot. The lower figure keeps it hot. */
const HOT = 0.25;
const STILL_HOT = 0.15;

/**
 * The part of the handicap that a worker loses in a look in which it is cooler than the others: a connection in two
 * seconds.
 */
const REPRIEVE = 1 / 8;

/** A worker lets go of one in this many connections at once. */
const SHARE = 16;

export interface Look {
  /** The utilization of the own event loop and of the others', 0 to 1. */
  readonly own: number;
  readonly others: readonly number[];
  /** Open connections. */
  readonly connections: number;
  /**
   * The number of connections that it was told to let go of and still has. No request was made on them, or they cannot
   * be closed this way.
   */
  readonly kept: number;
}

export interface Overload {
  /** The number of consecutive hot looks. */
  readonly hot: number;
  /** The number of looks that remain of the rest. */
  readonly rest: number;
  /**
   * The connections that the worker let go of and has not made up for. They count as if it still had them. Otherwise
   * the worker would now have the fewest connections and would be given new ones at once.
   */
  readonly handicap: number;
}

export const COOL: Overload = { hot: 0, rest: 0, handicap: 0 };

/**
 * Returns the connections that count as the worker's although it does not have them. One is added, because of two
 * workers that are even it would keep a connection.
 */
export function handicapOf({ handicap }: Overload): number {
  return handicap === 0 ? 0 : Math.ceil(handicap) + 1;
}

/**
 * Judges one look.
 *
 * @returns the new state, and how many connections to let go of.
 */
export function judgeOverload(
  overload: Overload,
  { own, others, connections, kept }: Look,
): { overload: Overload; letGo: number } {
  const { hot, rest, handicap } = overload;
  if (rest > 1) return { overload: { hot: 0, rest: rest - 1, handicap }, letGo: 0 };
  // Connections that have not gone by now stay, and count once.
  if (rest === 1) return { overload: { ...COOL, handicap: Math.max(0, handicap - kept) }, letGo: 0 };
  const mean = others.reduce((sum, one) => sum + one, 0) / Math.max(1, others.length);
  const excess = hot > 0 ? STILL_HOT : HOT;
  // A single connection would be just as hot elsewhere.
  if (others.length === 0 || connections < 2 || own < BUSY || own - mean < excess) {
    const reprieve = own < mean || others.length === 0 ? REPRIEVE : 0;
    return { overload: { ...COOL, handicap: Math.max(0, handicap - reprieve) }, letGo: 0 };
  }
  if (hot + 1 < HOT_LOOKS) return { overload: { hot: hot + 1, rest: 0, handicap }, letGo: 0 };
  const letGo = Math.max(1, Math.floor(connections / SHARE));
  return { overload: { hot: 0, rest: REST_LOOKS, handicap: handicap + letGo }, letGo };
}
