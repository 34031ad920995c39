import { HUNG_AFTER_MS } from '../contract/limits.ts';

/** What is known of all slots, in arrays by slot: the scoreboard's `LoadView`, or a simulation. */
export interface Slots {
  /** How many there are, with or without a worker. */
  readonly slots: number;
  /** Monotonic time, ms, of the last sign of life of the worker that serves the slot; 0 where none does. */
  readonly beats: ArrayLike<number>;
  /** Connections that it has open, and those on their way to it. */
  readonly open: ArrayLike<number>;
  readonly coming: ArrayLike<number>;
}

/** A worker serves the slot, does not drain, and its event loop turns. */
export function isAlive({ beats }: Slots, slot: number, now: number): boolean {
  return now - beats[slot]! < HUNG_AFTER_MS;
}
