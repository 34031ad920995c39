/**
 * `prefork/state/express-rate-limit`: one count for all workers.
 *
 * @example
 * app.use(rateLimit({ limit: 100, windowMs: 60_000, store: new RateLimitStore(state) }));
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { checkName } from '../arguments.ts';
import { engineOf, type State } from '../state.ts';
import { checkWhenAway, countingWhen, LIMIT_POLICIES, type Counting, type WhenAway } from '../when-away.ts';

export interface RateLimitStoreOptions {
  /** Limits with the same name count together, so each limit needs its own. @default 'rate-limit' */
  readonly name?: string;
  /**
   * What happens to requests while Redis is away: they fail, each process counts for itself, or they all pass.
   *
   * @default 'fail'
   */
  readonly whenAway?: WhenAway;
}

/** A request, and the window in which it was counted. */
interface CountedRequest {
  readonly key: string;
  /** The end of the window, by `Date.now()`; undefined until it is known. */
  expires: number | undefined;
}

interface ClientRateLimitInfo {
  readonly totalHits: number;
  readonly resetTime: Date | undefined;
}

export class RateLimitStore {
  /** Tells express-rate-limit that other processes count these keys too. */
  readonly localKeys = false;
  readonly prefix: string;
  readonly #engine: Counting;
  readonly #area: string;
  /**
   * The request that is being counted. express-rate-limit does not say for which request it decrements, but it runs in
   * the request's own context.
   */
  readonly #request = new AsyncLocalStorage<CountedRequest>();
  #window = 60_000;

  constructor(state: State, { name = 'rate-limit', whenAway }: RateLimitStoreOptions = {}) {
    this.#engine = countingWhen(engineOf(state), checkWhenAway(whenAway, LIMIT_POLICIES));
    this.prefix = checkName(name, 'name');
    this.#area = `express-rate-limit ${name}`;
  }

  /** express-rate-limit calls this with its options. */
  init({ windowMs }: { readonly windowMs: number }): void {
    this.#window = windowMs;
  }

  async get(key: string): Promise<ClientRateLimitInfo | undefined> {
    const item = await this.#engine.get(this.#area, key);
    if (item?.stored.kind !== 'number') return undefined;
    const resetTime = Number.isFinite(item.expires) ? new Date(item.expires) : undefined;
    return { totalHits: item.stored.data, resetTime };
  }

  async increment(key: string): Promise<ClientRateLimitInfo> {
    const counted: CountedRequest = { key, expires: undefined };
    this.#request.enterWith(counted);
    const { value, expires } = await this.#engine.add(this.#area, key, 1, { ttl: this.#window });
    counted.expires = expires;
    return { totalHits: value, resetTime: new Date(expires) };
  }

  /**
   * Takes back a request that does not count after all. A request whose window is over is left alone: taken from the
   * next window, each such request would let one more pass there.
   */
  async decrement(key: string): Promise<void> {
    const counted = this.#request.getStore();
    const isOver = counted?.key === key && counted.expires !== undefined && counted.expires <= Date.now();
    if (!isOver) await this.#engine.add(this.#area, key, -1, { ttl: this.#window, when: 'present' });
  }

  async resetKey(key: string): Promise<void> {
    await this.#engine.delete(this.#area, key);
  }

  async resetAll(): Promise<void> {
    await this.#engine.clear(this.#area);
  }
}
