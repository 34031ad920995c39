import type { Fleet } from '../../fleet/fleet.ts';
import { parked } from '../../fleet/fleet.ts';
import { watchedCanary } from '../../fleet/operations/canary.ts';
import type { FleetEvent } from '../../fleet/events.ts';
import type { CanaryWatch } from './canary-watch.ts';

/** How often a canary is judged. */
const CANARY_PERIOD_MS = 1000;

/**
 * How often the memory of the cgroup is looked at: a release that leaks can take what is left of a small cgroup within a second. It is
 * less than the poller's period, so that a timer which is early by a moment skips no look.
 */
const MEMORY_PERIOD_MS = 200;

/**
 * A look takes at most this share of the time: after one that took long the next comes later. How long it takes grows with the workers,
 * and with what they write into their histograms.
 */
const MOST_SHARE = 0.1;

export interface SlowLooksParts {
  readonly canary: Pick<CanaryWatch, 'begin' | 'look' | 'end'>;
  /** Returns why the cgroup is short of memory; undefined when it is not. */
  readonly whyTight: () => string | undefined;
  readonly post: (event: FleetEvent) => void;
  /** Monotonic, ms. */
  readonly now: () => number;
}

/**
 * What is looked at only while there is a reason, and less often where a look takes long: the two generations of a canary, and the memory
 * of the cgroup while workers are parked. What is seen becomes an event. Owns nothing but the memory of the canary's samples.
 */
export class SlowLooks {
  readonly #parts: SlowLooksParts;
  /** The beginning of the watch whose samples there are. */
  #watchedSince: number | undefined;
  #canaryDue = 0;
  #memoryDue = 0;

  constructor(parts: SlowLooksParts) {
    this.#parts = parts;
  }

  /** @param now monotonic, ms. */
  look(fleet: Fleet, now: number): void {
    if (now >= this.#canaryDue) {
      this.#canaryDue = now + this.#pause(CANARY_PERIOD_MS, () => this.#lookAtCanary(fleet, now));
    }
    if (now >= this.#memoryDue) {
      this.#memoryDue = now + this.#pause(MEMORY_PERIOD_MS, () => this.#lookAtMemory(fleet));
    }
  }

  /** Looks. Returns the time from then to the next look, ms. */
  #pause(period: number, look: () => void): number {
    const began = this.#parts.now();
    look();
    return Math.max(period, (this.#parts.now() - began) / MOST_SHARE);
  }

  #lookAtCanary(fleet: Fleet, now: number): void {
    const { canary, post } = this.#parts;
    const watched = watchedCanary(fleet);
    if (watched === undefined) {
      if (this.#watchedSince !== undefined) canary.end();
      this.#watchedSince = undefined;
      return;
    }
    const { since, watch } = watched;
    if (this.#watchedSince !== since) canary.begin(fleet.generation, since);
    this.#watchedSince = since;
    post({ type: 'judged', judgement: canary.look(fleet, now, { elapsed: now - since, total: watch }) });
  }

  #lookAtMemory(fleet: Fleet): void {
    if (parked(fleet).length === 0) return;
    const why = this.#parts.whyTight();
    if (why !== undefined) this.#parts.post({ type: 'memory-tight', why });
  }
}
