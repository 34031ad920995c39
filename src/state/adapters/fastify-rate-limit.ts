/**
 * `prefork/state/fastify-rate-limit`: one count for all workers.
 *
 * @example
 * await fastify.register(rateLimit, { max: 100, timeWindow: '1 minute', store: rateLimitStore(state) });
 */
import { checkName } from '../arguments.ts';
import type { Engine } from '../engine.ts';
import { engineOf, type State } from '../state.ts';

interface RouteOptions {
  readonly routeInfo?: { readonly method?: string | readonly string[]; readonly url?: string };
  readonly continueExceeding?: boolean;
}

interface Answer {
  readonly current: number;
  /** ms. */
  readonly ttl: number;
}

type Callback = (error: Error | null, answer?: Answer) => void;

/** What @fastify/rate-limit makes and calls: it wants a class, and gives it options that say nothing of a state. */
export interface FastifyRateLimitStore {
  incr(key: string, callback: Callback, timeWindow?: number, max?: number): void;
  child(options: RouteOptions): FastifyRateLimitStore;
}

/** @param name limits of one name count together; two registrations need two. */
export function rateLimitStore(
  state: State,
  name = 'rate-limit',
): new (options: RouteOptions & { readonly timeWindow?: number }) => FastifyRateLimitStore {
  const engine = engineOf(state);
  const area = `fastify-rate-limit ${checkName(name, 'name')}`;
  return class extends Store {
    constructor(options: RouteOptions) {
      super(engine, area, options);
    }
  };
}

class Store implements FastifyRateLimitStore {
  readonly #engine: Engine;
  readonly #area: string;
  readonly #options: RouteOptions;

  constructor(engine: Engine, area: string, options: RouteOptions) {
    this.#engine = engine;
    this.#area = area;
    this.#options = options;
  }

  incr(key: string, callback: Callback, timeWindow = 60_000, max = Infinity): void {
    const counted = this.#count(key, timeWindow, max);
    // Outside of the promise: what a callback throws is no rejection.
    counted.then(
      (answer) => process.nextTick(callback, null, answer),
      (error: unknown) => process.nextTick(callback, error),
    );
  }

  /** Each route that has a limit of its own counts for itself. */
  child(options: RouteOptions): FastifyRateLimitStore {
    const { method = '', url = '' } = options.routeInfo ?? {};
    return new Store(this.#engine, `${this.#area} ${JSON.stringify([method, url])}`, options);
  }

  async #count(key: string, timeWindow: number, max: number): Promise<Answer> {
    const { value, expires } = await this.#engine.add(this.#area, key, 1, timeWindow);
    if (this.#options.continueExceeding !== true || value <= max) {
      return { current: value, ttl: Math.max(0, expires - Date.now()) };
    }
    // Who goes on asking begins the window anew.
    const terms = { ttl: timeWindow };
    await this.#engine.set(this.#area, key, { kind: 'number', data: value }, terms);
    return { current: value, ttl: timeWindow };
  }
}
