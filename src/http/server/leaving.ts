import type { Socket } from 'node:net';
import type { Rest } from './served.ts';

/** How a server lets go of its connections: of all of them when it closes or drains, or of so many. */
export class Leaving {
  #isClosing = false;
  #onFree: ((socket: Socket) => void) | undefined;
  #undismissed = 0;

  /** From now on every response is the last of its connection. */
  close(): void {
    this.#isClosing = true;
  }

  /** The same, except that connections which can move are told nothing. See `Served.drain`. */
  drain(onFree: ((socket: Socket) => void) | undefined): void {
    if (onFree === undefined) this.close();
    this.#onFree = onFree;
  }

  /** So many of the next responses are the last of their connections. What was asked for before is forgotten. */
  dismiss(connections: number): void {
    this.#undismissed = connections;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** How many of those that were to be dismissed have not been. */
  get undismissed(): number {
    return this.#undismissed;
  }

  /** Whether the connection is to end with its next response, as all do or because it cannot move. */
  ends(connection: { readonly rest: Rest }): boolean {
    return this.#isClosing || (this.#onFree !== undefined && connection.rest === 'never');
  }

  /** Whether a connection is to end that could stay, which then counts as dismissed. */
  dismissOne(): boolean {
    return this.#undismissed > 0 && this.#undismissed-- > 0;
  }

  /** All that the connection was asked is answered: it may move. */
  free(socket: Socket): void {
    this.#onFree?.(socket);
  }
}
