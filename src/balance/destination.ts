/** Where a connection goes that leaves its worker. Pure. */
import { isAlive, type Slots } from './slots.ts';

export interface Leaver {
  /** The slot that the worker has, or had. */
  readonly own: number;
  /** Its slot has another worker. */
  readonly hasSuccessor: boolean;
  /** Its connections are that slot's, and no other's: clients are told apart by their address. */
  readonly isSticky: boolean;
}

/**
 * The successor, as long as it takes what it is sent: all that is cached for these clients is in its place next. Else the slot with
 * the fewest connections, those on their way counted.
 *
 * @param isOpen whether a slot may be sent to: it takes what it is sent, as far as is known
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
