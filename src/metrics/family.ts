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
/** The rules by which prom-client can merge. It looks them up by name, so another name would find what every object has. */
const AGGREGATORS: readonly unknown[] = ['sum', 'first', 'omit', 'average', 'min', 'max'];
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
/** Names that begin with two underscores are Prometheus' own. With one that it does not allow it refuses all that the server tells. */
const LABEL = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;
/** The labels that some parsers read as numbers, by the type of the metric. */
const NUMBERED: Readonly<Partial<Record<MetricType, string>>> = { histogram: 'le', summary: 'quantile' };
const NUMBER = /^[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d{1,2})?|Inf)$/;

/** The names of all our metrics begin with this. */
export const PREFIX = 'prefork_';

/** The names of our metrics that workers tell begin with one of these: those of the state that they share. */
const STATE_PREFIXES = ['prefork_cache_', 'prefork_state_'] as const;

/** What is read of one worker. An application has some hundreds of metrics, and each takes time to merge with those of other workers. */
const MOST_FAMILIES = 2000;
const MOST_SAMPLES = 100_000;
/** The most labels of a sample, and the most names of labels in a family. prom-client has one list of names for all samples of a family. */
const MOST_LABELS = 64;

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
  if (!isFamilyName(name) || !TYPES.includes(type) || !Array.isArray(values)) return undefined;
  if (typeof aggregator === 'string' && !AGGREGATORS.includes(aggregator)) return undefined;
  const seen = { name, type: type as MetricType, labels: new Set<string>() };
  const family = {
    name,
    help: typeof help === 'string' ? help : '',
    type: seen.type,
    values: values.flatMap((sample) => readSample(sample, seen)),
  };
  return typeof aggregator === 'string' ? { ...family, aggregator } : family;
}

/** What is known of a family when its samples are read. */
interface SeenFamily {
  readonly name: string;
  readonly type: MetricType;
  /** The names of its labels so far. */
  readonly labels: Set<string>;
}

/**
 * Reads a sample. NaN and the infinities became null on their way, and are left out. So is one that would appear by the name of
 * another family.
 */
function readSample(given: unknown, family: SeenFamily): Value[] {
  const { value, labels = {}, metricName } = fieldsOf(given);
  if (typeof value !== 'number' || !areLabels(labels, family)) return [];
  if (metricName === undefined) return [{ value, labels }];
  const { name } = family;
  const isOfFamily = isName(metricName) && (metricName === name || metricName.startsWith(`${name}_`));
  return isOfFamily && !isPrimarys(metricName) ? [{ value, labels, metricName }] : [];
}

function areLabels(given: unknown, { type, labels }: SeenFamily): given is Value['labels'] {
  if (typeof given !== 'object' || given === null) return false;
  const names = Object.keys(given);
  if (names.length > MOST_LABELS) return false;
  for (const name of names) {
    const value: unknown = (given as Record<string, unknown>)[name];
    if (!LABEL.test(name) || !(typeof value === 'string' || Number.isFinite(value))) return false;
    if (name === NUMBERED[type] && typeof value === 'string' && !NUMBER.test(value)) return false;
  }
  const added = names.filter((name) => !labels.has(name));
  if (labels.size + added.length > MOST_LABELS) return false;
  for (const name of added) labels.add(name);
  return true;
}

/** OpenMetrics has a counter's name without `_total`, and one by that name alone would have none. */
function isFamilyName(name: unknown): name is string {
  return isName(name) && !isPrimarys(name) && name !== '_total';
}

function isPrimarys(name: string): boolean {
  return name.startsWith(PREFIX) && !STATE_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** Names that every object has are none: prom-client would take what it finds by them for a metric. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value) && !(value in Object.prototype);
}
