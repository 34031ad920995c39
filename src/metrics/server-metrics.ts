/** The metrics of the server as a whole. */
import type { Value } from './family.ts';
import type { Metric } from './metric.ts';
import type { Snapshot } from './snapshot.ts';

const gauge = { type: 'gauge', labels: [], source: 'primary' } as const;

export const serverMetrics: readonly Metric[] = [
  {
    ...gauge,
    name: 'prefork_info',
    help: 'Always 1; the labels say what runs.',
    unit: '',
    labels: ['name', 'version', 'node', 'sharing'],
    advice: 'The value is always 1.',
    read: ({ status: { name, prefork, node, sharing } }) => [
      { value: 1, labels: { name, version: prefork, node, sharing } },
    ],
  },
  {
    ...gauge,
    name: 'prefork_application_info',
    help: 'Always 1, for each version and generation of the application that serves; the version is of --app-version or package.json.',
    unit: '',
    labels: ['version', 'generation'],
    advice:
      'Two versions over all hosts are right during a deployment, and wrong after it: a host was left out, or went back by itself.',
    read: ({ applications }) =>
      applications.map(({ version = 'unknown', generation }) => ({ value: 1, labels: { version, generation } })),
  },
  {
    ...gauge,
    name: 'prefork_workers_wanted',
    help: 'The number of workers that there should be.',
    unit: 'workers',
    advice: 'prefork scale changes it.',
    read: one(({ status }) => status.workers.wanted),
  },
  {
    ...gauge,
    name: 'prefork_autoscale_limit_workers',
    help: 'The ends of the range of --workers, and how many workers fit into the memory; absent where there is none.',
    unit: 'workers',
    labels: ['limit'],
    advice: 'When the demand stays near the most, raise it, or add machines. A low memory limit keeps workers away.',
    read: ({ status: { autoscale } }) =>
      autoscale === null
        ? []
        : [
            { value: autoscale.least, labels: { limit: 'least' } },
            { value: autoscale.most, labels: { limit: 'most' } },
            ...(autoscale.fitting === null ? [] : [{ value: autoscale.fitting, labels: { limit: 'memory' } }]),
          ],
  },
  {
    ...gauge,
    name: 'prefork_autoscale_demand_workers',
    help: 'The mean utilization of the event loops times the workers; absent while it is unknown, and for a fixed number.',
    unit: 'workers',
    advice: 'This is the load that autoscaling goes by. Three quarters of the workers are as much as should be used.',
    read: ({ status: { autoscale } }) => some(autoscale?.demand ?? undefined),
  },
  {
    ...gauge,
    name: 'prefork_autoscale_paused',
    help: '1 while a person’s scale keeps autoscaling from changing the number; absent for a fixed number.',
    unit: '',
    advice: 'prefork scale auto resumes it.',
    read: ({ status: { autoscale } }) => some(autoscale === null ? undefined : Number(autoscale.paused !== null)),
  },
  {
    ...gauge,
    name: 'prefork_autoscale_held',
    help: '1 while something keeps autoscaling from changing the number, and why; absent when nothing does.',
    unit: '',
    labels: ['reason'],
    advice: 'docs/autoscaling.md says what the reasons are.',
    read: ({ status: { autoscale } }) =>
      autoscale === null || autoscale.hold === null ? [] : [{ value: 1, labels: { reason: autoscale.hold } }],
  },
  {
    ...gauge,
    name: 'prefork_workers_serving',
    help: 'The number of workers that serve.',
    unit: 'workers',
    advice: 'When it is below the wanted number for longer than a boot takes, see prefork_up.',
    read: one(({ status }) => status.workers.serving),
  },
  {
    ...gauge,
    name: 'prefork_spares',
    help: 'Booted or booting workers without a slot.',
    unit: 'workers',
    advice: 'When it is below --spares for long, spares crash at boot.',
    read: one(({ status }) => status.spares.length),
  },
  {
    ...gauge,
    name: 'prefork_workers_leaving',
    help: 'Workers that finish what is in flight and then end.',
    unit: 'workers',
    advice: 'When it is above 0 for long, requests or connections do not end. --drain-timeout is their limit.',
    read: one(({ status }) => status.leaving.length),
  },
  {
    ...gauge,
    name: 'prefork_workers_parked',
    help: 'Workers that are booted and accept nothing: those that a rollback would return to, for example.',
    unit: 'workers',
    advice: 'They cost memory. --keep-previous says for how long a reload leaves some.',
    read: one(({ status }) => status.parked.length),
  },
  {
    ...gauge,
    name: 'prefork_parked_memory_bytes',
    help: 'The resident memory of parked workers.',
    unit: 'bytes',
    advice: 'It is what --keep-previous, or a canary, costs. Parked workers are given up when the cgroup gets tight.',
    read: one(({ status }) => status.parked.reduce((sum, { vitals }) => sum + (vitals?.rss ?? 0), 0)),
  },
  {
    ...gauge,
    name: 'prefork_generation',
    help: 'The number of the generation, which counts reloads from 1.',
    unit: 'generation',
    advice: 'When it rises without a deployment, something reloads.',
    read: one(({ status }) => status.generation),
  },
  {
    ...gauge,
    name: 'prefork_reloads_total',
    type: 'counter',
    help: 'Reloads that ended, by outcome.',
    unit: 'reloads',
    labels: ['outcome'],
    advice: 'After a failed one the old generation serves on, and prefork status says why the new one ended.',
    read: ({ status: { reloads } }) => [
      { value: reloads.done, labels: { outcome: 'done' } },
      { value: reloads.failed, labels: { outcome: 'failed' } },
    ],
  },
  {
    ...gauge,
    name: 'prefork_rollbacks_total',
    type: 'counter',
    help: 'Reloads that were done, and rolled back after that, by a person or because the new generation kept crashing.',
    unit: 'rollbacks',
    advice:
      'The log says why. What is on the disk is still the new code: a worker that is started from now on loads that.',
    read: one(({ status }) => status.reloads.rolledBack),
  },
  {
    ...gauge,
    name: 'prefork_reload_last_timestamp_seconds',
    help: 'The time when the last reload ended, since the Unix epoch; absent before the first.',
    unit: 'seconds',
    advice: 'It can mark deployments in a chart.',
    read: ({ status: { reloads } }) =>
      reloads.last === undefined ? [] : [{ value: Date.parse(reloads.last.at) / 1000, labels: {} }],
  },
  {
    ...gauge,
    name: 'prefork_start_time_seconds',
    help: 'The time when the primary started, since the Unix epoch. Counters begin there, after an upgrade too.',
    unit: 'seconds',
    advice:
      'When it changes unasked, the primary was killed. The supervisor of the primary (systemd, Kubernetes) knows why.',
    read: one(({ status }) => Date.parse(status.startedAt) / 1000),
  },
  {
    ...gauge,
    name: 'prefork_connections_skew_ratio',
    help: 'Open connections of the busiest slot over the mean of all; 1 is even, and so is none.',
    unit: 'ratio',
    source: 'scoreboard',
    advice:
      'When it is above 2 with many connections, a few long-lived clients share a worker. A shorter keep-alive spreads them anew.',
    read: one(({ status }) => status.balance.skew),
  },
  {
    ...gauge,
    name: 'prefork_cgroup_cpu_limit_cores',
    help: 'The CPU quota of the cgroup; absent without one.',
    unit: 'cores',
    source: 'cgroup',
    advice:
      'With fewer cores than workers they take turns, and all stand still for the rest of a period once the quota is used up.',
    read: ({ limits }) => some(limits.cpu),
  },
  {
    ...gauge,
    name: 'prefork_cgroup_memory_limit_bytes',
    help: 'The memory limit of the cgroup; absent without one.',
    unit: 'bytes',
    source: 'cgroup',
    advice:
      'When the resident memory of all workers comes near it, the kernel is about to kill one. Use fewer workers, or --max-memory.',
    read: ({ limits }) => some(limits.memory),
  },
];

function one(value: (snapshot: Snapshot) => number): (snapshot: Snapshot) => Value[] {
  return (snapshot) => some(value(snapshot));
}

function some(value: number | undefined): Value[] {
  return value === undefined ? [] : [{ value, labels: {} }];
}
