import { PREFIX, type Family } from './family.ts';
import type { PromClient } from './prom-client.ts';
import type { Snapshot } from './snapshot.ts';
import { metricTable } from './table.ts';

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

export interface ExpositionOptions {
  readonly snapshot: Omit<Snapshot, 'told'>;
  /** The families of the registries in the workers, the application's and ours: one list for each worker. */
  readonly application: ReadonlyArray<readonly Family[]>;
  /** The request's `Accept`. The answer is OpenMetrics if the client prefers that, else Prometheus' text. */
  readonly accept: string | undefined;
}

/** Writes all metrics down. */
export async function expose(
  { Registry, AggregatorRegistry }: PromClient,
  { snapshot, application, accept }: ExpositionOptions,
): Promise<Exposition> {
  const { OPENMETRICS_CONTENT_TYPE, PROMETHEUS_CONTENT_TYPE } = Registry;
  const registry = new Registry(wantsOpenMetrics(accept) ? OPENMETRICS_CONTENT_TYPE : PROMETHEUS_CONTENT_TYPE);
  const merged = await merge(application, AggregatorRegistry);
  const told = merged.filter(isOurs);
  const others = merged.filter((family) => !isOurs(family));
  for (const family of [...ownFamilies({ ...snapshot, told }), ...others]) registry.registerMetric(toMetric(family));
  return { contentType: registry.contentType, body: await registry.metrics() };
}

/** Returns prefork's own metrics that have values. Without caches their metrics are left out. */
export function ownFamilies(snapshot: Snapshot): Family[] {
  return metricTable
    .map(({ name, help, type, read }) => ({ name, help, type, values: read(snapshot) }))
    .filter(({ values }) => values.length > 0);
}

function isOurs({ name }: Family): boolean {
  return name.startsWith(PREFIX);
}

/**
 * Merges the lists into one family of each name, added up or as its `aggregator` says. Each name is merged for itself:
 * a family that cannot be merged is left out, and the others are not. Of workers that disagree about its type the first counts.
 */
export async function merge(
  lists: ReadonlyArray<readonly Family[]>,
  registry: PromClient['AggregatorRegistry'],
): Promise<Family[]> {
  const byName = new Map<string, Family[]>();
  for (const family of lists.flat()) {
    const known = byName.get(family.name);
    if (known === undefined) byName.set(family.name, [family]);
    else known.push(family);
  }
  const merged = [...byName.values()].map(async (families) => {
    try {
      const { type, aggregator = 'sum' } = families[0]!;
      // The labels of a sample were checked for the type that its own worker told.
      const list = families.filter((family) => family.type === type).map((family) => [{ ...family, aggregator }]);
      return (await registry.aggregate(list).getMetricsAsJSON()).map((family) => ({ ...family, aggregator }));
    } catch {
      return [];
    }
  });
  return (await Promise.all(merged)).flat();
}

/**
 * Makes a metric that returns itself. prom-client changes the name of the metric that it holds, and then asks it for
 * its values, so both have to be one object.
 */
function toMetric(family: Family): Family & { get(): Family } {
  const metric = { ...family, get: (): Family => metric };
  return metric;
}

/** Whether the client prefers OpenMetrics, RFC 9110, 12.5.1. */
export function wantsOpenMetrics(accept = ''): boolean {
  return quality(accept, 'application/openmetrics-text') > quality(accept, 'text/plain');
}

function quality(accept: string, type: string): number {
  const qualities = accept.split(',').flatMap((range) => {
    const [name, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (name !== type) return [];
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    return [q === undefined ? 1 : Number(q.slice(2)) || 0];
  });
  return Math.max(0, ...qualities);
}
