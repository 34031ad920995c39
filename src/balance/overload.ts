/**
 * When a worker is to give connections away because they ask for more than the others' do. Pure. Connections may be equally
 * many and differ in what they cost; what shows that is how busy event loops are.
 */

/** Looks in a row for which a worker has to be hot: a moment of much work is none. One look is a beat, 250 ms. */
const PATIENCE = 4;

/** Looks after giving in which nothing is judged: what it changes has to show first. */
const REST = 4;

/** Below this utilization nobody waits for a worker, whatever the others' is. */
const BUSY = 0.6;

/** How much busier than the others' mean it has to be to count as hot, and, when it does, to go on being so. */
const HOT = 0.25;
const STILL_HOT = 0.15;

/** What a worker that is cooler than the others makes up for in a look: a connection in two seconds. */
const REPRIEVE = 1 / 8;

/** Of its connections, how many it gives at once: one in so many. */
const SHARE = 16;

export interface Look {
  /** How busy the own event loop is, 0 to 1, and the others'. */
  readonly own: number;
  readonly others: readonly number[];
  /** Connections open. */
  readonly connections: number;
}

export interface Overload {
  /** Looks in a row that were hot. */
  readonly hot: number;
  /** Looks that are left of the rest. */
  readonly rest: number;
  /**
   * How many connections fewer than the others it may have. They count as if it had them: else whoever has the fewest, which is
   * now this one, would be given them again.
   */
  readonly handicap: number;
}

export const COOL: Overload = { hot: 0, rest: 0, handicap: 0 };

/** Connections that count as the worker's though it does not have them. */
export function handicapOf({ handicap }: Overload): number {
  return Math.ceil(handicap);
}

/**
 * It gives one connection: from the moment on at which that is no longer counted as its own, for others may look at any time.
 *
 * @param count -1 for one that it got back
 * @param others how many there are: each of them has a share of it more, while this one has one fewer
 */
export function afterGiving(overload: Overload, count: 1 | -1, others: number): Overload {
  return { ...overload, handicap: Math.max(0, overload.handicap + count * (1 + 1 / Math.max(1, others))) };
}

/** @returns what is known now, and how many connections to give. */
export function judgeOverload(before: Overload, look: Look): { overload: Overload; give: number } {
  const { own, others, connections } = look;
  const { hot, rest, handicap } = before;
  if (rest > 0) return { overload: { hot: 0, rest: rest - 1, handicap }, give: 0 };
  const mean = others.reduce((sum, one) => sum + one, 0) / Math.max(1, others.length);
  const excess = hot > 0 ? STILL_HOT : HOT;
  // A single connection would be as hot elsewhere.
  if (others.length === 0 || connections < 2 || own < BUSY || own - mean < excess) {
    const reprieve = own < mean || others.length === 0 ? REPRIEVE : 0;
    return { overload: { ...COOL, handicap: Math.max(0, handicap - reprieve) }, give: 0 };
  }
  if (hot + 1 < PATIENCE) return { overload: { hot: hot + 1, rest: 0, handicap }, give: 0 };
  return { overload: { hot: 0, rest: REST, handicap }, give: Math.max(1, Math.floor(connections / SHARE)) };
}
