import { EventEmitter } from 'node:events';
import { registered } from '../worker/registry.ts';
import { checkFunction, checkName, checkOptions, readTime, show, usage, type Time } from './arguments.ts';
import { Cache, type CacheOptions } from './cache.ts';
import { CacheMetrics } from './cache-metrics.ts';
import { Channel } from './channel.ts';
import { Counter } from './counter.ts';
import type { Engine } from './engine.ts';
import type { StateError } from './error.ts';
import { Leadership, type Duty } from './leadership.ts';
import { ServerMetrics } from './server-metrics.ts';
import { Turns } from './turns.ts';
import { waitToHold } from './waiting.ts';

export interface CounterOptions {
  /** How long after the first addition the counter starts again at 0. @default never */
  readonly ttl?: Time;
}

export interface LockOptions {
  /** How long to wait for the lock. @default '10s' */
  readonly timeout?: Time;
  /**
   * How long the lock stays locked without a sign of life of the holder: its machine may be gone, or its event loop may
   * hang. The lock is renewed while the work goes on. @default '10s'
   */
  readonly ttl?: Time;
}

export interface LeaderOptions {
  /** How long a leader stays the leader without a sign of life, as with a lock. @default '10s' */
  readonly ttl?: Time;
}

const PATIENCE_MS = 10_000;
const LEASE_MS = 10_000;
const SHORTEST_LEASE_MS = 100;

const engines = new WeakMap<State, Engine>();

/** Returns the engine for the adapters, which keep their items under names of their own. */
export function engineOf(state: State): Engine {
  const engine = engines.get(state);
  if (engine === undefined) throw usage(`expected what openState returns, got ${show(state)}`);
  return engine;
}

export interface StateEvents {
  /** The server cannot be reached, or answers nothing. Calls fail until it is back. */
  away: [reason: StateError];
  /** The server answers again. */
  back: [];
}

/**
 * State that all workers share. `openState` creates it. The object owns the engine, and `close` ends what it has under
 * way. State on this machine is never away.
 *
 * @fires away when the server of a URL cannot be reached any more
 * @fires back when it can be reached again
 */
export class State extends EventEmitter<StateEvents> implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #cacheMetrics: CacheMetrics;
  readonly #serverMetrics: ServerMetrics;
  readonly #leaderships = new Set<Leadership>();
  readonly #channels = new Set<Channel>();
  readonly #lockTurns = new Turns();

  /** @internal */
  constructor(engine: Engine) {
    super();
    this.#engine = engine;
    this.#cacheMetrics = new CacheMetrics(engine);
    this.#serverMetrics = new ServerMetrics(engine, this.#leaderships);
    engine.outages?.on('away', (reason) => this.emit('away', reason));
    engine.outages?.on('back', () => this.emit('back'));
    engines.set(this, engine);
    // A worker that is about to end does not begin to lead, and lets another one lead.
    registered()?.onDrain(() => this.#stopLeading());
  }

  /** Tells whether the server is away now, as far as this process knows. */
  get isAway(): boolean {
    return this.#engine.outages?.isAway ?? false;
  }

  cache<Value = unknown>(name: string, options?: CacheOptions): Cache<Value> {
    return new Cache(this.#engine, this.#cacheMetrics, checkName(name, 'cache'), options);
  }

  counter(name: string, options?: CounterOptions): Counter {
    checkOptions(options, ['ttl'], 'counter');
    return new Counter(this.#engine, checkName(name, 'counter'), readTime(options?.ttl, 'ttl'));
  }

  /**
   * Runs `work` while no other worker runs work under the same name. Calls of one process get the lock in the order in
   * which they came.
   *
   * @param work gets a signal that aborts when the lock is lost, and a token that grows from holder to holder.
   * @returns the result of `work`.
   * @throws StateError `ERR_STATE_TIMEOUT` when others held the lock for all of `timeout`.
   */
  async lock<Result>(
    name: string,
    work: (signal: AbortSignal, token: number) => Result | Promise<Result>,
    options?: LockOptions,
  ): Promise<Result> {
    checkFunction(work, 'lock');
    checkOptions(options, ['timeout', 'ttl'], 'lock');
    const timeout = readTime(options?.timeout, 'timeout', 0) ?? PATIENCE_MS;
    const ttl = readTime(options?.ttl, 'ttl', SHORTEST_LEASE_MS) ?? LEASE_MS;
    const held = await waitToHold(this.#engine, this.#lockTurns, `lock ${checkName(name, 'lock')}`, { ttl, timeout });
    try {
      return await work(held.signal, held.token);
    } finally {
      await held.release();
    }
  }

  /** Opens a channel to all workers, with the interface of `BroadcastChannel`. */
  channel(name: string): Channel {
    const channel = new Channel(this.#engine, checkName(name, 'channel'), (closed) => this.#channels.delete(closed));
    this.#channels.add(channel);
    return channel;
  }

  /**
   * Runs `job` in one worker of all. The job may return at once and leave a timer running. It counts as running until
   * that worker ends, drains or loses the lead. Then `signal` aborts, and the job runs in another worker. A job that
   * throws is logged, and starts again a second later.
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

  /** Takes part in choosing one worker of all. `isLeader` tells whether it is this one. */
  leader(name: string = 'leader', options?: LeaderOptions): Leadership {
    return this.#lead(name, () => {}, options);
  }

  /** Stops leading, closes channels, and finishes what is under way. A second call does nothing. */
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
    const ttl = readTime(options?.ttl, 'ttl', SHORTEST_LEASE_MS) ?? LEASE_MS;
    const leadership = new Leadership(this.#engine, checkName(name, 'leader'), ttl, duty);
    this.#leaderships.add(leadership);
    this.#serverMetrics.own();
    return leadership;
  }

  async #stopLeading(): Promise<void> {
    await Promise.all([...this.#leaderships].map((leadership) => leadership.stop()));
  }
}
