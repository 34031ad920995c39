import type { Value } from './family.ts';
import type { Metric } from './metric.ts';
import type { Snapshot } from './snapshot.ts';

export type ToldRow = Pick<Metric, 'help' | 'unit' | 'advice'>;

/** Returns a metric that the workers tell. Without a worker that tells it, it is absent. */
export function told(
  name: `prefork_${string}`,
  type: Metric['type'],
  row: ToldRow,
  labels: Metric['labels'] = [],
): Metric {
  return { name, type, ...row, labels, source: 'workers', read: (snapshot) => valuesOf(snapshot, name) };
}

function valuesOf({ told: families }: Snapshot, name: string): readonly Value[] {
  return families.find((family) => family.name === name)?.values ?? [];
}
