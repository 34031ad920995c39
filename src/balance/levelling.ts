/**
 * Who gives connections to whom, so that workers have equally many. Pure.
 *
 * Each worker works out the same plan from the same figures, and carries out its own part of it: so nobody has to be told,
 * and two that have too many do not choose the same one that has too few. For that all tell at the same moments of the clock that
 * they share what they have, and decide a moment later: figures that are as old as the last beat would have each give what the others
 * have got since, and give back what it gets. What is on its way counts as the receiver's, so that a plan begins where the one before
 * it ends.
 */

/** All tell what they have when the clock is at a multiple of this, ms. */
export const BEAT_MS = 250;

/** So long after that they decide, ms: by then a worker that is not busy has told. */
export const TOLD_AFTER_MS = 25;

/** After that, ms, a worker that has not told is left out of the plan of this beat: nothing is sent to it. */
export const LATEST_MS = 125;

/** What a slot has: connections that are open, or on their way to it, or its last worker's and about to be. */
export interface SlotLoad {
  readonly slot: number;
  readonly load: number;
  /** Whether it has told that in this beat. Else it may have got others since. */
  readonly isFresh: boolean;
}

/** So many connections are to go to that slot. */
export interface Transfer {
  readonly to: number;
  readonly count: number;
}

/**
 * One in so many of a worker's connections may end in a beat, and they still count as staying: such connections live for two
 * seconds on average.
 */
const LASTING = 8;

/**
 * Whether connections come and go so fast that what is uneven now is even, or uneven elsewhere, before a move would have paid.
 *
 * @param ended in the last beat
 * @param load connections open
 */
export function isRestless(ended: number, load: number): boolean {
  return ended * LASTING > load;
}

/**
 * What `own` is to give. No slot is to differ by more than one from another; of the slots that may have one more those do that
 * have most now, so that as few as possible move.
 *
 * @param slots of which each has a worker that serves
 */
export function transfersFrom(own: number, slots: readonly SlotLoad[]): Transfer[] {
  const ranked = slots.toSorted((one, other) => other.load - one.load || one.slot - other.slot);
  const total = ranked.reduce((sum, { load }) => sum + load, 0);
  const share = Math.floor(total / ranked.length);
  const richer = total - share * ranked.length;
  const excesses = ranked.map(({ slot, load, isFresh }, rank) => {
    return { slot, isFresh, excess: load - share - (rank < richer ? 1 : 0) };
  });
  return matched(own, excesses);
}

interface Excess {
  readonly slot: number;
  readonly isFresh: boolean;
  /** Below 0: so many are wanted. */
  readonly excess: number;
}

/** Those with most give to those with least, one after the other. @param excesses sorted, the largest first */
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
