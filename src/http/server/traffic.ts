import type { Socket } from 'node:net';
import type { RequestFollower } from './served.ts';

/** See `Served.time`. */
export type OnAnswered = (status: number, ms: number, alone?: Socket) => void;

/** The clock. The global is looked up at each use, which costs 6 ns of the 41 that a reading takes. */
const clock = performance;

/** The requests of a server that a handler got: their number, and how long each took where that is to be known. */
export class Traffic {
  #started = 0;
  #finished = 0;
  #onAnswered: OnAnswered | undefined;
  #follower: RequestFollower | undefined;

  get started(): number {
    return this.#started;
  }

  /** The number of those that are over. */
  get finished(): number {
    return this.#finished;
  }

  /** Times each response that is given from now on. */
  time(onAnswered: OnAnswered): void {
    this.#onAnswered = onAnswered;
  }

  /** Tells `follower` of each request from now on. */
  follow(follower: RequestFollower): void {
    this.#follower = follower;
  }

  /** Counts a request that a handler gets. @returns its ordinal among all, from 1 */
  begin(socket: Socket): number {
    this.#follower?.begun(socket);
    return ++this.#started;
  }

  /** Returns the time of a request that begins now, for {@link end}; 0 where none is timed. */
  startTime(): number {
    return this.#onAnswered === undefined ? 0 : clock.now();
  }

  /**
   * Counts a request as over.
   *
   * @param status the status of the response; 0 where the handler took the connection over, which is no time of a response; undefined
   * where there was none
   */
  end(ordinal: number, startedAt: number, socket: Socket, status: number | undefined): void {
    this.#finished++;
    if (status === undefined) return this.#follower?.gaveUp(socket);
    this.#follower?.answered(socket);
    if (this.#onAnswered === undefined || status === 0) return;
    this.#onAnswered(status, clock.now() - startedAt, ordinal === this.#started ? socket : undefined);
  }
}
