import type { MetricLimit } from '../../contract/canary.ts';
import { parsePercent } from './percent.ts';

/** More metrics than this are a dashboard, and each of them has its own chance to be wrong. */
const MOST_METRICS = 16;

/** The name of a metric as Prometheus allows it, which way is worse, and by how much. */
const LIMIT = /^([a-zA-Z_:][a-zA-Z0-9_:]{0,199}):(higher|lower):([\d.]+%)$/;

/** Reads the text of a flag or variable, such as `orders_failed_total:higher:50%`; several are separated by commas. */
export function parseMetricLimits(text: string): readonly MetricLimit[] | undefined {
  return readMetricLimits(text.split(','));
}

/** Reads a list of such texts; undefined when one of them does not fit. */
export function readMetricLimits(list: readonly unknown[]): readonly MetricLimit[] | undefined {
  if (list.length === 0 || list.length > MOST_METRICS) return undefined;
  const limits = list.map((one) => (typeof one === 'string' ? parseMetricLimit(one) : undefined));
  return limits.every((limit) => limit !== undefined) ? limits : undefined;
}

function parseMetricLimit(text: string): MetricLimit | undefined {
  const [, name, worse, by] = LIMIT.exec(text) ?? [];
  const percent = by === undefined ? undefined : parsePercent(by);
  if (name === undefined || percent === undefined) return undefined;
  return { name, worse: worse as MetricLimit['worse'], by: percent / 100 };
}
