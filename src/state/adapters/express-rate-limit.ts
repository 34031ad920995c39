/**
 * `prefork/state/express-rate-limit`: one count for all workers.
 *
 * @example
 * app.use(rateLimit({ limit: 100, windowMs: 60_000, store: new RateLimitStore(state) }));
 */
import { checkName } from '../arguments.ts';
import type { Engine } from '../engine.ts';
import { engineOf, type State } from '../state.ts';

export interface RateLimitStoreOptions {
  /** Limits of one name count together; each needs its own. @default 'rate-limit' */
  readonly name?: string;
}

interface ClientRateLimitInfo {
  readonly totalHits: number;
  readonly resetTime: Date | undefined;
}

export class RateLimitStore {
  /** Of express-rate-limit: keys are counted for other processes too. */
  readonly localKeys = false;
  readonly prefix: string;
  readonly #engine: Engine;
  readonly #area: string;
  #window = 60_000;

  constructor(state: State, { name = 'rate-limit' }: RateLimitStoreOptions = {}) {
    this.#engine = engineOf(state);
    this.prefix = checkName(name, 'name');
    this.#area = `express-rate-limit ${name}`;
  }

  /** Called by express-rate-limit, with its options. */
  init({ windowMs }: { readonly windowMs: number }): void {
    this.#window = windowMs;
  }

  async get(key: string): Promise<ClientRateLimitInfo | undefined> {
    const entry = await this.#engine.get(this.#area, key);
    if (entry?.stored.kind !== 'number') return undefined;
    const resetTime = Number.isFinite(entry.expires) ? new Date(entry.expires) : undefined;
    return { totalHits: entry.stored.data, resetTime };
  }

  async increment(key: string): Promise<ClientRateLimitInfo> {
    const { value, expires } = await this.#engine.add(this.#area, key, 1, this.#window);
    return { totalHits: value, resetTime: new Date(expires) };
  }

  /** A request that is not to be counted after all. One that ends after its window lends nothing to the next. */
  async decrement(key: string): Promise<void> {
    await this.#engine.take(this.#area, key, 1);
  }

  async resetKey(key: string): Promise<void> {
    await this.#engine.delete(this.#area, key);
  }

  async resetAll(): Promise<void> {
    await this.#engine.clear(this.#area);
  }
}
