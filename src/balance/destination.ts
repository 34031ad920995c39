/** Chooses where a connection goes that leaves its worker. This module is pure. */
import { isAlive, type Slots } from './slots.ts';

export interface Leaver {
  /** The slot that the worker has, or had. */
  readonly own: number;
  /** True when the slot has another worker. */
  readonly hasSuccessor: boolean;
  /** True when the slot alone may serve its connections, because addresses decide which slot serves a client. */
  readonly isSticky: boolean;
}

/**
 * Chooses the slot. The successor comes first, as long as it accepts connections. Otherwise the slot with the fewest
 * connections is chosen, including those on their way.
 *
 * @param isOpen tells whether a slot accepts connections, as far as is known
 * @returns undefined where there is none at the moment
 */
export function chooseDestination(
  { own, hasSuccessor, isSticky }: Leaver,
  slots: Slots,
  now: number,
  isOpen: (slot: number) => boolean,
): number | undefined {
  if (hasSuccessor && isOpen(own)) return own;
  if (isSticky) return undefined;
  let best: number | undefined = undefined;
  let least = Infinity;
  for (let slot = 0; slot < slots.slots; slot++) {
    if (slot === own || !isAlive(slots, slot, now) || !isOpen(slot)) continue;
    const load = slots.open[slot]! + slots.coming[slot]!;
    if (load >= least) continue;
    least = load;
    best = slot;
  }
  return best;
}
