import { chooseReceiver, handoffBudget, KEEP, toleranceFor, WAIT, type Room } from '../../balance/least-connections.ts';
import type { Balance } from '../../contract/modes.ts';
import { BURST_MS, isBurst, LONGEST_WAIT_MS } from '../../balance/burst.ts';
import { Rate } from '../../balance/rate.ts';
import { clientHash, stickySlot } from '../../balance/sticky-ip.ts';
import type { NativeClient } from '../../listeners/native.ts';
import { monotonic } from '../../scoreboard/clock.ts';
import { LoadView } from '../../scoreboard/load-view.ts';
import { PAIRS } from '../../scoreboard/layout.ts';
import type { Handoffs } from './handoffs.ts';
import type { SlotHandle, Steering } from '../listening/slot-handle.ts';

/** Connections on their way from this worker to another at once. A worker that does not answer gets no more than these. */
const MOST_ON_THE_WAY = 8;

/** The same where the client's slot must serve it. Each of them costs a descriptor, in the primary too. */
const MOST_STICKY_ON_THE_WAY = 200;

/** A worker that has not answered for so long is sent nothing: it may hang, and the others cannot see that yet. */
const LONGEST_SILENCE_MS = 250;

/** The same for a worker whose rows show that its event loop turns. */
const LONGEST_PATIENCE_MS = 1000;

/** How many connections may wait for a decision. */
const MOST_PARKED = 512;

/** How often a slot is chosen anew because another worker has just chosen the same. */
const MOST_TRIES = 3;

/** How old the view of the other slots may be where only life and death count. */
const STICKY_AGE_MS = 50;

/** The same for loads, where these need not be exact. */
const GREATEST_AGE_MS = 20;

/** How often the tolerance is worked out anew. At a high rate of accepts it hardly changes from one to the next. */
const MEASURE_PERIOD_MS = 8;

/** The share of the tolerance by which this worker's load may differ from what the others know of it. */
const DRIFT = 1 / 4;

export interface BalancerParts {
  readonly handoffs: Handoffs;
  readonly servers: { open(): number; accepted(): number };
  /** All connections of this worker, as its row counts them. Those that wait here or are about to be served count too. */
  readonly open: () => number;
  readonly vitals: { readonly published: number; publish(): void };
  /** Undefined in a spare. */
  readonly slot: () => number | undefined;
  readonly isDraining: () => boolean;
  /** How many connections this worker counts beside those that it has: it gave them away while it was too busy. */
  readonly handicap: () => number;
}

/** @returns a slot that was claimed, KEEP or WAIT. */
type Strategy = (client: NativeClient, own: number, now: number, inBurst: boolean) => number;

/** An accepted connection that no worker serves yet. */
interface Parked {
  readonly client: NativeClient;
  readonly acceptedBy: SlotHandle;
  /** When it was accepted; monotonic, ms. */
  readonly at: number;
}

/**
 * Decides for each connection that this worker accepts which worker serves it. The pure policies decide; this class looks
 * at the clock, the scoreboard and what is on its way, no more often than it must.
 *
 * Owns connections that wait for a decision, none longer than {@link LONGEST_WAIT_MS}, and its view of the scoreboard.
 */
export class Balancer implements Steering {
  readonly #parts: BalancerParts;
  readonly #view: LoadView;
  readonly #strategy: Strategy;
  readonly #areLoadsCompared: boolean;
  readonly #accepts = new Rate();
  readonly #ends = new Rate();
  readonly #budget = handoffBudget();
  #accepted = 0;
  #ended = 0;
  #measuredAt = -Infinity;
  readonly #parked: Parked[] = [];
  /** 1 while a connection is being decided: it counts as this worker's until it is claimed for another. */
  #inHand = 0;
  #tolerance = 1;
  /** So many of the next connections are kept without a decision: what they change is a part of the tolerance. */
  #unasked = 0;
  #thinkAgain: NodeJS.Timeout | undefined;
  #isTelling = false;
  #lookedAt = -Infinity;
  #acceptedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(balance: Balance, view: LoadView, parts: BalancerParts) {
    this.#parts = parts;
    this.#view = view;
    this.#areLoadsCompared = balance !== 'sticky-ip';
    this.#strategy = this.#areLoadsCompared ? this.#leastLoaded : this.#stickySlot;
    parts.handoffs.whenSettled(() => this.#unpark());
  }

  /** @returns undefined where the scoreboard cannot be read: this worker serves what it accepts. `Vitals` warns of that. */
  static start(balance: Balance, parts: BalancerParts & { readonly board: string }): Balancer | undefined {
    try {
      return new Balancer(balance, LoadView.open(parts.board), parts);
    } catch {
      return undefined;
    }
  }

