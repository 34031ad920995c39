/**
 * `prefork/state/express-rate-limit`: one count for all workers.
 *
 * @example
 * app.use(rateLimit({ limit: 100, windowMs: 60_000, store: new RateLimitStore(state) }));
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { checkName } from '../arguments.ts';
import type { Engine } from '../engine.ts';
import { engineOf, type State } from '../state.ts';

export interface RateLimitStoreOptions {
  /** Limits of one name count together; each needs its own. @default 'rate-limit' */
  readonly name?: string;
}

/** In which window a request was counted. */
interface CountedRequest {
  readonly key: string;
  /** The end of it, `Date.now()`'s; undefined until that is known. */
  expires: number | undefined;
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
  /** express-rate-limit does not say for which request it takes back: that runs in the request's own context. */
  readonly #request = new AsyncLocalStorage<CountedRequest>();
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
    const counted: CountedRequest = { key, expires: undefined };
    this.#request.enterWith(counted);
    const { value, expires } = await this.#engine.add(this.#area, key, 1, this.#window);
    counted.expires = expires;
    return { totalHits: value, resetTime: new Date(expires) };
  }

  /**
   * A request that is not to be counted after all. Not where its window is over: taken from the next one, it would let one request
   * more pass there for each that was begun before.
   */
  async decrement(key: string): Promise<void> {
    const counted = this.#request.getStore();
    const isOver = counted?.key === key && counted.expires !== undefined && counted.expires <= Date.now();
    if (!isOver) await this.#engine.add(this.#area, key, -1, this.#window, 'present');
  }

  async resetKey(key: string): Promise<void> {
    await this.#engine.delete(this.#area, key);
  }

  async resetAll(): Promise<void> {
    await this.#engine.clear(this.#area);
  }
}
