import type { MetricReading } from '../../contract/canary.ts';
import { fieldsOf } from '../../contract/fields.ts';

/**
 * Reads a metric of the application, as prom-client's `getMetricsAsJSON` returns it, all its labels together.
 *
 * @returns undefined for what is no metric, and for one without values.
 */
export function readingOf(family: unknown): MetricReading | undefined {
  const { type, values } = fieldsOf(family);
  if (!Array.isArray(values)) return undefined;
  const sum = (part: string): number | undefined => sumOf(values, part);
  if (type === 'counter') return wrapped(sum(''), (total) => ({ total }));
  if (type === 'gauge') return wrapped(sum(''), (value) => ({ value }));
  const count = sum('_count');
  return count === undefined ? undefined : wrapped(sum('_sum'), (total) => ({ sum: total, count }));
}

function wrapped(sum: number | undefined, make: (sum: number) => MetricReading): MetricReading | undefined {
  return sum === undefined || !Number.isFinite(sum) ? undefined : make(sum);
}

/** @param part the end of the name of the samples that count, such as `_count`; empty where they have the metric's own name. */
function sumOf(values: readonly unknown[], part: string): number | undefined {
  let sum: number | undefined;
  for (const one of values) {
    const { value, metricName } = fieldsOf(one);
    const isPart = part === '' || (typeof metricName === 'string' && metricName.endsWith(part));
    if (isPart && typeof value === 'number') sum = (sum ?? 0) + value;
  }
  return sum;
}
