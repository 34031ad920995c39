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
  /** What the registries in the workers have, the application's and ours, one list for each worker. */
  readonly application: ReadonlyArray<readonly Family[]>;
  /** Of the request: OpenMetrics for whom it says so, else Prometheus' text. */
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

/** Those that have values: without caches nothing is said of them. */
export function ownFamilies(snapshot: Snapshot): Family[] {
  return metricTable
    .map(({ name, help, type, read }) => ({ name, help, type, values: read(snapshot) }))
    .filter(({ values }) => values.length > 0);
}

function isOurs({ name }: Family): boolean {
  return name.startsWith(PREFIX);
}

/**
 * One family of each name, added up or as its `aggregator` says. Name by name: one that cannot be merged, as two workers
 * disagree about it, is left out, and the others are not.
 */
export async function merge(
  lists: ReadonlyArray<readonly Family[]>,
  registry: PromClient['AggregatorRegistry'],
): Promise<Family[]> {
  const byName = new Map<string, Family[]>();
  for (const family of lists.flat()) byName.set(family.name, [...(byName.get(family.name) ?? []), family]);
  const merged = [...byName.values()].map(async (families) => {
    try {
      const aggregator = families[0]!.aggregator ?? 'sum';
      const list = families.map((family) => [{ ...family, aggregator }]);
      return (await registry.aggregate(list).getMetricsAsJSON()).map((family) => ({ ...family, aggregator }));
    } catch {
      return [];
    }
  });
  return (await Promise.all(merged)).flat();
}

/** prom-client changes the name of what it holds, and asks that for its values, so both are one. */
function toMetric(family: Family): Family & { get(): Family } {
  const metric = { ...family, get: (): Family => metric };
  return metric;
}

/** Whether OpenMetrics is what the client would rather have, RFC 9110, 12.5.1. */
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
