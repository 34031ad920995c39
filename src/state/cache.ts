import {
  checkFunction,
  checkKey,
  checkOptions,
  readSize,
  readTime,
  type Key,
  type Size,
  type Time,
} from './arguments.ts';
import { areaOf, type CacheCounts, type CacheMetrics, type CacheStats } from './cache-metrics.ts';
import type { AreaSize, Engine, Item, Terms } from './engine.ts';
import { isOutage, StateError } from './error.ts';
import { SingleFlight } from './single-flight.ts';
import { decode, encode, type Stored } from './value.ts';

export interface CacheOptions {
  /** How long a value is fresh. @default for ever */
  readonly ttl?: Time;
  /**
   * How long `undefined` and `null` are fresh. They stand for answers such as "there is no such user". @default as
   * `ttl`
   */
  readonly negativeTtl?: Time;
  /**
   * How long `getOrCompute` still answers with a value after that, while one worker computes the next. @default 0: not
   * at all
   */
  readonly staleWhileRevalidate?: Time;
  /**
   * The size of all values together. The values that were least recently used, or nearly so, go first. @default '64mb',
   * Redis: no limit
   */
  readonly maxSize?: Size;
  /** How long a computation may take before another worker begins its own. @default '10s' */
  readonly deadline?: Time;
}

const optionNames = ['ttl', 'negativeTtl', 'staleWhileRevalidate', 'maxSize', 'deadline'] as const;
const DEADLINE_MS = 10_000;
const MAX_SIZE_BYTES = 64 * 1024 * 1024;

/** Values by key that all workers see. A value that is read is a copy of the caller's own, made by structured clone. */
export class Cache<Value = unknown> {
  readonly name: string;
  readonly #engine: Engine;
  readonly #area: string;
  readonly #flight: SingleFlight;
  readonly #ttl: number | undefined;
  readonly #negativeTtl: number | undefined;
  readonly #stale: number | undefined;
  readonly #maxSize: number | undefined;
  readonly #metrics: CacheMetrics;
  readonly #counts: CacheCounts;

  /** @internal */
  constructor(engine: Engine, metrics: CacheMetrics, name: string, options: CacheOptions = {}) {
    checkOptions(options, optionNames, `cache '${name}'`);
    this.name = name;
    this.#engine = engine;
    this.#area = areaOf(name);
    this.#ttl = readTime(options.ttl, 'ttl');
    this.#negativeTtl = readTime(options.negativeTtl, 'negativeTtl') ?? this.#ttl;
    this.#stale = readTime(options.staleWhileRevalidate, 'staleWhileRevalidate', 0);
    this.#maxSize = readSize(options.maxSize, 'maxSize') ?? (engine.isBounded ? MAX_SIZE_BYTES : undefined);
    this.#flight = new SingleFlight(engine, this.#area, readTime(options.deadline, 'deadline') ?? DEADLINE_MS);
    this.#metrics = metrics;
    this.#counts = metrics.counts(name);
  }

  /** The events of all cache objects with this name in this process. */
  get stats(): CacheStats {
    return this.#metrics.stats(this.name);
  }

  /**
   * Reads a value.
   *
   * @returns undefined when there is no value, or when the value is undefined.
   */
  async get(given: Key): Promise<Value | undefined> {
    const key = checkKey(given, 'key');
    const item = await this.#engine.get(this.#area, key);
    if (item === undefined || item.freshUntil <= Date.now()) {
      this.#counts.misses++;
      return undefined;
    }
    this.#counts.hits++;
    return this.#decode(key, item.stored);
  }

  /**
   * Writes a value.
   *
   * @throws StateError `ERR_STATE_VALUE` for a value that structured clone refuses, `ERR_STATE_FULL` for a single
   *   value that is larger than `maxSize`.
   */
  async set(given: Key, value: Value, options?: { readonly ttl?: Time }): Promise<void> {
    const key = checkKey(given, 'key');
    checkOptions(options, ['ttl'], 'cache.set');
    const stored = encode(value, `the value of '${key}'`);
    await this.#engine.set(this.#area, key, stored, this.#termsOf(value, readTime(options?.ttl, 'ttl')));
    this.#flight.forget(key);
    this.#counts.sets++;
  }

