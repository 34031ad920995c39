/** The metrics of requests and their durations, by slot: of the workers that live, and of those that have ended. */
import { BOUNDS, durationsByClass, type DurationsOfClass } from '../scoreboard/durations.ts';
import type { Value } from './family.ts';
import type { Metric } from './metric.ts';
import { countsOf, slotsOf } from './snapshot.ts';

const DURATION = 'prefork_request_duration_seconds';

export const trafficMetrics: readonly Metric[] = [
  {
    name: 'prefork_requests_total',
    type: 'counter',
    help: 'Requests answered, by class of status.',
    unit: 'requests',
    labels: ['slot', 'status'],
    source: 'scoreboard',
    advice:
      'The log of the application says why there are 5xx. When they come from one slot alone, that worker is broken: reload.',
    read: (snapshot) =>
      slotsOf(snapshot).flatMap((slot) =>
        durationsByClass(countsOf(snapshot, slot).durations).map(({ status, count }) => {
          return { value: count, labels: { slot, status } };
        }),
      ),
  },
  {
    name: DURATION,
    type: 'histogram',
    help: 'The time from the head of a request to the last byte of its response.',
    unit: 'seconds',
    labels: ['slot', 'status'],
    source: 'scoreboard',
    advice:
      'With a busy event loop there is too much work in it: profile or scale. With an idle one a service that the application waits for is slow, and more workers do not help.',
    read: (snapshot) =>
      slotsOf(snapshot).flatMap((slot) =>
        durationsByClass(countsOf(snapshot, slot).durations).flatMap((one) => histogram(slot, one)),
      ),
  },
];

function histogram(slot: number, { status, counts, count, sum }: DurationsOfClass): Value[] {
  let below = 0;
  const buckets = counts.map((one, index) => {
    below += one;
    const bound = BOUNDS[index];
    const le = bound === undefined ? '+Inf' : String(bound / 1000);
    return { value: below, labels: { le, slot, status }, metricName: `${DURATION}_bucket` };
  });
  return [
    ...buckets,
    { value: sum / 1000, labels: { slot, status }, metricName: `${DURATION}_sum` },
    { value: count, labels: { slot, status }, metricName: `${DURATION}_count` },
  ];
}
