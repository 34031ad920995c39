import { registered } from '../worker/registry.ts';
import type { Engine } from './engine.ts';
import type { Leadership } from './leadership.ts';

/** A metric as prom-client's registries have it. The primary knows what it means (docs/metrics.md). */
interface Family {
  readonly name: string;
  readonly help: '';
  readonly type: 'counter' | 'gauge';
  readonly aggregator: 'sum' | 'min';
  readonly values: ReadonlyArray<{ readonly value: number; readonly labels: Readonly<Record<string, string>> }>;
}

/** Tells how a server is, and which jobs this process leads. In a worker, the primary asks when it serves `/metrics`. */
export class ServerMetrics {
  readonly #engine: Engine;
  readonly #leaderships: ReadonlySet<Leadership>;
  #isOwned = false;

  constructor(engine: Engine, leaderships: ReadonlySet<Leadership>) {
    this.#engine = engine;
    this.#leaderships = leaderships;
    if (engine.outages !== undefined) this.own();
  }

  /** Makes the primary ask for these metrics. A second call does nothing. */
  own(): void {
    if (!this.#isOwned) registered()?.ownMetrics(this);
    this.#isOwned = true;
  }

  async getMetricsAsJSON(): Promise<readonly Family[]> {
    return [...this.#server(), ...this.#leaders()];
  }

  #server(): Family[] {
    const { outages } = this.#engine;
    if (outages === undefined) return [];
    const { answers, answerMs, timeouts, outages: times } = outages.counts;
    const counter = (word: string, value: number): Family => family(`prefork_state_${word}_total`, 'counter', value);
    return [
      family('prefork_state_up', 'gauge', outages.isAway ? 0 : 1),
      counter('answers', answers),
      counter('answer_seconds', answerMs / 1000),
      counter('timeouts', timeouts),
      counter('outages', times),
    ];
  }

  #leaders(): Family[] {
    if (this.#leaderships.size === 0) return [];
    const values = [...this.#leaderships].map(({ name, isLeader }) => ({
      value: isLeader ? 1 : 0,
      labels: { name },
    }));
    return [{ name: 'prefork_state_leader', help: '', type: 'gauge', aggregator: 'sum', values }];
  }
}

function family(name: string, type: 'counter' | 'gauge', value: number): Family {
  return { name, help: '', type, aggregator: type === 'counter' ? 'sum' : 'min', values: [{ value, labels: {} }] };
}
