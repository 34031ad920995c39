import { KEEP, WAIT } from '../../balance/least-connections.ts';
import { clientHash, stickySlot } from '../../balance/sticky-ip.ts';
import type { NativeClient } from '../../listeners/native.ts';
import type { LoadView } from '../../scoreboard/load-view.ts';
import type { Handoffs } from './handoffs.ts';
import { SingleClientDetector } from './single-client-detector.ts';
import type { Strategy } from './strategy.ts';
import type { Undecided } from './undecided.ts';

/** Connections on their way to a slot at once. Each of them costs a descriptor, in the primary too. */
const MOST_ON_THE_WAY = 200;

/** How old the view of the other slots may be, of which only life and death count. */
const GREATEST_AGE_MS = 50;

export interface StickySlotsParts {
  readonly view: LoadView;
  readonly handoffs: Pick<Handoffs, 'pairs' | 'unableUntil'>;
  readonly undecided: Undecided;
  /** What all workers of the server choose slots by. */
  readonly seed: number;
  /** Hears when all clients seem to have one address. */
  readonly onSingleClient?: ((address: string) => void) | undefined;
}

/** `sticky-ip`: the slot that the client's address stands for. */
export class StickySlots implements Strategy {
  readonly areLoadsCompared = false;
  readonly #parts: StickySlotsParts;
  readonly #detector: SingleClientDetector | undefined;
  #lookedAt = -Infinity;

  constructor(parts: StickySlotsParts) {
    this.#parts = parts;
    this.#detector = parts.onSingleClient && new SingleClientDetector(parts.onSingleClient);
  }

  keepsUnasked(): boolean {
    return false;
  }

  choose(client: NativeClient, own: number, now: number): number {
    const { view, handoffs, undecided, seed } = this.#parts;
    const peer: { address?: string } = {};
    if (client.getpeername?.(peer) !== 0 || peer.address === undefined) return KEEP;
    this.#detector?.saw(peer.address);
    if (now - this.#lookedAt >= GREATEST_AGE_MS && !this.#look(now)) return KEEP;
    const slot = stickySlot(clientHash(peer.address, seed), own, view, now);
    // A worker that refused one may be about to be replaced, and its clients are then the next worker's at once. So only
    // a slot whose worker was unable to receive one is passed over.
    if (slot === own || now < handoffs.unableUntil[slot]!) return KEEP;
    if (handoffs.pairs.unanswered[slot]! >= MOST_ON_THE_WAY) return WAIT;
    undecided.claim(slot);
    return slot;
  }

  #look(now: number): boolean {
    this.#lookedAt = now;
    return this.#parts.view.refresh(now);
  }
}