  /** Connections that wait for a decision. */
  get waiting(): number {
    return this.#parked.length + this.#inHand;
  }

  /** Connections that come in a rush are not asked to tell their ends: those change no more than the tolerance allows. */
  get ended(): (() => void) | undefined {
    return this.#areLoadsCompared && this.#isExact ? this.#tellEnds : undefined;
  }

  steer(client: NativeClient, acceptedBy: SlotHandle): void {
    if (this.#unasked > 0) {
      this.#unasked--;
      this.#accepted++;
      acceptedBy.serve(client);
      return;
    }
    const own = this.#own();
    if (own === undefined) return acceptedBy.serve(client);
    const now = monotonic();
    const inBurst = isBurst(now, this.#acceptedAt, now);
    this.#acceptedAt = now;
    this.#accepted++;
    if (now - this.#measuredAt >= MEASURE_PERIOD_MS) this.#measure(now);
    const to = this.#decide(client, own, now, inBurst);
    if (to === WAIT) this.#park({ client, acceptedBy, at: now });
    else this.#place(client, acceptedBy, own, to);
  }

  /**
   * Ends are told as soon as beginnings are, and once for all that end together. When a pool of connections ends and comes
   * back, a worker that still seemed to have the old ones would get none of the new.
   */
  readonly #tellEnds = (): void => {
    if (this.#isTelling || this.#drift(-1) < this.#leastDrift) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      this.#publish();
    });
  };

