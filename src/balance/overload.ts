/**
 * When a worker is to let go of connections because they ask for more than the others' do. Pure. Connections may be equally
 * many and differ in what they cost; what shows that is how busy event loops are.
 */

/** Looks in a row for which a worker has to be hot: a moment of much work is none. One look is a beat, 250 ms. */
const PATIENCE = 8;

/** Looks after letting go in which nothing is judged: clients need time to come to others. */
const REST = 8;

/** Below this utilization nobody waits for a worker, whatever the others' is. */
const BUSY = 0.6;

/** How much busier than the others' mean it has to be to count as hot, and, when it does, to go on being so. */
const HOT = 0.25;
const STILL_HOT = 0.15;

/** What a worker that is cooler than the others makes up for in a look: a connection in two seconds. */
const REPRIEVE = 1 / 8;

/** Of its connections, how many it lets go of at once: one in so many. */
const SHARE = 16;

export interface Look {
  /** How busy the own event loop is, 0 to 1, and the others'. */
  readonly own: number;
  readonly others: readonly number[];
  /** Connections open. */
  readonly connections: number;
  /** Of those that it was to let go of, how many it still has: nothing was asked on them, or they cannot be closed so. */
  readonly kept: number;
}

export interface Overload {
  /** Looks in a row that were hot. */
  readonly hot: number;
  /** Looks that are left of the rest. */
  readonly rest: number;
  /**
   * Connections that it has had to let go of and not made up for. They count as if it still had them: else whoever has the
   * fewest connections, which is now this one, would be given them again.
   */
  readonly handicap: number;
}

export const COOL: Overload = { hot: 0, rest: 0, handicap: 0 };

/** Connections that count as the worker's though it does not have them: one more, since of two that are even it would keep. */
export function handicapOf({ handicap }: Overload): number {
  return handicap === 0 ? 0 : Math.ceil(handicap) + 1;
}

/** @returns what is known now, and how many connections to let go of. */
export function judgeOverload(
  overload: Overload,
  { own, others, connections, kept }: Look,
): { overload: Overload; letGo: number } {
  const { hot, rest, handicap } = overload;
  if (rest > 1) return { overload: { hot: 0, rest: rest - 1, handicap }, letGo: 0 };
  // What has not gone by now stays, and counts once.
  if (rest === 1) return { overload: { ...COOL, handicap: Math.max(0, handicap - kept) }, letGo: 0 };
  const mean = others.reduce((sum, one) => sum + one, 0) / Math.max(1, others.length);
  const excess = hot > 0 ? STILL_HOT : HOT;
  // A single connection would be as hot elsewhere.
  if (others.length === 0 || connections < 2 || own < BUSY || own - mean < excess) {
    const reprieve = own < mean || others.length === 0 ? REPRIEVE : 0;
    return { overload: { ...COOL, handicap: Math.max(0, handicap - reprieve) }, letGo: 0 };
  }
  if (hot + 1 < PATIENCE) return { overload: { hot: hot + 1, rest: 0, handicap }, letGo: 0 };
  const letGo = Math.max(1, Math.floor(connections / SHARE));
  return { overload: { hot: 0, rest: REST, handicap: handicap + letGo }, letGo };
}
