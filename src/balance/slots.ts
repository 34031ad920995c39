import { HUNG_AFTER_MS } from '../contract/limits.ts';

/**
 * The known facts about all slots, in arrays by slot. They come from the scoreboard's `LoadView` or from a simulation.
 */
export interface Slots {
  /** The number of slots, with or without a worker. */
  readonly slots: number;
  /** The monotonic time in ms of the last sign of life of the slot's worker; 0 where there is none. */
  readonly beats: ArrayLike<number>;
  /** The open connections of the slot, and those on their way to it. */
  readonly open: ArrayLike<number>;
  readonly coming: ArrayLike<number>;
}

/** Tells whether the slot has a worker that does not drain and whose event loop turns. */
export function isAlive({ beats }: Slots, slot: number, now: number): boolean {
  return now - beats[slot]! < HUNG_AFTER_MS;
}