  #decide(client: NativeClient, own: number, now: number, inBurst: boolean): number {
    this.#inHand = 1;
    const to = this.#strategy(client, own, now, inBurst);
    this.#inHand = 0;
    return to;
  }

  /** Works out the rates and the tolerance. The number of connections that ended follows from what is left. */
  #measure(now: number): void {
    const { servers, handoffs } = this.#parts;
    const load = servers.open();
    // A connection that moved here was accepted elsewhere, and one that moved away has not ended.
    const ended = servers.accepted() + handoffs.moves.in - handoffs.moves.out - load;
    const accepts = this.#accepts.add(this.#accepted, now);
    const ends = this.#ends.add(ended - this.#ended, now);
    this.#ended = ended;
    this.#accepted = 0;
    this.#measuredAt = now;
    this.#tolerance = toleranceFor({ accepts, ends, load, budget: this.#budget.level(now) });
  }

  /** The slot that this worker may send from. A draining worker has none: it serves what waited for a decision. */
  #own(): number | undefined {
    const { slot, isDraining } = this.#parts;
    const own = slot();
    return own === undefined || own >= PAIRS.slots || isDraining() ? undefined : own;
  }

  #place(client: NativeClient, acceptedBy: SlotHandle, own: number, to: number): void {
    if (to >= 0 && this.#parts.handoffs.send(client, acceptedBy, own, to)) {
      this.#budget.take(monotonic());
      return;
    }
    acceptedBy.serve(client);
    this.#publish();
  }

  /**
   * Two workers that decide within the same few microseconds choose the same slot. So a choice is told first and then
   * looked at again: a worker that sees that another was faster chooses anew, and has the connection wait when that goes on.
   */
  #agree(own: number, first: number): number {
    let to = first;
    for (let tries = 0; to >= 0; tries++) {
      if (tries === MOST_TRIES) return WAIT;
      const before = this.#loadOf(to);
      this.#claim(to);
      const now = monotonic();
      if (!this.#look(now) || this.#loadOf(to) <= before + 1) return to;
      this.#unclaim(to);
      to = this.#look(now) ? this.#choose(own, now) : KEEP;
    }
    return to;
  }

  /** Clears `#inHand` first, so that one write of the row says both: the connection is no longer here and is on its way. */
  #claim(to: number): void {
    this.#inHand = 0;
    this.#parts.handoffs.claim(to);
  }

  #unclaim(to: number): void {
    this.#inHand = 1;
    this.#parts.handoffs.unclaim(to);
  }

  #loadOf(slot: number): number {
    return this.#view.open[slot]! + this.#view.coming[slot]!;
  }

  #park(parked: Parked): void {
    this.#parked.push(parked);
    this.#publish();
    if (this.#parked.length > MOST_PARKED) this.#unpark();
    else this.#timer ??= setTimeout(() => this.#unpark(), BURST_MS);
  }

  /** Decides again, in the order in which they came. One that has waited for long enough waits no more. */
  #unpark(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#parked.length > 0) {
      const { client, acceptedBy, at } = this.#parked.shift()!;
      const own = this.#own();
      const now = monotonic();
      const isOver = now - at >= LONGEST_WAIT_MS || this.#parked.length >= MOST_PARKED;
      const inBurst = !isOver && isBurst(at, this.#acceptedAt, now);
      const to = own === undefined ? KEEP : this.#decide(client, own, now, inBurst);
      if (to !== WAIT || isOver) {
        this.#place(client, acceptedBy, own ?? KEEP, to);
        continue;
      }
      this.#parked.unshift({ client, acceptedBy, at });
      this.#timer = setTimeout(() => this.#unpark(), BURST_MS);
      return;
    }
  }

  readonly #leastLoaded: Strategy = (_client, own, now, inBurst) => {
    // At a high rate the view of a moment ago mostly says that nothing is to be done, and a new look costs 2 µs.
    const age = this.#isExact ? 0 : Math.min(this.#tolerance, GREATEST_AGE_MS);
    if (now - this.#lookedAt < age && this.#choose(own, now) === KEEP) return this.#keep();
    // The row is written before this looks: of two workers that decide at once, at least one sees what the other keeps.
    this.#publish();
    const to = this.#look(now) ? this.#choose(own, now) : KEEP;
    if (!this.#isExact) return to === WAIT || to === KEEP ? this.#keep() : this.#agree(own, to);
    return inBurst && to !== KEEP ? WAIT : this.#agree(own, to);
  };

  /** Lets the next few stay undecided. The timer ends that: connections that come in calm may be long, so each is decided. */
  #keep(): number {
    this.#unasked = Math.floor(this.#tolerance * DRIFT);
    if (this.#thinkAgain === undefined) {
      this.#thinkAgain = setTimeout(() => {
        this.#thinkAgain = undefined;
        this.#unasked = 0;
      }, MEASURE_PERIOD_MS).unref();
    }
    return KEEP;
  }

  /** Connections come slowly, or have only begun to come fast. They may stay long, so each of them counts. */
  get #isExact(): boolean {
    return this.#tolerance === 1;
  }

  #choose(own: number, now: number): number {
    const { open, handicap } = this.#parts;
    const load = open() - this.#inHand + handicap() + this.#view.coming[own]!;
    return chooseReceiver(own, load, this.#view, this.#tolerance, now, this.#roomOf);
  }

  readonly #roomOf = (slot: number): Room => {
    const { pairs, heard, closedUntil } = this.#parts.handoffs;
    const now = monotonic();
    if (now < closedUntil[slot]!) return 'closed';
    const unanswered = pairs.unanswered[slot]!;
    if (unanswered > 0 && this.#isSilent(now - heard[slot]!, this.#view.beats[slot]! > heard[slot]!)) return 'closed';
    return unanswered < MOST_ON_THE_WAY ? 'open' : 'full';
  };

  /** On a machine that has too much to do answers come late. A row that was written meanwhile tells that the worker lives. */
  #isSilent(silence: number, hasBeaten: boolean): boolean {
    return silence > (hasBeaten ? LONGEST_PATIENCE_MS : LONGEST_SILENCE_MS);
  }

  readonly #stickySlot: Strategy = (client, own, now) => {
    const peer: { address?: string } = {};
    if (client.getpeername?.(peer) !== 0 || peer.address === undefined) return KEEP;
    if (now - this.#lookedAt >= STICKY_AGE_MS && !this.#look(now)) return KEEP;
    const slot = stickySlot(clientHash(peer.address), own, this.#view, now);
    const { pairs, unableUntil } = this.#parts.handoffs;
    // A worker that refused one may be about to be replaced, and its clients are then the next worker's at once. So only
    // a slot whose worker was unable to receive one is passed over.
    if (slot === own || now < unableUntil[slot]!) return KEEP;
    if (pairs.unanswered[slot]! >= MOST_STICKY_ON_THE_WAY) return WAIT;
    this.#claim(slot);
    return slot;
  };

  #look(now: number): boolean {
    this.#lookedAt = now;
    return this.#view.refresh(now);
  }

  /** Writes the row only when it is less exact than decisions are: each write costs 1 to 2 µs. */
  #publish(): void {
    if (this.#drift() >= this.#leastDrift) this.#parts.vitals.publish();
  }

  /** How far the load that the others know is from the truth, or will be after a change. */
  #drift(change = 0): number {
    const { open, vitals } = this.#parts;
    return Math.abs(open() + change - vitals.published);
  }

  get #leastDrift(): number {
    return Math.max(1, this.#tolerance * DRIFT);
  }
}
