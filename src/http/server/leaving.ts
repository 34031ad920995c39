import type { Socket } from 'node:net';
import type { Rest } from './served.ts';

/** Lets go of a server's connections: of all of them when it closes or drains, or of so many. */
export class Leaving {
  #isClosing = false;
  #onFree: ((socket: Socket) => void) | undefined;
  #undismissed = 0;

  /** Makes every response the last of its connection, from now on. */
  close(): void {
    this.#isClosing = true;
  }

  /** Does the same, except that connections which can move are told nothing. See `Served.drain`. */
  drain(onFree: ((socket: Socket) => void) | undefined): void {
    if (onFree === undefined) this.close();
    this.#onFree = onFree;
  }

  /** Makes so many of the next responses the last of their connections. An earlier number is forgotten. */
  dismiss(connections: number): void {
    this.#undismissed = connections;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** The number of connections that were to be dismissed and have not been. */
  get undismissed(): number {
    return this.#undismissed;
  }

  /** Whether the connection is to end with its next response, because all do, or because it cannot move. */
  ends(connection: { readonly rest: Rest }): boolean {
    return this.#isClosing || (this.#onFree !== undefined && connection.rest === 'never');
  }

  /** Whether a connection that could stay is to end. It then counts as dismissed. */
  dismissOne(): boolean {
    return this.#undismissed > 0 && this.#undismissed-- > 0;
  }

  /** Tells that the connection may move: all its requests are answered. */
  free(socket: Socket): void {
    this.#onFree?.(socket);
  }
}
