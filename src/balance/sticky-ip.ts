/**
 * Chooses the slot of a client by its address alone. The slot stays the same as long as its worker lives. This module
 * is pure.
 *
 * The method is rendezvous hashing (HRW: Thaler and Ravishankar, 1998). The client and each slot make a number, and the
 * highest number wins. No state is kept, all workers come to the same answer, and when a slot goes only its own clients
 * move.
 */
import { clientOf } from '../contract/networks.ts';
import { isAlive, type Slots } from './slots.ts';

/**
 * Turns a client's address into a number: all addresses of {@link clientOf} one client have the same.
 *
 * @param seed 32 bits that no client knows. With them it cannot look for addresses of one slot before it comes.
 */
export function clientHash(address: string, seed: number): number {
  return hashText(clientOf(address), seed);
}

/**
 * Chooses the client's slot.
 *
 * @param own the slot that asks, which is alive whatever the scoreboard says
 * @returns the client's slot
 */
export function stickySlot(client: number, own: number, slots: Slots, now: number): number {
  let best = own;
  let highest = mix(client, own);
  for (let slot = 0; slot < slots.slots; slot++) {
    if (slot === own || !isAlive(slots, slot, now)) continue;
    const score = mix(client, slot);
    if (score > highest || (score === highest && slot < best)) {
      highest = score;
      best = slot;
    }
  }
  return best;
}

/** This is FNV-1a, which begins elsewhere for each seed. */
function hashText(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** Mixes both numbers by the finalizer of MurmurHash3: every bit of either changes half of the result's bits. */
function mix(client: number, slot: number): number {
  let hash = client ^ Math.imul(slot + 1, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
