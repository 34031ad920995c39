/**
 * `prefork/state/fastify-rate-limit`: one count for all workers.
 *
 * @example
 * await fastify.register(rateLimit, { max: 100, timeWindow: '1 minute', store: rateLimitStore(state) });
 */
import { checkName } from '../arguments.ts';
import { engineOf, type State } from '../state.ts';
import { checkWhenAway, countingWhen, LIMIT_POLICIES, type Counting, type WhenAway } from '../when-away.ts';

interface RouteOptions {
  readonly routeInfo?: { readonly method?: string | readonly string[]; readonly url?: string };
  readonly continueExceeding?: boolean;
}

export interface LimitOptions {
  /**
   * What happens to requests while Redis is away: they fail, each process counts for itself, or they all pass.
   *
   * @default 'fail'
   */
  readonly whenAway?: WhenAway;
}

interface Answer {
  readonly current: number;
  /** The time that is left in ms. */
  readonly ttl: number;
}

type Callback = (error: Error | null, answer?: Answer) => void;

/**
 * The store as @fastify/rate-limit creates and calls it. The plugin wants a class, and gives it options that do not
 * mention a state.
 */
export interface FastifyRateLimitStore {
  incr(key: string, callback: Callback, timeWindow?: number, max?: number): void;
  child(options: RouteOptions): FastifyRateLimitStore;
}

/**
 * Creates the store class.
 *
 * @param options `whenAway`
 * @param name limits with the same name count together, so two registrations need two names.
 */
export function rateLimitStore(
  state: State,
  name = 'rate-limit',
  options: LimitOptions = {},
): new (options: RouteOptions & { readonly timeWindow?: number }) => FastifyRateLimitStore {
  const engine = countingWhen(engineOf(state), checkWhenAway(options.whenAway, LIMIT_POLICIES));
  const area = `fastify-rate-limit ${checkName(name, 'name')}`;
  return class extends Store {
    constructor(route: RouteOptions) {
      super(engine, area, route);
    }
  };
}

class Store implements FastifyRateLimitStore {
  readonly #engine: Counting;
  readonly #area: string;
  readonly #options: RouteOptions;

  constructor(engine: Counting, area: string, options: RouteOptions) {
    this.#engine = engine;
    this.#area = area;
    this.#options = options;
  }

  incr(key: string, callback: Callback, timeWindow = 60_000, max = Infinity): void {
    const counted = this.#count(key, timeWindow, max);
    // The callbacks run outside of the promise, so that an error in them does not become a rejection.
    counted.then(
      (answer) => process.nextTick(callback, null, answer),
      (error: unknown) => process.nextTick(callback, error),
    );
  }

  /** Creates the store of a route. Each route with a limit of its own counts for itself. */
  child(options: RouteOptions): FastifyRateLimitStore {
    const { method = '', url = '' } = options.routeInfo ?? {};
    return new Store(this.#engine, `${this.#area} ${JSON.stringify([method, url])}`, options);
  }

  async #count(key: string, timeWindow: number, max: number): Promise<Answer> {
    const { value, expires } = await this.#engine.add(this.#area, key, 1, { ttl: timeWindow });
    if (this.#options.continueExceeding !== true || value <= max) {
      return { current: value, ttl: Math.max(0, expires - Date.now()) };
    }
    // A client that continues to ask starts the window anew.
    const terms = { ttl: timeWindow };
    await this.#engine.set(this.#area, key, { kind: 'number', data: value }, terms);
    return { current: value, ttl: timeWindow };
  }
}
