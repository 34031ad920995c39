import type { NativeClient } from '../../listeners/native.ts';
import type { SlotHandle } from '../listening/slot-handle.ts';
import type { Handoffs } from './handoffs.ts';

/** An accepted connection that no worker serves yet. */
export interface Accepted {
  readonly client: NativeClient;
  readonly acceptedBy: SlotHandle;
  /** When it was accepted; monotonic, ms. */
  readonly at: number;
}

/**
 * The connections that this worker has accepted and that no worker serves yet: one in hand, of which it is being decided, and
 * those that wait for a decision. They count as this worker's until they are claimed for another.
 *
 * Owns those that wait. The balancer takes each of them out.
 */
export class Undecided {
  readonly #handoffs: Pick<Handoffs, 'claim' | 'unclaim'>;
  readonly #waiting: Accepted[] = [];
  #inHand: 0 | 1 = 0;

  constructor(handoffs: Pick<Handoffs, 'claim' | 'unclaim'>) {
    this.#handoffs = handoffs;
  }

  /** All of them. */
  get count(): number {
    return this.#waiting.length + this.#inHand;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get inHand(): number {
    return this.#inHand;
  }

  /** The decision about a connection begins. */
  begin(): void {
    this.#inHand = 1;
  }

  /** The decision is made. Idempotent. */
  end(): void {
    this.#inHand = 0;
  }

  /** Claims the connection in hand. One write of the row says both: it is no longer here and is on its way. */
  claim(to: number): void {
    this.#inHand = 0;
    this.#handoffs.claim(to);
  }

  /** Takes the claim back: the connection is in hand again. */
  unclaim(to: number): void {
    this.#inHand = 1;
    this.#handoffs.unclaim(to);
  }

  wait(accepted: Accepted): void {
    this.#waiting.push(accepted);
  }

  /** Takes the one out that has waited for the longest. */
  takeFirst(): Accepted | undefined {
    return this.#waiting.shift();
  }

  /** Puts one back that was taken out, before all others. */
  putBack(accepted: Accepted): void {
    this.#waiting.unshift(accepted);
  }
}
