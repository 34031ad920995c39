import { registered } from '../worker/registry.ts';
import type { Engine } from './engine.ts';

/** The events of a cache that this process has seen since it started. */
export interface CacheStats {
  /** Answers from the store. */
  readonly hits: number;
  readonly misses: number;
  /** Answers with a stale value. They count as hits too. */
  readonly stale: number;
  /** Values that were written by `set` or `update`, or that were computed. */
  readonly sets: number;
  /** Values that this process removed to keep the cache within `maxSize`, or to make room in the store. */
  readonly evictions: number;
  /** How often this process computed. */
  readonly computed: number;
  /** How often `getOrCompute` waited for the computation of another call or another worker. */
  readonly waits: number;
  /** Failed reads and writes that the cache worked around. */
  readonly errors: number;
}

export type CacheCounts = { -readonly [Name in Exclude<keyof CacheStats, 'evictions'>]: number };

/** A metric as prom-client's registries have it. The primary knows what it means (docs/metrics.md). */
interface Family {
  readonly name: string;
  readonly help: '';
  readonly type: 'counter' | 'gauge';
  /** How the primary combines the values of several workers. All workers see the same size. */
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

/**
 * Counts the events of the caches of a state, by name. In a worker, the primary asks for the counts when it serves
 * `/metrics`.
 */
export class CacheMetrics {
  readonly #engine: Engine;
  readonly #counts = new Map<string, CacheCounts>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Returns the counts of a name. Several cache objects may share a name. */
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

  /**
   * Returns the sizes where they are cheap to know. Redis would have to be read as a whole. A store that cannot be
   * asked now has no size.
   */
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
