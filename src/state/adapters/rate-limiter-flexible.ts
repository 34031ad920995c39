/**
 * `prefork/state/rate-limiter-flexible`: a limiter that counts for all workers.
 *
 * @example
 * const limiter = rateLimiter(state, { points: 10, duration: 1 });
 * await limiter.consume(request.ip);
 */
import type * as library from 'rate-limiter-flexible';
import type { IRateLimiterStoreOptions, RateLimiterRes, RateLimiterStoreAbstract } from 'rate-limiter-flexible';
import type { Counted } from '../engine.ts';
import { engineOf, type State } from '../state.ts';
import { checkWhenAway, countingWhen, LIMIT_POLICIES, type Counting, type WhenAway } from '../when-away.ts';
import { peer } from './peer.ts';

const AREA = 'rate-limiter-flexible';

type Library = typeof library;

/** The value of a key. A time without end is -1, as in the library's other stores. */
interface Points {
  readonly consumed: number;
  readonly expires: number;
}

/**
 * Creates a limiter.
 *
 * @param whenAway what happens while Redis is away: the limiter rejects, each process counts for itself, or all pass.
 * @param options the library's own, without `storeClient`. Limiters with the same `keyPrefix` count together.
 */
export function rateLimiter(
  state: State,
  options: Omit<IRateLimiterStoreOptions, 'storeClient'>,
  { whenAway }: { readonly whenAway?: WhenAway } = {},
): RateLimiterStoreAbstract {
  const adapter = 'prefork/state/rate-limiter-flexible';
  const { RateLimiterRes: Result } = peer('rate-limiter-flexible', adapter) as Library;
  // The package's main module has the types of this class but not its value.
  const base = peer(
    'rate-limiter-flexible/lib/RateLimiterStoreAbstract.js',
    adapter,
  ) as Library['RateLimiterStoreAbstract'];
  return new (limiterClass(base, Result))({
    ...options,
    storeClient: countingWhen(engineOf(state), checkWhenAway(whenAway, LIMIT_POLICIES)),
  });
}

let known: (new (options: IRateLimiterStoreOptions) => RateLimiterStoreAbstract) | undefined;

function limiterClass(
  Base: Library['RateLimiterStoreAbstract'],
  Result: Library['RateLimiterRes'],
): NonNullable<typeof known> {
  class Limiter extends Base {
    readonly #engine: Counting;

    constructor(options: IRateLimiterStoreOptions) {
      super(options);
      this.#engine = options.storeClient as Counting;
    }

    protected _getRateLimiterRes(_: string, changed: number, { consumed, expires }: Points): RateLimiterRes {
      const left = expires === Infinity ? -1 : Math.max(0, expires - Date.now());
      return new Result(Math.max(0, this.points - consumed), left, consumed, consumed === changed);
    }

    protected async _upsert(key: string, points: number, ms: number, forceExpire = false): Promise<Points> {
      const ttl = ms > 0 ? ms : undefined;
      // A reward for points of a window that is over would let more requests pass in the next one.
      const when = points < 0 ? 'present' : undefined;
      if (!forceExpire) return toPoints(await this.#engine.add(AREA, key, points, { ttl, when }));
      await this.#engine.set(AREA, key, { kind: 'number', data: points }, { ttl });
      return { consumed: points, expires: Date.now() + (ttl ?? Infinity) };
    }

    /** Reads by adding nothing, which also tells when the value expires. */
    protected async _get(key: string): Promise<Points | null> {
      if ((await this.#engine.get(AREA, key)) === undefined) return null;
      return toPoints(await this.#engine.add(AREA, key, 0, { ttl: 1 }));
    }

    protected async _delete(key: string): Promise<boolean> {
      return this.#engine.delete(AREA, key);
    }
  }
  return (known ??= Limiter as unknown as NonNullable<typeof known>);
}

function toPoints({ value, expires }: Counted): Points {
  return { consumed: value, expires };
}
