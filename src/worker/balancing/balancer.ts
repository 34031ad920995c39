import { KEEP, WAIT } from '../../balance/least-connections.ts';
import { BURST_MS, isBurst, LONGEST_WAIT_MS } from '../../balance/burst.ts';
import type { Balance } from '../../contract/modes.ts';
import type { NativeClient } from '../../listeners/native.ts';
import { monotonic } from '../../scoreboard/clock.ts';
import { PAIRS } from '../../scoreboard/layout.ts';
import { LoadView } from '../../scoreboard/load-view.ts';
import { NO_BOARD } from '../../scoreboard/rows.ts';
import type { SlotHandle, Steering } from '../listening/slot-handle.ts';
import type { Handoffs } from './handoffs.ts';
import { LeastLoaded } from './least-loaded.ts';
import { PublishedLoad } from './published-load.ts';
import { StickySlots } from './sticky-slots.ts';
import type { Strategy } from './strategy.ts';
import { Tolerance } from './tolerance.ts';
import type { Accepted, Undecided } from './undecided.ts';

/** How many connections may wait for a decision. */
const MOST_WAITING = 512;

export interface BalancerParts {
  readonly handoffs: Handoffs;
  readonly undecided: Undecided;
  readonly servers: { open(): number; accepted(): number };
  /** All connections of this worker, as its row counts them. Those that wait here or are about to be served count too. */
  readonly open: () => number;
  readonly vitals: { readonly published: number; publish(): void };
  /** Undefined in a spare. */
  readonly slot: () => number | undefined;
  readonly isDraining: () => boolean;
  /** How many connections this worker counts beside those that it has: it gave them away while it was too busy. */
  readonly handicap: () => number;
  /** What `sticky-ip` chooses slots by. */
  readonly seed: number;
  readonly onSingleClient?: ((address: string) => void) | undefined;
}

/**
 * Sees to it that each connection that this worker accepts is served by the worker that the strategy of the mode chooses. Those
 * about which the strategy cannot decide yet wait, none longer than {@link LONGEST_WAIT_MS}.
 *
 * Owns a timer while connections wait.
 */
export class Balancer implements Steering {
  readonly #parts: BalancerParts;
  readonly #tolerance: Tolerance;
  readonly #published: PublishedLoad;
  readonly #strategy: Strategy;
  #acceptedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(balance: Balance, view: LoadView, parts: BalancerParts) {
    const tolerance = new Tolerance(parts);
    const published = new PublishedLoad({ ...parts, tolerance });
    this.#parts = parts;
    this.#tolerance = tolerance;
    this.#published = published;
    this.#strategy =
      balance === 'sticky-ip'
        ? new StickySlots({ ...parts, view })
        : new LeastLoaded({ ...parts, view, tolerance, published });
    parts.handoffs.whenAnswered(() => this.#decideAgain());
  }

  /** @returns undefined without a scoreboard: this worker serves what it accepts. */
  static start(balance: Balance, parts: BalancerParts & { readonly board: string }): Balancer | undefined {
    return parts.board === NO_BOARD ? undefined : new Balancer(balance, new LoadView(parts.board), parts);
  }

  /** Connections that come in a rush are not asked to tell their ends: those change no more than the tolerance allows. */
  get ended(): (() => void) | undefined {
    return this.#strategy.areLoadsCompared && this.#tolerance.isExact ? this.#published.ending : undefined;
  }

  steer(client: NativeClient, acceptedBy: SlotHandle): void {
    this.#tolerance.accepted();
    if (this.#strategy.keepsUnasked()) return acceptedBy.serve(client);
    const own = this.#own();
    if (own === undefined) return acceptedBy.serve(client);
    const now = monotonic();
    const inBurst = isBurst(now, this.#acceptedAt, now);
    this.#acceptedAt = now;
    this.#tolerance.refresh(now);
    const to = this.#decide(client, own, now, inBurst);
    if (to === WAIT) this.#wait({ client, acceptedBy, at: now });
    else this.#place(client, acceptedBy, own, to);
  }

  #decide(client: NativeClient, own: number, now: number, inBurst: boolean): number {
    const { undecided } = this.#parts;
    undecided.begin();
    const to = this.#strategy.choose(client, own, now, inBurst);
    undecided.end();
    return to;
  }

  /** The slot that this worker may send from. A draining worker has none: it serves what waited for a decision. */
  #own(): number | undefined {
    const { slot, isDraining } = this.#parts;
    const own = slot();
    return own === undefined || own >= PAIRS.slots || isDraining() ? undefined : own;
  }

  #place(client: NativeClient, acceptedBy: SlotHandle, own: number, to: number): void {
    if (to >= 0 && this.#parts.handoffs.send(client, acceptedBy, own, to)) {
      this.#tolerance.handedOn(monotonic());
      return;
    }
    acceptedBy.serve(client);
    this.#published.publish();
  }

  #wait(accepted: Accepted): void {
    const { undecided } = this.#parts;
    undecided.wait(accepted);
    this.#published.publish();
    if (undecided.waiting > MOST_WAITING) this.#decideAgain();
    else this.#timer ??= setTimeout(() => this.#decideAgain(), BURST_MS);
  }

  /** Decides again, in the order in which they came. One that has waited for long enough waits no more. */
  #decideAgain(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { undecided } = this.#parts;
    for (let accepted = undecided.takeFirst(); accepted !== undefined; accepted = undecided.takeFirst()) {
      const { client, acceptedBy, at } = accepted;
      const own = this.#own();
      const now = monotonic();
      const isOver = now - at >= LONGEST_WAIT_MS || undecided.waiting >= MOST_WAITING;
      const inBurst = !isOver && isBurst(at, this.#acceptedAt, now);
      const to = own === undefined ? KEEP : this.#decide(client, own, now, inBurst);
      if (to === WAIT && !isOver) {
        undecided.putBack(accepted);
        this.#timer = setTimeout(() => this.#decideAgain(), BURST_MS);
        return;
      }
      this.#place(client, acceptedBy, own ?? KEEP, to);
    }
  }
}
