/**
 * Which slot serves a client, by its address alone: the same one as long as its worker lives. Pure.
 *
 * Rendezvous hashing: the client and each slot make a number, and the highest wins. Nothing is remembered, all workers
 * come to the same answer, and when a slot goes only its own clients move. HRW: Thaler and Ravishankar, 1998.
 */
import { isAlive, type Slots } from './slots.ts';

/**
 * A client as a number. Of an IPv6 address the first 64 bits count: the rest is the client's to change as it likes (RFC
 * 8981), while that network is one customer's. IPv4 written as IPv6 is IPv4.
 */
export function clientHash(address: string): number {
  const dot = address.indexOf('.');
  if (dot !== -1) return hashText(address.slice(address.lastIndexOf(':', dot) + 1));
  return hashText(networkOf(address).join(':'));
}

/**
 * @param own the slot that asks; it lives, whatever the scoreboard says
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

/** The first four groups, written out. */
function networkOf(address: string): string[] {
  const [head = '', tail] = address.split('%', 1)[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  if (tail === undefined) return left.slice(0, 4);
  const right = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4);
}

/** FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** The finalizer of MurmurHash3 over both: every bit of either changes half of the result's. */
function mix(client: number, slot: number): number {
  let hash = client ^ Math.imul(slot + 1, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
