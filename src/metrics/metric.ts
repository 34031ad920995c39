import type { MetricType, Value } from './family.ts';
import type { Snapshot } from './snapshot.ts';

/** A row of the table of metrics. */
export interface Metric {
  readonly name: `prefork_${string}`;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
  readonly labels: readonly string[];
  /** The source of its values. */
  readonly source: 'scoreboard' | 'workers' | 'primary' | 'kernel' | 'cgroup';
  /** The advice for when it is high, or low where that matters. */
  readonly advice: string;
  readonly read: (snapshot: Snapshot) => readonly Value[];
}
