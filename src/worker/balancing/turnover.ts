import type { Socket } from 'node:net';
import { isLasting, isRestless } from '../../balance/levelling.ts';

/** So many connections are followed from one look to the next. */
const MOST_FOLLOWED = 64;

/**
 * Tells whether this worker's connections come and go so fast that moving them does not pay. How many have ended does not tell that
 * by itself: one client that connects for each request ends as many as a hundred others keep. So where many have ended, some of those
 * that are here are followed to the next look.
 */
export class Turnover {
  readonly #sockets: () => Iterable<Socket>;
  readonly #followed = new Set<Socket>();

  /** @param sockets this worker's connections, those that could move among them */
  constructor(sockets: () => Iterable<Socket>) {
    this.#sockets = sockets;
  }

  /**
   * This should be called once at each look.
   *
   * @param ended since the last look
   * @param open connections now
   */
  isHigh(ended: number, open: number): boolean {
    const followed = [...this.#followed];
    this.#followed.clear();
    if (!isRestless(ended, open)) return false;
    this.#follow();
    return !isLasting(followed.filter((socket) => socket.destroyed).length, followed.length);
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
