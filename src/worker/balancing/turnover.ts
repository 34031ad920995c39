import type { Socket } from 'node:net';
import { isLasting, isRestless } from '../../balance/levelling.ts';

/** So many connections are followed from one beat to the next. */
const MOST_FOLLOWED = 64;

/**
 * Tells how many of this worker's connections come and go so fast that moving them does not pay. How many have ended does not tell that
 * by itself: one client that connects for each request ends as many as a hundred others keep. So where many have ended, some of those
 * that are here are followed to the next beat.
 */
export class Turnover {
  readonly #sockets: () => Iterable<Socket>;
  readonly #followed = new Set<Socket>();

  /** @param sockets this worker's connections, those that could move among them */
  constructor(sockets: () => Iterable<Socket>) {
    this.#sockets = sockets;
  }

  /**
   * Tells how many of the connections come and go. This should be called at each look, or {@link forget}, and at the beat
   * before it.
   *
   * @param ended since the last call
   * @param open connections now
   * @returns 0 where few end, and Infinity where so many do that no move pays
   */
  passing(ended: number, open: number): number {
    const followed = [...this.#followed];
    this.forget();
    if (!isRestless(ended, open)) return 0;
    this.#follow();
    const gone = followed.filter((socket) => socket.destroyed).length;
    return isLasting(gone, followed.length) ? (gone / followed.length) * open : Infinity;
  }

  forget(): void {
    this.#followed.clear();
  }

  /** A connection that is given away does not end. */
  gave(socket: Socket): void {
    this.#followed.delete(socket);
  }

  #follow(): void {
    const sockets = [...this.#sockets()];
    const step = Math.max(1, sockets.length / MOST_FOLLOWED);
    for (let nth = 0; nth < sockets.length; nth += step) this.#followed.add(sockets[Math.floor(nth)]!);
  }
}
