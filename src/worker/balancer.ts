import { AcceptRate } from '../balance/accept-rate.ts';
import { chooseReceiver, KEEP, toleranceFor } from '../balance/least-connections.ts';
import type { Balance } from '../balance/mode.ts';
import { clientHash, stickySlot } from '../balance/sticky-ip.ts';
import type { NativeClient } from '../listeners/native.ts';
import { monotonic } from '../scoreboard/clock.ts';
import { Glance } from '../scoreboard/glance.ts';
import { ON_THE_WAY } from '../scoreboard/layout.ts';
import type { Handoffs } from './handoffs.ts';
import type { Steer } from './slot-handle.ts';

/** Connections on their way from one worker to another at once: whoever does not answer gets no more than these. */
const MOST_ON_THE_WAY = 8;

/** The same where the client's slot must serve it: each costs a descriptor, in the primary too. */
const MOST_STICKY_ON_THE_WAY = 512;

/** Who has not answered for so long, ms, is not sent anything: it may hang, and others cannot see that yet. */
const LONGEST_SILENCE = 100;

/** Who would not have a connection is not offered another one for so long, ms. */
const PAUSE = 250;

/** How old, ms, may be what is known of the other slots, where only life and death count. */
const STICKY_AGE = 50;

/** The same for loads, where they need not be exact. */
const GREATEST_AGE = 20;

/** Of the tolerance: how much the own load may differ from what the others know of it. */
const DRIFT = 1 / 4;

export interface BalancerParts {
  readonly handoffs: Handoffs;
  readonly servers: { open(): number };
  readonly vitals: { readonly published: number; publish(): void };
  /** Undefined in a spare. */
  readonly slot: () => number | undefined;
  readonly isDraining: () => boolean;
}

type Strategy = (client: NativeClient, own: number, now: number) => number;

/**
 * Decides for each connection that this worker accepts who serves it. Decisions are the pure policies'; this looks at
 * the clock, the scoreboard and what is on its way, no more often than it must.
 */
export class Balancer {
  readonly #parts: BalancerParts;
  readonly #glance: Glance;
  readonly #strategy: Strategy;
  readonly #rate = new AcceptRate();
  #tolerance = 1;
  #lookedAt = -Infinity;

  constructor(balance: Balance, glance: Glance, parts: BalancerParts) {
    this.#parts = parts;
    this.#glance = glance;
    this.#strategy = balance === 'sticky-ip' ? this.#stickySlot : this.#leastLoaded;
  }

  /** @returns undefined where the scoreboard cannot be read: this worker serves what it accepts. Its vitals warn of that. */
  static start(balance: Balance, board: string, parts: BalancerParts): Balancer | undefined {
    try {
      return new Balancer(balance, Glance.open(board), parts);
    } catch {
      return undefined;
    }
  }

  readonly steer: Steer = (client, acceptedBy) => {
    const { handoffs } = this.#parts;
    const to = this.#receiverOf(client);
    if (to !== KEEP && handoffs.send(client, acceptedBy, to)) return;
    acceptedBy.serve(client);
    this.#publish();
  };

  #receiverOf(client: NativeClient): number {
    const own = this.#parts.slot();
    // What a draining worker still accepts is what waited before: the others would not be asked in vain only.
    if (own === undefined || own >= ON_THE_WAY.slots || this.#parts.isDraining()) return KEEP;
    return this.#strategy(client, own, monotonic());
  }

  readonly #leastLoaded: Strategy = (_client, own, now) => {
    this.#rate.accepted(now);
    this.#tolerance = toleranceFor(this.#rate.perSecond(now));
    // At a high rate what was seen a moment ago mostly says that nothing is to be done, and looking costs 2 µs.
    const age = this.#tolerance === 1 ? 0 : Math.min(this.#tolerance, GREATEST_AGE);
    if (now - this.#lookedAt < age && this.#choose(own, now) === KEEP) return KEEP;
    return this.#look(now) ? this.#choose(own, now) : KEEP;
  };

  #choose(own: number, now: number): number {
    const load = this.#parts.servers.open() + this.#glance.coming[own]!;
    return chooseReceiver(own, load, this.#glance, this.#tolerance, now, this.#isOpen);
  }

  readonly #isOpen = (slot: number): boolean => {
    const { onTheWay, heard, denied } = this.#parts.handoffs;
    const now = performance.now();
    if (now - denied[slot]! < PAUSE) return false;
    const waiting = onTheWay[slot]!;
    return waiting === 0 || (waiting < MOST_ON_THE_WAY && now - heard[slot]! < LONGEST_SILENCE);
  };

  readonly #stickySlot: Strategy = (client, own, now) => {
    const peer: { address?: string } = {};
    if (client.getpeername?.(peer) !== 0 || peer.address === undefined) return KEEP;
    if (now - this.#lookedAt >= STICKY_AGE && !this.#look(now)) return KEEP;
    const slot = stickySlot(clientHash(peer.address), own, this.#glance, now);
    return slot === own || this.#parts.handoffs.onTheWay[slot]! >= MOST_STICKY_ON_THE_WAY ? KEEP : slot;
  };

  #look(now: number): boolean {
    this.#lookedAt = now;
    return this.#glance.look(now);
  }

  /** As exact as decisions are, and no more often: 1 to 2 µs each. */
  #publish(): void {
    const { servers, vitals } = this.#parts;
    const drift = Math.abs(servers.open() - vitals.published);
    if (drift >= Math.max(1, this.#tolerance * DRIFT)) vitals.publish();
  }
}

