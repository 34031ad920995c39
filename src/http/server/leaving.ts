import type { Socket } from 'node:net';
import type { Rest } from './served.ts';

/** How a server lets go of its connections: when it closes or drains, and who hears that one may move. */
export class Leaving {
  #isClosing = false;
  #onFree: ((socket: Socket) => void) | undefined;
  #isDraining = false;

  /** From now on every response is the last of its connection. */
  close(): void {
    this.#isClosing = true;
  }

  /** The same, except that connections which can move are told nothing. See `Served.drain`. */
  drain(onFree: ((socket: Socket) => void) | undefined): void {
    if (onFree === undefined) this.close();
    this.#isDraining = true;
    this.#onFree = onFree;
  }

  /** From now on `onFree` hears of connections that may move, until the server drains. See `Served.tellFree`. */
  tellFree(onFree: ((socket: Socket) => void) | undefined): void {
    if (!this.#isDraining) this.#onFree = onFree;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Whether the connection is to end with its next response, as all do or because it cannot move. */
  ends(connection: { readonly rest: Rest }): boolean {
    return this.#isClosing || (this.#isDraining && connection.rest === 'never');
  }

  /** All that the connection was asked is answered: it may move. */
  free(socket: Socket): void {
    this.#onFree?.(socket);
  }
}
