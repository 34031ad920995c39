/**
 * Decides which worker gives connections to which, so that workers have equally many. This module is pure.
 *
 * All workers work out the same plan from the same figures, and each carries out its own part. So no worker has to be
 * told, and two that have too many do not choose the same one that has too few. For that all workers tell their figures
 * at the same moments of the clock that they share, and decide a moment later. With figures as old as the last beat, a
 * worker would give what the others have got since, and would be given it back. Connections on their way count as their
 * receiver's, so a plan begins where the one before it ends.
 */

/** The time from telling to deciding, ms. A worker that is not busy has told by then. */
export const TOLD_AFTER_MS = 25;

/** A worker that has not told after this time, ms, is sent nothing in this beat. */
export const LATEST_MS = 125;

/** The load of a slot: its open connections, those on their way to it, and those that its last worker still has. */
export interface SlotLoad {
  readonly slot: number;
  readonly load: number;
  /** True when its worker has told the load in this beat. Otherwise it may have got others since. */
  readonly isFresh: boolean;
}

/** A part of a plan: `count` connections go to the slot `to`. */
export interface Transfer {
  readonly to: number;
  readonly count: number;
}

/** A worker is calm as long as no more than one connection ended within a beat for this many that it has. */
const CALM = 8;

/** Connections last when no more than one in this many of those that were here at a beat is gone at the next. They live for a second on average. */
const LASTING = 4;

/**
 * Tells whether so many connections ended that those which are here may come and go as fast. Otherwise they live for two seconds
 * on average, at least.
 *
 * @param ended in the last beat
 * @param load connections open
 */
export function isRestless(ended: number, load: number): boolean {
  return ended * CALM > load;
}

/**
 * Tells whether connections stay for long enough that a move pays. Where they do not, what is uneven now is even by then, or
 * uneven elsewhere.
 *
 * @param gone how many of them have ended by this beat
 * @param followed some that were open at the last beat, none when that is not known
 */
export function isLasting(gone: number, followed: number): boolean {
  return followed > 0 && gone * LASTING <= followed;
}

/**
 * Tells whether what a worker is to give is no more than chance makes of those that come and go. Numbers differ by chance by the square
 * root, and twice that is rare. Those that last would go to and fro for it.
 *
 * @param passing how many connections come and go, of those that are open
 */
export function isChance(transfers: readonly Transfer[], passing: number): boolean {
  return transfers.reduce((sum, { count }) => sum + count, 0) <= 2 * Math.sqrt(passing);
}

/**
 * A worker levels as long as no more than one in this many of its connections came from a worker that leaves within a beat. A drain that
 * keeps its pace moves one in fourteen of all in a beat. A successor gets them all. Where the slot goes they go to all others alike, so
 * that each gets its part of that, and has twice as many as the worker that leaves at most.
 */
const SETTLED = 32;

/**
 * Tells whether connections come from a worker that leaves. The figures of both are of slightly different moments then, and seem
 * uneven by what moved between. To plan for that would cost a look at each of what may be thousands of connections, beat by beat.
 *
 * @param came from workers that leave since the last beat
 * @param load connections open
 * @param others the number of other workers: connections may come to them as well
 */
export function isFilling(came: number, load: number, others: number): boolean {
  return came * SETTLED * Math.max(1, others) > load;
}

/**
 * Plans what `own` gives. After the plan no slot differs by more than one from another. The slots that may have one more
 * are those that have most now, so that as few connections as possible move.
 *
 * Where connections of `own` cannot move, less is given: see {@link withinReason}.
 *
 * @param slots of which each has a worker that serves
 * @param countFixed says how many connections of `own` cannot move. It is called when there is something to give
 */
export function transfersFrom(own: number, slots: readonly SlotLoad[], countFixed: () => number = none): Transfer[] {
  const ranked = slots.toSorted((one, other) => other.load - one.load || one.slot - other.slot);
  const total = ranked.reduce((sum, { load }) => sum + load, 0);
  const share = Math.floor(total / ranked.length);
  const richer = total - share * ranked.length;
  const excesses = ranked.map(({ slot, load, isFresh }, rank) => {
    return { slot, load, isFresh, excess: load - share - (rank < richer ? 1 : 0) };
  });
  const transfers = matched(own, excesses);
  return transfers.length > 0 ? withinReason(own, excesses, transfers, countFixed()) : transfers;
}

function none(): number {
  return 0;
}

interface Excess extends SlotLoad {
  /** Negative when the slot wants connections. */
  readonly excess: number;
}

/** Matches the slots with most to those with least, one after the other. @param excesses sorted, the largest first */
function matched(own: number, excesses: readonly Excess[]): Transfer[] {
  const transfers: Transfer[] = [];
  const wanting = excesses.filter(({ excess }) => excess < 0).toReversed();
  let left = wanting.map(({ excess }) => -excess);
  for (const { slot, excess } of excesses) {
    let rest = excess;
    left = left.map((room, nth) => {
      const count = Math.max(0, Math.min(room, rest));
      rest -= count;
      if (slot === own && count > 0 && wanting[nth]!.isFresh) transfers.push({ to: wanting[nth]!.slot, count });
      return room - count;
    });
  }
  return transfers;
}

/**
 * Takes from a plan what would leave `own` with fewer connections that can move than the receiver has of all kinds. Connections that
 * cannot move may be idle, and a client that opens enough of them elsewhere would have all others sent to one worker. If they are not
 * idle, their worker is hot, and gives others for that.
 *
 * The others' connections that cannot move are not known. So this reckons with others that give the same part of what they are
 * to give. Of a part of a connection, one in some has it whole: those that give to the same slot take turns by their rank.
 *
 * @param excesses sorted, the largest first
 */
function withinReason(
  own: number,
  excesses: readonly Excess[],
  transfers: readonly Transfer[],
  fixed: number,
): Transfer[] {
  const rank = excesses.findIndex(({ slot }) => slot === own);
  const { load, excess } = excesses[rank]!;
  return transfers.flatMap(({ to, count }, nth) => {
    const receiver = excesses.find(({ slot }) => slot === to)!;
    const difference = load - fixed - receiver.load;
    // When all of them can move, this is the whole plan: after it the two differ by one at most.
    const part = Math.min(1, Math.max(0, difference + 1) / (excess - receiver.excess));
    const reasonable = wholeAt(rank + nth, count * part);
    return reasonable > 0 ? [{ to, count: reasonable }] : [];
  });
}

/** Rounds a number so that those who have the turns 0, 1, 2 and so on have together what they should, less a part of one. */
function wholeAt(turn: number, number: number): number {
  return Math.floor((turn + 1) * number) - Math.floor(turn * number);
}
