/**
 * The metrics of the caches of `prefork/state`, by name. Each worker tells what it counted, and all see the same size.
 */
import type { Metric } from './metric.ts';
import { told, type ToldRow } from './told-metric.ts';

const counters: Readonly<Record<string, ToldRow>> = {
  hits: {
    help: 'Reads that found their value, stale ones too.',
    unit: 'reads',
    advice: 'High is good: hits / (hits + misses) is the hit rate.',
  },
  misses: {
    help: 'Reads that found no value.',
    unit: 'reads',
    advice:
      'With evictions the cache needs a larger maxSize. Without them it needs a longer ttl, or its keys are asked for once only.',
  },
  stale: {
    help: 'Hits whose value was past its ttl and is being computed anew.',
    unit: 'reads',
    advice: 'When nearly all hits are stale, computing takes longer than the ttl, which is too short.',
  },
  sets: {
    help: 'Values written: set, updated or computed.',
    unit: 'values',
    advice: 'With more sets than hits the cache costs more than it saves.',
  },
  evictions: {
    help: 'Values removed to keep the cache, or all caches together, within bounds.',
    unit: 'values',
    advice: 'With a low hit rate too, the cache needs a larger maxSize, or the store does.',
  },
  computations: {
    help: 'Values computed by getOrCompute.',
    unit: 'computations',
    advice: 'There are as many as misses and stale together, less the waits. Each is work that the cache did not save.',
  },
  waits: {
    help: 'Reads that waited for the value of another call or another worker, and so were not computed again.',
    unit: 'reads',
    advice: 'When many wait at once, a value that all want has expired. With staleWhileRevalidate none of them waits.',
  },
  errors: {
    help: 'Reads and writes that failed, so that the call went on without the cache.',
    unit: 'operations',
    advice: 'The store cannot be reached, is full, or is held by a process that is stopped.',
  },
};

const gauges: Readonly<Record<string, ToldRow>> = {
  entries: {
    help: 'Values in the cache, with those that have expired and are not removed yet; absent in Redis.',
    unit: 'values',
    advice: 'With more values than there are things to keep, keys differ without need.',
  },
  size_bytes: {
    help: 'The size of these values; absent in Redis.',
    unit: 'bytes',
    advice: 'At its maxSize a cache evicts.',
  },
};

export const cacheMetrics: readonly Metric[] = [
  ...Object.entries(counters).map(([word, row]) => told(`prefork_cache_${word}_total`, 'counter', row, ['cache'])),
  ...Object.entries(gauges).map(([word, row]) => told(`prefork_cache_${word}`, 'gauge', row, ['cache'])),
];
