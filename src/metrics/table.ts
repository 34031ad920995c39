/** The table of prefork's own metrics, which `/metrics` answers and docs/metrics.md describes. */
import { cacheMetrics } from './cache-metrics.ts';
import { figureMetrics } from './figure-metrics.ts';
import type { Metric } from './metric.ts';
import { serverMetrics } from './server-metrics.ts';
import { slotMetrics } from './slot-metrics.ts';
import { stateMetrics } from './state-metrics.ts';
import { trafficMetrics } from './traffic-metrics.ts';

export const metricTable: readonly Metric[] = [
  ...slotMetrics,
  ...figureMetrics,
  ...trafficMetrics,
  ...serverMetrics,
  ...cacheMetrics,
  ...stateMetrics,
];
