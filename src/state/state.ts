import { registered } from '../worker/registry.ts';
import { checkFunction, checkName, checkOptions, readTime, show, usage, type Time } from './arguments.ts';
import { Cache, type CacheOptions } from './cache.ts';
import { CacheMetrics } from './cache-metrics.ts';
import { Channel } from './channel.ts';
import { Counter } from './counter.ts';
import type { Engine } from './engine.ts';
import { Leadership, type Duty } from './leadership.ts';
import { waitToHold } from './waiting.ts';

export interface CounterOptions {
  /** It begins again at 0 so long after the first addition. @default never */
  readonly ttl?: Time;
}

export interface LockOptions {
  /** How long to wait for it. @default '10s' */
  readonly timeout?: Time;
  /**
   * How long it stays locked when nothing is heard of the holder: a machine that is gone, an event loop that hangs. While
   * the work goes on it is renewed. @default '10s'
   */
  readonly ttl?: Time;
}

export interface LeaderOptions {
  /** As a lock's. @default '10s' */
  readonly ttl?: Time;
}

const PATIENCE = 10_000;
const LEASE = 10_000;
const SHORTEST_LEASE = 100;

const engines = new WeakMap<State, Engine>();

/** For the adapters, which keep what they keep under names of their own. */
export function engineOf(state: State): Engine {
  const engine = engines.get(state);
  if (engine === undefined) throw usage(`expected what openState returns, got ${show(state)}`);
  return engine;
}

/** State that all workers share. Made by `openState`. Owns the engine; `close` ends what it has under way. */
export class State implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #cacheMetrics: CacheMetrics;
  readonly #leaderships = new Set<Leadership>();
  readonly #channels = new Set<Channel>();

  /** @internal */
  constructor(engine: Engine) {
    this.#engine = engine;
    this.#cacheMetrics = new CacheMetrics(engine);
    engines.set(this, engine);
    // A worker that is about to end does not begin to lead, and lets another.
    registered()?.onDrain(() => this.#stopLeading());
  }

  cache<Value = unknown>(name: string, options?: CacheOptions): Cache<Value> {
    return new Cache(this.#engine, this.#cacheMetrics, checkName(name, 'cache'), options);
  }

  counter(name: string, options?: CounterOptions): Counter {
    checkOptions(options, ['ttl'], 'counter');
    return new Counter(this.#engine, checkName(name, 'counter'), readTime(options?.ttl, 'ttl'));
  }

  /**
   * Runs `work` while no other worker runs work under the same name.
   *
   * @param work gets a signal that aborts when the lock is lost, and a token that grows from holder to holder.
   * @returns what it returns.
   * @throws StateError `ERR_STATE_TIMEOUT` when others had it for all of `timeout`.
   */
  async lock<Result>(
    name: string,
    work: (signal: AbortSignal, token: number) => Result | Promise<Result>,
    options?: LockOptions,
  ): Promise<Result> {
    checkFunction(work, 'lock');
    checkOptions(options, ['timeout', 'ttl'], 'lock');
    const timeout = readTime(options?.timeout, 'timeout', 0) ?? PATIENCE;
    const ttl = readTime(options?.ttl, 'ttl', SHORTEST_LEASE) ?? LEASE;
    const held = await waitToHold(this.#engine, `lock ${checkName(name, 'lock')}`, ttl, timeout);
    try {
      return await work(held.signal, held.token);
    } finally {
      await held.release();
    }
  }

  /** A channel to all workers, with the interface of `BroadcastChannel`. */
  channel(name: string): Channel {
    const channel = new Channel(this.#engine, checkName(name, 'channel'), (closed) => this.#channels.delete(closed));
    this.#channels.add(channel);
    return channel;
  }

  /**
   * Runs `job` in one worker of all. It may return at once and leave a timer running: it counts as running until that worker
   * ends, drains or loses its lead; then `signal` aborts, and it runs in another. A job that throws is printed, and begins
   * again a second later.
   *
   * @example
   * state.runOnce('nightly', (signal) => {
   *   const timer = setInterval(tidyUp, 86_400_000);
   *   signal.addEventListener('abort', () => clearInterval(timer));
   * });
   */
  runOnce(name: string, job: Duty, options?: LeaderOptions): Leadership {
    checkFunction(job, 'runOnce');
    return this.#lead(name, job, options);
  }

  /** Takes part in choosing one worker of all, and says whether it is this one: `isLeader`. */
  leader(name: string = 'leader', options?: LeaderOptions): Leadership {
    return this.#lead(name, () => {}, options);
  }

  /** Stops leading, closes channels, finishes what is under way. Idempotent. */
  async close(): Promise<void> {
    await this.#stopLeading();
    for (const channel of this.#channels) channel.close();
    await this.#engine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #lead(name: string, duty: Duty, options: LeaderOptions | undefined): Leadership {
    checkOptions(options, ['ttl'], 'leader');
    const ttl = readTime(options?.ttl, 'ttl', SHORTEST_LEASE) ?? LEASE;
    const leadership = new Leadership(this.#engine, checkName(name, 'leader'), ttl, duty);
    this.#leaderships.add(leadership);
    return leadership;
  }

  async #stopLeading(): Promise<void> {
    await Promise.all([...this.#leaderships].map((leadership) => leadership.stop()));
  }
}