  /**
   * Removes a value.
   *
   * @returns whether there was one.
   */
  async delete(given: Key): Promise<boolean> {
    const key = checkKey(given, 'key');
    const was = await this.#engine.delete(this.#area, key);
    this.#flight.forget(key);
    return was;
  }

  /**
   * Reads and writes in one step, so that no other write comes in between.
   *
   * @param change makes the next value from the present one. It may run more than once, and must only compute.
   * @returns the new value.
   */
  async update(given: Key, change: (value: Value | undefined) => Value): Promise<Value> {
    checkFunction(change, 'cache.update');
    const key = checkKey(given, 'key');
    let next: Value;
    await this.#engine.update(this.#area, key, (item) => {
      next = change(item === undefined ? undefined : this.#decode(key, item.stored));
      return { stored: encode(next, `the value of '${key}'`), terms: this.#termsOf(next) };
    });
    this.#flight.forget(key);
    this.#counts.sets++;
    return next!;
  }

  async clear(): Promise<void> {
    await this.#engine.clear(this.#area);
    this.#flight.forget();
  }

  async size(): Promise<AreaSize> {
    return this.#engine.size(this.#area);
  }

  /**
   * Returns the value, or computes it with `compute`. One worker computes, and all other callers meanwhile wait for it.
   * If that worker dies, another one computes. An error of `compute` reaches the callers that waited in the same
   * process, and is not remembered. If the store cannot be reached, each process computes for itself. A computation
   * that began before a `set`, `update`, `delete` or `clear` has settled answers its earlier callers, but its value is
   * not kept.
   */
  async getOrCompute(given: Key, compute: (key: string) => Value | Promise<Value>): Promise<Value> {
    checkFunction(compute, 'getOrCompute');
    const key = checkKey(given, 'key');
    const item = await this.#look(key);
    if (item === undefined) {
      this.#counts.misses++;
      return this.#decode(key, await this.#compute(key, compute, () => this.#counts.waits++));
    }
    this.#counts.hits++;
    if (item.freshUntil <= Date.now()) {
      this.#counts.stale++;
      // This caller has a stale value, so the failure is only counted. A caller that finds no value computes it and gets
      // any error itself.
      this.#compute(key, compute, () => {}).catch(() => this.#counts.errors++);
    }
    return this.#decode(key, item.stored);
  }

  #compute(key: string, compute: (key: string) => Value | Promise<Value>, onWait: () => void): Promise<Stored> {
    let terms: Terms;
    return this.#flight.run(key, {
      compute: async () => {
        this.#counts.computed++;
        const value = await compute(key);
        terms = this.#termsOf(value);
        return encode(value, `the value of '${key}'`);
      },
      write: (stored, computedBy) => this.#write(key, stored, { ...terms, when: { computedBy } }),
      onWait,
    });
  }

  async #look(key: string): Promise<Item | undefined> {
    try {
      return await this.#engine.get(this.#area, key);
    } catch (error) {
      if (!isOutage(error)) throw error;
      this.#counts.errors++;
      return undefined;
    }
  }

  /** Writes a computed value. A failure is only counted, because the value is useful even when it cannot be kept. */
  async #write(key: string, stored: Stored, terms: Terms): Promise<void> {
    try {
      if (await this.#engine.set(this.#area, key, stored, terms)) this.#counts.sets++;
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      this.#counts.errors++;
    }
  }

  #termsOf(value: Value, ttl: number | undefined = this.#ttl): Terms {
    const isNegative = value === undefined || value === null;
    return { ttl: isNegative ? this.#negativeTtl : ttl, stale: this.#stale, maxSize: this.#maxSize };
  }

  #decode(key: string, stored: Stored): Value {
    return decode(stored, `'${key}' of the cache '${this.name}'`) as Value;
  }
}
