import type { Socket } from 'node:net';
import { handleThatReads } from '../node-internals/index.ts';

/**
 * Sees to it that clients whose requests keep the event loop for long are served in turn.
 *
 * They are not by themselves: epoll(7) reports first what it reported before, in its order, and libuv serves all that is
 * reported before it asks again. The client that was served last has not asked again by then, though it does a moment
 * later. So a round begins without it, and it waits for two rounds, while others wait for one.
 *
 * So who was served rests while the event loop asks once: whoever else is waiting by then comes first. That also makes
 * epoll forget the order: libuv takes a connection that is not to be read out of it when something comes, and adds it again,
 * behind the others.
 *
 * Owns no socket. Each is read again within two turns of the event loop, and at once when this is closed.
 */
export class ReadFairness {
  /** Who rests since before the event loop asked last, or is about to ask; and who since then. */
  #before: Socket[] = [];
  #since: Socket[] = [];
  #isOn = false;
  #isClosed = false;

  /** Lets the others come first, once. */
  pauseOnce(socket: Socket): void {
    const handle = handleThatReads(socket);
    if (this.#isClosed || handle === undefined) return;
    handle.readStop();
    this.#since.push(socket);
    if (this.#isOn) return;
    this.#isOn = true;
    setImmediate(this.#next);
  }

  /** All are read as they come from now on. Idempotent. */
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
