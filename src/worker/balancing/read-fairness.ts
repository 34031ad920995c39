import type { Socket } from 'node:net';
import { handleThatReads } from '../node-internals/index.ts';

/**
 * Sees to it that clients whose requests keep the event loop for long are served in turn.
 *
 * Without this they are not: epoll(7) reports first what it reported before, in its order, and libuv serves all that is
 * reported before it asks again. The client that was served last has not sent its next request by then, though it does a
 * moment later. So a round begins without it, and it waits for two rounds, while others wait for one.
 *
 * So the socket that was served is paused while the event loop asks once: all others that wait by then come first. That also
 * makes epoll forget the order: libuv takes a paused connection out of epoll when something comes, and adds it again behind
 * the others.
 *
 * Owns no socket. Each is read again within two turns of the event loop, and at once when this object is closed.
 */
export class ReadFairness {
  /** Sockets paused before the last epoll_wait, or before the one that is about to come. */
  #before: Socket[] = [];
  /** Sockets paused since. */
  #since: Socket[] = [];
  #isOn = false;
  #isClosed = false;

  /** Lets all other clients come before this one, once. */
  pauseOnce(socket: Socket): void {
    const handle = handleThatReads(socket);
    if (this.#isClosed || handle === undefined) return;
    handle.readStop();
    this.#since.push(socket);
    if (this.#isOn) return;
    this.#isOn = true;
    setImmediate(this.#next);
  }

  /** Ends the pauses: from now on all sockets are read as they come. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const socket of [...this.#before, ...this.#since]) handleThatReads(socket)?.readStart();
  }

  readonly #next = (): void => {
    for (const socket of this.#before) handleThatReads(socket)?.readStart();
    this.#before = this.#since;
    this.#since = [];
    this.#isOn = this.#before.length > 0;
    if (this.#isOn) setImmediate(this.#next);
  };
}
