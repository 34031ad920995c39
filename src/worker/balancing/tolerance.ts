import { handoffBudget, toleranceFor } from '../../balance/least-connections.ts';
import { Rate } from '../../balance/rate.ts';
import type { Handoffs } from './handoffs.ts';

/** How often the tolerance is worked out anew. At a high rate of accepts it hardly changes from one to the next. */
export const MEASURE_PERIOD_MS = 8;

/** The share of the tolerance by which this worker's load may differ from what the others know of it. */
const DRIFT = 1 / 4;

export interface ToleranceParts {
  readonly servers: { open(): number; accepted(): number };
  readonly handoffs: { readonly moves: Pick<Handoffs['moves'], 'in' | 'out'> };
}

/**
 * How many connections more than another this worker may have, from the rates at which its connections come and end. Owns the
 * budget of its handoffs.
 */
export class Tolerance {
  readonly #parts: ToleranceParts;
  readonly #accepts = new Rate();
  readonly #ends = new Rate();
  readonly #budget = handoffBudget();
  /** Connections accepted since the last measurement. */
  #accepted = 0;
  /** Connections that have ended in all. */
  #ended = 0;
  #measuredAt = -Infinity;
  #value = 1;

  constructor(parts: ToleranceParts) {
    this.#parts = parts;
  }

  get value(): number {
    return this.#value;
  }

  /** Connections come slowly, or have only begun to come fast. They may stay long, so each of them counts. */
  get isExact(): boolean {
    return this.#value === 1;
  }

  /** The others' knowledge of this worker may be wrong by so many connections. Below 1 they have to know each. */
  get drift(): number {
    return this.#value * DRIFT;
  }

  /** Counts a connection that was accepted. */
  accepted(): void {
    this.#accepted++;
  }

  /** Counts a connection that was handed on. */
  handedOn(now: number): void {
    this.#budget.take(now);
  }

  /** Works out the rates and the tolerance, where that was not done a moment ago. */
  refresh(now: number): void {
    if (now - this.#measuredAt < MEASURE_PERIOD_MS) return;
    const { servers, handoffs } = this.#parts;
    const load = servers.open();
    // A connection that moved here was accepted elsewhere, and one that moved away has not ended.
    const ended = servers.accepted() + handoffs.moves.in - handoffs.moves.out - load;
    const accepts = this.#accepts.add(this.#accepted, now);
    const ends = this.#ends.add(ended - this.#ended, now);
    this.#ended = ended;
    this.#accepted = 0;
    this.#measuredAt = now;
    this.#value = toleranceFor({ accepts, ends, load, budget: this.#budget.level(now) });
  }
}
