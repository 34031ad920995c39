/**
 * A metric with its values, in the form of prom-client's `getMetricsAsJSON()`. Ours and those of applications have it.
 */
import { fieldsOf } from '../contract/fields.ts';
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly values: readonly Value[];
  /** The rule by which prom-client merges those of several workers. */
  readonly aggregator?: string;
}

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary';

export interface Value {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** The name of the sample, in a histogram's buckets, sum and count. */
  readonly metricName?: string;
}

const TYPES: readonly unknown[] = ['counter', 'gauge', 'histogram', 'summary'] satisfies MetricType[];
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** The names of all our metrics begin with this. */
export const PREFIX = 'prefork_';

/** The names of our metrics that workers tell begin with one of these: those of the state that they share. */
const STATE_PREFIXES = ['prefork_cache_', 'prefork_state_'] as const;

/** What is read of one worker. An application has some hundreds of metrics, and each takes time to merge with those of other workers. */
const MOST_FAMILIES = 2000;
const MOST_SAMPLES = 100_000;

/**
 * Reads what a worker sent. The worker runs code that is not ours, so what is no family is left out. A family with a
 * name of ours that is not a worker's to tell is left out too, and so is what is too much.
 *
 * Several registries may have families of one name. They become one family with the values of all, so that none has to be
 * merged for itself. One whose type is not that of the first is left out.
 */
export function readFamilies(value: unknown): Family[] {
  if (!Array.isArray(value)) return [];
  const byName = new Map<string, ReadFamily>();
  let samples = 0;
  for (const given of value as unknown[]) {
    const family = readFamily(given);
    if (family === undefined) continue;
    const known = byName.get(family.name);
    if (known !== undefined && known.type !== family.type) continue;
    samples += family.values.length;
    if (samples > MOST_SAMPLES || (known === undefined && byName.size >= MOST_FAMILIES)) break;
    if (known === undefined) byName.set(family.name, family);
    else for (const sample of family.values) known.values.push(sample);
  }
  return [...byName.values()];
}

/** A family to which values can be added. */
interface ReadFamily extends Family {
  readonly values: Value[];
}

function readFamily(given: unknown): ReadFamily | undefined {
  const { name, help, type, values, aggregator } = fieldsOf(given);
  if (!isName(name) || isPrimarys(name) || !TYPES.includes(type) || !Array.isArray(values)) return undefined;
  const family = {
    name,
    help: typeof help === 'string' ? help : '',
    type: type as MetricType,
    values: values.flatMap((sample) => readSample(sample, name)),
  };
  return typeof aggregator === 'string' ? { ...family, aggregator } : family;
}

/**
 * Reads a sample. NaN and the infinities became null on their way, and are left out. So is one that would appear by the name of
 * another family.
 */
function readSample(given: unknown, family: string): Value[] {
  const { value, labels = {}, metricName } = fieldsOf(given);
  if (typeof value !== 'number' || !areLabels(labels)) return [];
  if (metricName === undefined) return [{ value, labels }];
  const isOfFamily = isName(metricName) && (metricName === family || metricName.startsWith(`${family}_`));
  return isOfFamily && !isPrimarys(metricName) ? [{ value, labels, metricName }] : [];
}

function areLabels(labels: unknown): labels is Value['labels'] {
  return (
    typeof labels === 'object' &&
    labels !== null &&
    Object.entries(labels).every(([key, value]) => isName(key) && (typeof value === 'string' || Number.isFinite(value)))
  );
}

function isPrimarys(name: string): boolean {
  return name.startsWith(PREFIX) && !STATE_PREFIXES.some((prefix) => name.startsWith(prefix));
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value);
}
