import { chooseReceiver, KEEP, WAIT, type Room } from '../../balance/least-connections.ts';
import type { NativeClient } from '../../listeners/native.ts';
import { monotonic } from '../../scoreboard/clock.ts';
import type { LoadView } from '../../scoreboard/load-view.ts';
import type { Handoffs } from './handoffs.ts';
import type { PublishedLoad } from './published-load.ts';
import type { Strategy } from './strategy.ts';
import { MEASURE_PERIOD_MS, type Tolerance } from './tolerance.ts';
import type { Undecided } from './undecided.ts';

/** Connections on their way from this worker to another at once. A worker that does not answer gets no more than these. */
const MOST_ON_THE_WAY = 8;

/** A worker that has not answered for so long is sent nothing: it may hang, and the others cannot see that yet. */
const LONGEST_SILENCE_MS = 250;

/** The same for a worker whose rows show that its event loop turns. */
const LONGEST_PATIENCE_MS = 1000;

/** How often a slot is chosen anew because another worker has just chosen the same. */
const MOST_TRIES = 3;

/** How old the view of the other slots may be where their loads need not be exact. */
const GREATEST_AGE_MS = 20;

export interface LeastLoadedParts {
  readonly view: LoadView;
  readonly handoffs: Pick<Handoffs, 'pairs' | 'heard' | 'closedUntil'>;
  readonly undecided: Undecided;
  readonly tolerance: Tolerance;
  readonly published: PublishedLoad;
  /** All connections of this worker, as its row counts them. */
  readonly open: () => number;
  /** How many connections this worker counts beside those that it has: it gave them away while it was too busy. */
  readonly handicap: () => number;
}

/**
 * `least-connections`: the worker with the fewest connections. The pure policy decides; this class looks at the clock, the
 * scoreboard and what is on its way, no more often than it must.
 *
 * Owns a timer of a few milliseconds.
 */
export class LeastLoaded implements Strategy {
  readonly areLoadsCompared = true;
  readonly #parts: LeastLoadedParts;
  /** So many of the next connections are kept without a decision: what they change is a part of the tolerance. */
  #unasked = 0;
  #thinkAgain: NodeJS.Timeout | undefined;
  #lookedAt = -Infinity;

  constructor(parts: LeastLoadedParts) {
    this.#parts = parts;
  }

  keepsUnasked(): boolean {
    if (this.#unasked === 0) return false;
    this.#unasked--;
    return true;
  }

  choose(_client: NativeClient, own: number, now: number, inBurst: boolean): number {
    const { tolerance, published } = this.#parts;
    // At a high rate the view of a moment ago mostly says that nothing is to be done, and a new look costs 2 µs.
    const age = tolerance.isExact ? 0 : Math.min(tolerance.value, GREATEST_AGE_MS);
    if (now - this.#lookedAt < age && this.#receiver(own, now) === KEEP) return this.#keep();
    // The row is written before this looks: of two workers that decide at once, at least one sees what the other keeps.
    published.publish();
    const to = this.#look(now) ? this.#receiver(own, now) : KEEP;
    if (!tolerance.isExact) return to === WAIT || to === KEEP ? this.#keep() : this.#agree(own, to);
    return inBurst && to !== KEEP ? WAIT : this.#agree(own, to);
  }

  /** Lets the next few stay undecided. The timer ends that: connections that come in calm may be long, so each is decided. */
  #keep(): number {
    this.#unasked = Math.floor(this.#parts.tolerance.drift);
    if (this.#thinkAgain === undefined) {
      this.#thinkAgain = setTimeout(() => {
        this.#thinkAgain = undefined;
        this.#unasked = 0;
      }, MEASURE_PERIOD_MS).unref();
    }
    return KEEP;
  }

  /**
   * Two workers that decide within the same few microseconds choose the same slot. So a choice is told first and then
   * looked at again: a worker that sees that another was faster chooses anew, and has the connection wait when that goes on.
   */
  #agree(own: number, first: number): number {
    const { undecided } = this.#parts;
    let to = first;
    for (let tries = 0; to >= 0; tries++) {
      if (tries === MOST_TRIES) return WAIT;
      const before = this.#loadOf(to);
      undecided.claim(to);
      const now = monotonic();
      if (!this.#look(now) || this.#loadOf(to) <= before + 1) return to;
      undecided.unclaim(to);
      to = this.#look(now) ? this.#receiver(own, now) : KEEP;
    }
    return to;
  }

  #receiver(own: number, now: number): number {
    const { view, open, handicap, undecided, tolerance } = this.#parts;
    const load = open() - undecided.inHand + handicap() + view.coming[own]!;
    return chooseReceiver(own, load, view, tolerance.value, now, this.#roomOf);
  }

  #loadOf(slot: number): number {
    const { view } = this.#parts;
    return view.open[slot]! + view.coming[slot]!;
  }

  readonly #roomOf = (slot: number): Room => {
    const { view, handoffs } = this.#parts;
    const { pairs, heard, closedUntil } = handoffs;
    const now = monotonic();
    if (now < closedUntil[slot]!) return 'closed';
    const unanswered = pairs.unanswered[slot]!;
    if (unanswered > 0 && isSilent(now - heard[slot]!, view.beats[slot]! > heard[slot]!)) return 'closed';
    return unanswered < MOST_ON_THE_WAY ? 'open' : 'full';
  };

  #look(now: number): boolean {
    this.#lookedAt = now;
    return this.#parts.view.refresh(now);
  }
}

/** On a machine that has too much to do answers come late. A row that was written meanwhile tells that the worker lives. */
function isSilent(silence: number, hasBeaten: boolean): boolean {
  return silence > (hasBeaten ? LONGEST_PATIENCE_MS : LONGEST_SILENCE_MS);
}
