import type { Socket } from 'node:net';
import type { Rest } from './served.ts';

/** Lets go of a server's connections when it closes or drains, and tells which of them may move. */
export class Leaving {
  #isClosing = false;
  #saysClose = false;
  #onFree: ((socket: Socket) => void) | undefined;
  #isDraining = false;
  /** True when every connection ends in the drain, since none may move. */
  #endsAll = false;

  /**
   * Makes every connection end with the responses to what has come, from now on.
   *
   * @param saysClose whether the last response says so
   */
  close(saysClose: boolean): void {
    this.#isClosing = true;
    this.#saysClose = saysClose;
  }

  /**
   * Takes {@link close} back: the server listens again.
   *
   * @returns whether it was closing
   */
  reopen(): boolean {
    const wasClosing = this.#isClosing;
    this.#isClosing = this.#saysClose = false;
    return wasClosing;
  }

  /** Whether the server closes, so that a connection with nothing to answer ends. A drain leaves it to its clients for a while. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Does the same, except that connections which can move are told nothing. See `Served.drain`. */
  drain(onFree: ((socket: Socket) => void) | undefined): void {
    this.#endsAll = onFree === undefined;
    this.#isDraining = true;
    this.#onFree = onFree;
  }

  /** Ends the drain: connections stay again. See `Served.stay`. */
  stay(): void {
    this.#endsAll = this.#isDraining = false;
    this.#onFree = undefined;
  }

  /** Has `onFree` hear of connections that may move, from now on and until the server drains. See `Served.tellFree`. */
  tellFree(onFree: ((socket: Socket) => void) | undefined): void {
    if (!this.#isDraining) this.#onFree = onFree;
  }

  /** Whether the last response to what has come says that the connection ends, because all do, or because it cannot move. */
  saysClose(connection: { readonly rest: Rest }): boolean {
    return this.#saysClose || this.#endsAll || (this.#isDraining && connection.rest === 'never');
  }

  /** Tells that the connection may move: all its requests are answered. */
  free(socket: Socket): void {
    this.#onFree?.(socket);
  }
}
