/** What came in and went out, by slot: of the workers that live, and of those that have ended. */
import { BOUNDS, durationsByClass, type DurationsOfClass } from '../scoreboard/durations.ts';
import type { Value } from './family.ts';
import type { Metric } from './metric.ts';
import { slotsOf, type Snapshot } from './snapshot.ts';
import { sumOf, type Counts } from './totals.ts';

const DURATION = 'prefork_request_duration_seconds';

const counter = { type: 'counter', labels: ['slot'], source: 'scoreboard' } as const;

export const trafficMetrics: readonly Metric[] = [
  {
    ...counter,
    name: 'prefork_connections_accepted_total',
    help: 'Connections accepted.',
    unit: 'connections',
    advice:
      'Many for few requests: clients or a proxy do without keep-alive. Uneven over slots: few long-lived clients, which the kernel spreads by hash.',
    read: (snapshot) => bySlot(snapshot, ({ connectionsAccepted }) => connectionsAccepted),
  },
  {
    ...counter,
    name: 'prefork_handoffs_total',
    help: 'Connections accepted by the slot that another one should serve, by outcome.',
    unit: 'connections',
    labels: ['slot', 'outcome'],
    advice:
      'done: accepting is uneven, and each costs about 120 µs; --balance kernel does without. refused or failed, which the slot serves itself: workers that hang, drain or crash.',
    read: (snapshot) =>
      slotsOf(snapshot).flatMap((slot) => {
        const { handoffsSent: done, handoffsRefused: refused, handoffsFailed: failed } = countsOf(snapshot, slot);
        return Object.entries({ done, refused, failed }).map(([outcome, value]) => {
          return { value, labels: { slot, outcome } };
        });
      }),
  },
  {
    ...counter,
    name: 'prefork_handoffs_received_total',
    help: 'Connections that another slot accepted and this one serves.',
    unit: 'connections',
    advice: 'In one slot alone: it accepts less than the others, as after a boot; see prefork_connections_skew_ratio.',
    read: (snapshot) => bySlot(snapshot, ({ handoffsReceived }) => handoffsReceived),
  },
  {
    ...counter,
    name: 'prefork_requests_started_total',
    help: 'Requests whose head was read.',
    unit: 'requests',
    advice: 'More traffic than the workers can take shows in the utilization of their event loops: scale.',
    read: (snapshot) => bySlot(snapshot, ({ requestsStarted }) => requestsStarted),
  },
  {
    ...counter,
    name: 'prefork_requests_finished_total',
    help: 'Requests answered, or given up by their client.',
    unit: 'requests',
    advice:
      'That it stays behind the started ones by more and more means requests that never end: look for what they await.',
    read: (snapshot) => bySlot(snapshot, ({ requestsFinished }) => requestsFinished),
  },
  {
    ...counter,
    name: 'prefork_requests_total',
    help: 'Requests answered, by class of status.',
    unit: 'requests',
    labels: ['slot', 'status'],
    advice: '5xx: the log of the application says why. In one slot alone: that worker is broken, reload.',
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
    help: 'From the head of a request to the last byte of its response.',
    unit: 'seconds',
    labels: ['slot', 'status'],
    source: 'scoreboard',
    advice:
      'With a busy event loop: too much work in it, profile or scale. With an idle one: what the application waits for is slow, more workers do not help.',
    read: (snapshot) =>
      slotsOf(snapshot).flatMap((slot) =>
        durationsByClass(countsOf(snapshot, slot).durations).flatMap((one) => histogram(slot, one)),
      ),
  },
];

/** What all workers of a slot have counted. */
export function countsOf({ rows, totals }: Snapshot, slot: number): Counts {
  return sumOf([totals.of(slot), ...rows.filter((row) => row.slot === slot)]);
}

function bySlot(snapshot: Snapshot, value: (counts: Counts) => number): Value[] {
  return slotsOf(snapshot).map((slot) => ({ value: value(countsOf(snapshot, slot)), labels: { slot } }));
}

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
