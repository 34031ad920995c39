import type { Socket } from 'node:net';

/** See `Served.time`. */
export type OnAnswered = (status: number, ms: number, alone?: Socket) => void;

/** The global is looked up at each use, which costs 6 ns of the 41 that a reading takes. */
const clock = performance;

/** The requests of a server that a handler got: how many there were, and how long each took where that is to be known. */
export class Traffic {
  #started = 0;
  #finished = 0;
  #onAnswered: OnAnswered | undefined;

  get started(): number {
    return this.#started;
  }

  /** Those of them that are over. */
  get finished(): number {
    return this.#finished;
  }

  /** From now on each response that is given is timed. */
  time(onAnswered: OnAnswered): void {
    this.#onAnswered = onAnswered;
  }

  /** A handler gets one. @returns which of all it is, from 1 */
  begin(): number {
    return ++this.#started;
  }

  /** When a request begins that begins now, for {@link end}; 0 where none is timed. */
  startTime(): number {
    return this.#onAnswered === undefined ? 0 : clock.now();
  }

  /**
   * One is over.
   *
   * @param status with which it was answered; undefined where it was not
   */
  end(ordinal: number, startedAt: number, socket: Socket, status: number | undefined): void {
    this.#finished++;
    if (status === undefined || this.#onAnswered === undefined) return;
    this.#onAnswered(status, clock.now() - startedAt, ordinal === this.#started ? socket : undefined);
  }
}
