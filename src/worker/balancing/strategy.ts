import type { NativeClient } from '../../listeners/native.ts';

/** The rule by which one mode of `--balance` chooses the worker that serves an accepted connection. */
export interface Strategy {
  /** Whether it compares loads. Then the others have to know how many connections this worker has. */
  readonly areLoadsCompared: boolean;
  /** @returns whether the next connection is served here without a decision. It is then counted as kept. */
  keepsUnasked(): boolean;
  /**
   * @param own the slot of this worker
   * @param now monotonic, ms
   * @param inBurst whether others may accept as many connections in this moment
   * @returns a slot that was claimed, KEEP or WAIT
   */
  choose(client: NativeClient, own: number, now: number, inBurst: boolean): number;
}
