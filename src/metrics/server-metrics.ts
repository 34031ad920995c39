/** The server as a whole. */
import type { Value } from './family.ts';
import type { Metric } from './metric.ts';
import type { Snapshot } from './snapshot.ts';

const gauge = { type: 'gauge', labels: [], source: 'primary' } as const;

export const serverMetrics: readonly Metric[] = [
  {
    ...gauge,
    name: 'prefork_info',
    help: 'Always 1; its labels say what runs.',
    unit: '',
    labels: ['name', 'version', 'node', 'sharing'],
    advice: 'Never is.',
    read: ({ status: { name, prefork, node, sharing } }) => [
      { value: 1, labels: { name, version: prefork, node, sharing } },
    ],
  },
  {
    ...gauge,
    name: 'prefork_workers_wanted',
    help: 'How many workers there should be.',
    unit: 'workers',
    advice: 'As it was set: prefork scale.',
    read: one(({ status }) => status.workers.wanted),
  },
  {
    ...gauge,
    name: 'prefork_workers_serving',
    help: 'How many workers serve.',
    unit: 'workers',
    advice: 'Below the wanted ones for longer than a boot takes: see prefork_up.',
    read: one(({ status }) => status.workers.serving),
  },
  {
    ...gauge,
    name: 'prefork_spares',
    help: 'Booted or booting workers without a slot.',
    unit: 'workers',
    advice: 'Below --spares for long: they crash at boot.',
    read: one(({ status }) => status.spares.length),
  },
  {
    ...gauge,
    name: 'prefork_workers_leaving',
    help: 'Workers that finish what is in flight and then end.',
    unit: 'workers',
    advice: 'For long: requests or connections that do not end. --drain-timeout is their limit.',
    read: one(({ status }) => status.leaving.length),
  },
  {
    ...gauge,
    name: 'prefork_generation',
    help: 'Counts reloads, from 1.',
    unit: 'generation',
    advice: 'Rising without a deployment: something reloads.',
    read: one(({ status }) => status.generation),
  },
  {
    ...gauge,
    name: 'prefork_reloads_total',
    type: 'counter',
    help: 'Reloads that ended, by outcome.',
    unit: 'reloads',
    labels: ['outcome'],
    advice: 'failed: the old generation serves on, and prefork status says what the new one died of.',
    read: ({ status: { reloads } }) => [
      { value: reloads.done, labels: { outcome: 'done' } },
      { value: reloads.failed, labels: { outcome: 'failed' } },
    ],
  },
  {
    ...gauge,
    name: 'prefork_reload_last_timestamp_seconds',
    help: 'When the last reload ended, since the Unix epoch; absent before the first.',
    unit: 'seconds',
    advice: 'To mark deployments in a chart.',
    read: ({ status: { reloads } }) =>
      reloads.last === undefined ? [] : [{ value: Date.parse(reloads.last.at) / 1000, labels: {} }],
  },
  {
    ...gauge,
    name: 'prefork_start_time_seconds',
    help: 'When the primary started, since the Unix epoch. Counters begin there, also after an upgrade.',
    unit: 'seconds',
    advice: 'Changing unasked: the primary was killed; its supervisor (systemd, Kubernetes) knows why.',
    read: one(({ status }) => Date.parse(status.startedAt) / 1000),
  },
  {
    ...gauge,
    name: 'prefork_connections_skew_ratio',
    help: 'Open connections of the busiest slot over the mean of all; 1 is even, and so is none.',
    unit: 'ratio',
    source: 'scoreboard',
    advice:
      'Above 2 with many connections: a few long-lived clients share a worker. Shorter keep-alive spreads them anew.',
    read: one(({ status }) => status.balance.skew),
  },
  {
    ...gauge,
    name: 'prefork_cgroup_cpu_limit_cores',
    help: 'CPU quota of the cgroup; absent without one.',
    unit: 'cores',
    source: 'cgroup',
    advice:
      'Fewer than workers: they take turns, and all stand still for the rest of a period once the quota is used up.',
    read: ({ limits }) => some(limits.cpu),
  },
  {
    ...gauge,
    name: 'prefork_cgroup_memory_limit_bytes',
    help: 'Memory limit of the cgroup; absent without one.',
    unit: 'bytes',
    source: 'cgroup',
    advice:
      'The resident memory of all workers near it: the kernel is about to kill one. Fewer workers, or --max-memory.',
    read: ({ limits }) => some(limits.memory),
  },
];

function one(value: (snapshot: Snapshot) => number): (snapshot: Snapshot) => Value[] {
  return (snapshot) => some(value(snapshot));
}

function some(value: number | undefined): Value[] {
  return value === undefined ? [] : [{ value, labels: {} }];
}
