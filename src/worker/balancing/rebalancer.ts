import { COOL, handicapOf, judgeOverload } from '../../balance/overload.ts';
import { isAlive } from '../../balance/slots.ts';
import { monotonic } from '../../scoreboard/clock.ts';
import { LoadView } from '../../scoreboard/load-view.ts';

/** As often as rows are written, ms. */
const PERIOD = 250;

export interface RebalancerParts {
  readonly requests: { readonly undismissed: number; dismiss(connections: number): void };
  readonly servers: { open(): number };
  /** The scoreboard's path. */
  readonly board: string;
  /** Undefined in a spare. */
  readonly slot: () => number | undefined;
}

/**
 * Lets go of a few connections while this worker stays busier than the others. Owns a timer, which keeps no process alive,
 * and a view of the scoreboard, both for as long as the process lives.
 */
export class Rebalancer {
  readonly #parts: RebalancerParts;
  readonly #view: LoadView;
  #overload = COOL;

  private constructor(parts: RebalancerParts, view: LoadView) {
    this.#parts = parts;
    this.#view = view;
  }

  /** @returns undefined where the scoreboard cannot be read: vitals warn of that. */
  static start(parts: RebalancerParts): Rebalancer | undefined {
    try {
      const rebalancer = new Rebalancer(parts, LoadView.open(parts.board));
      setInterval(() => rebalancer.#look(), PERIOD).unref();
      return rebalancer;
    } catch {
      return undefined;
    }
  }

  /** Connections that this worker counts more than it has. */
  get handicap(): number {
    return handicapOf(this.#overload);
  }

  #look(): void {
    const now = monotonic();
    const { requests, servers } = this.#parts;
    const own = this.#parts.slot();
    if (own === undefined || !this.#view.refresh(now)) return;
    const slots = Array.from({ length: this.#view.slots }, (_, slot) => slot);
    const others = slots.filter((slot) => slot !== own && isAlive(this.#view, slot, now));
    const { utilization } = this.#view;
    const { overload, letGo } = judgeOverload(this.#overload, {
      own: utilization[own] ?? 0,
      others: others.map((slot) => utilization[slot]!),
      connections: servers.open(),
      kept: requests.undismissed,
    });
    this.#overload = overload;
    // What was asked for holds during the rest, and no longer.
    if (letGo > 0 || overload.rest === 0) requests.dismiss(letGo);
  }
}
