/**
 * Chooses the slot of a client by its address alone. The slot stays the same as long as its worker lives. This module
 * is pure.
 *
 * The method is rendezvous hashing (HRW: Thaler and Ravishankar, 1998). The client and each slot make a number, and the
 * highest number wins. No state is kept, all workers come to the same answer, and when a slot goes only its own clients
 * move.
 */
import { isAlive, type Slots } from './slots.ts';

/**
 * Turns a client's address into a number. The first 64 bits of an IPv6 address count, because they are one customer's
 * network and the client changes the rest as it likes (RFC 8981). IPv4 in IPv6 notation counts as IPv4.
 */
export function clientHash(address: string): number {
  const dot = address.indexOf('.');
  if (dot !== -1) return hashText(address.slice(address.lastIndexOf(':', dot) + 1));
  return hashText(networkOf(address).join(':'));
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

/** Returns the first four groups of an address, written out. */
function networkOf(address: string): string[] {
  const [head = '', tail] = address.split('%', 1)[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  if (tail === undefined) return left.slice(0, 4);
  const right = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4);
}

/** This is FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
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
