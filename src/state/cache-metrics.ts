import { registered } from '../worker/registry.ts';
import type { Engine } from './engine.ts';

/** What this process has seen of a cache since it started. */
export interface CacheStats {
  /** Answered from the store. */
  readonly hits: number;
  readonly misses: number;
  /** Answered with a value that was stale; hits too. */
  readonly stale: number;
  /** Values written: by `set`, by `update`, and those that were computed. */
  readonly sets: number;
  /** Values that this process removed so that the cache keeps to `maxSize`. */
  readonly evictions: number;
  /** How often this process computed. */
  readonly computed: number;
  /** How often `getOrCompute` waited for what another call or another worker computed. */
  readonly waits: number;
  /** What could not be read or written, and was done without. */
  readonly errors: number;
}

export type CacheCounts = { -readonly [Name in Exclude<keyof CacheStats, 'evictions'>]: number };

/** A metric as prom-client's registries have it; the primary knows what it means (docs/metrics.md). */
interface Family {
  readonly name: string;
  readonly help: '';
  readonly type: 'counter' | 'gauge';
  /** How the primary makes one of those of several workers: all see the same size. */
  readonly aggregator: 'sum' | 'max';
  readonly values: ReadonlyArray<{ readonly value: number; readonly labels: { readonly cache: string } }>;
}

const counters: Readonly<Record<keyof CacheStats, string>> = {
  hits: 'hits',
  misses: 'misses',
  stale: 'stale',
  sets: 'sets',
  evictions: 'evictions',
  computed: 'computations',
  waits: 'waits',
  errors: 'errors',
};

/** What is counted of the caches of a state, by name. In a worker the primary asks for it when `/metrics` is asked. */
export class CacheMetrics {
  readonly #engine: Engine;
  readonly #counts = new Map<string, CacheCounts>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Of the caches of this name: there may be several objects for one. */
  counts(name: string): CacheCounts {
    if (this.#counts.size === 0) registered()?.ownMetrics(this);
    const counts = this.#counts.get(name) ?? newCounts();
    this.#counts.set(name, counts);
    return counts;
  }

  stats(name: string): CacheStats {
    return { ...(this.#counts.get(name) ?? newCounts()), evictions: this.#engine.evicted(areaOf(name)) };
  }

  async getMetricsAsJSON(): Promise<readonly Family[]> {
    const names = [...this.#counts.keys()];
    const counted = Object.entries(counters).map(([key, word]): Family => {
      const values = names.map((cache) => ({ value: this.stats(cache)[key as keyof CacheStats], labels: { cache } }));
      return { name: `prefork_cache_${word}_total`, help: '', type: 'counter', aggregator: 'sum', values };
    });
    return [...counted, ...(await this.#sizes(names))];
  }

  /** Where it is cheap to know: Redis would have to be read as a whole. A store that cannot be asked now has none. */
  async #sizes(names: readonly string[]): Promise<Family[]> {
    if (!this.#engine.isBounded) return [];
    const sizes = await Promise.all(names.map((name) => this.#engine.size(areaOf(name)).catch(() => undefined)));
    const gauge = (name: string, key: 'entries' | 'bytes'): Family => {
      const values = names.flatMap((cache, index) => {
        const size = sizes[index];
        return size === undefined ? [] : [{ value: size[key], labels: { cache } }];
      });
      return { name, help: '', type: 'gauge', aggregator: 'max', values };
    };
    return [gauge('prefork_cache_entries', 'entries'), gauge('prefork_cache_size_bytes', 'bytes')];
  }
}

/** The engine's area for a cache. */
export function areaOf(cache: string): string {
  return `cache ${cache}`;
}

function newCounts(): CacheCounts {
  return { hits: 0, misses: 0, stale: 0, sets: 0, computed: 0, waits: 0, errors: 0 };
}
