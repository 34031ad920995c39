/** How the workers are, by slot: of each slot's own worker, and not of one that leaves it or is to take it over. */
import type { SlotStatus, Vitals } from '../control/controls.ts';
import type { Value } from './family.ts';
import type { Metric } from './metric.ts';
import type { Snapshot } from './snapshot.ts';

const gauge = { type: 'gauge', labels: ['slot'], source: 'scoreboard' } as const;

export const slotMetrics: readonly Metric[] = [
  {
    ...gauge,
    name: 'prefork_up',
    help: '1 while the worker of the slot serves and its event loop turns, else 0.',
    unit: '1 or 0',
    source: 'primary',
    advice:
      '0 for longer than a boot takes: it hangs, crashes again and again, or does not get ready. prefork status says which.',
    read: ({ status }) =>
      status.slots.map(({ slot, worker }) => ({ value: worker?.state === 'serving' ? 1 : 0, labels: { slot } })),
  },
  {
    ...gauge,
    name: 'prefork_connections_open',
    help: 'Connections accepted and not closed.',
    unit: 'connections',
    advice: 'Near the limit of open files (prefork doctor) accepting fails: raise it, scale, or shorten keep-alive.',
    read: vital(({ connectionsOpen }) => connectionsOpen),
  },
  {
    ...gauge,
    name: 'prefork_requests_in_flight',
    help: 'Requests being answered.',
    unit: 'requests',
    advice:
      'Growing with an idle event loop: what the application waits for, a database for example, does not keep up.',
    read: vital(({ requestsStarted, requestsFinished }) => requestsStarted - requestsFinished),
  },
  {
    ...gauge,
    name: 'prefork_event_loop_utilization_ratio',
    help: 'Share of the last beat (250 ms) that the event loop was busy.',
    unit: '0 to 1',
    advice: 'Above 0.8 requests queue behind each other: scale while there are idle cores, else profile.',
    read: vital(({ utilization }) => utilization),
  },
  {
    ...gauge,
    name: 'prefork_event_loop_delay_p50_seconds',
    help: 'Half of the beats of the last minute were so late or less: what a request waits before anything is done for it.',
    unit: 'seconds',
    advice: 'The worker is busy all the time: see the utilization.',
    read: vital(({ delayP50 }) => delayP50 / 1000),
  },
  {
    ...gauge,
    name: 'prefork_event_loop_delay_p99_seconds',
    help: 'All but one in a hundred beats of the last minute were so late or less.',
    unit: 'seconds',
    advice:
      'Synchronous work between two turns of the loop, or no CPU left for the process: profile; look at the cgroup’s quota.',
    read: vital(({ delayP99 }) => delayP99 / 1000),
  },
  {
    ...gauge,
    name: 'prefork_heartbeat_age_seconds',
    help: 'Since the worker last wrote its figures.',
    unit: 'seconds',
    advice:
      'Above 1: its event loop stands still, and its neighbours accept for it. At --heartbeat-timeout it is killed.',
    read: vital(({ beat }) => beat / 1000),
  },
  {
    ...gauge,
    name: 'prefork_resident_memory_bytes',
    help: 'Resident memory of the worker.',
    unit: 'bytes',
    advice: 'Growing without end: a leak. --max-memory replaces the worker before the kernel kills it.',
    read: vital(({ rss }) => rss),
  },
  {
    ...gauge,
    name: 'prefork_heap_used_bytes',
    help: 'Memory of JavaScript objects in the worker.',
    unit: 'bytes',
    advice:
      'Growing with the resident memory: the leak is in JavaScript, and a heap snapshot shows it. If not: in buffers or native code.',
    read: vital(({ heapUsed }) => heapUsed),
  },
  {
    ...gauge,
    name: 'prefork_worker_generation',
    help: 'Generation of the worker.',
    unit: 'generation',
    source: 'primary',
    advice: 'Different over slots for longer than a reload takes: it failed, see prefork_reloads_total.',
    read: ({ status }) => ofWorkers(status.slots, ({ generation }) => generation),
  },
  {
    ...gauge,
    name: 'prefork_worker_uptime_seconds',
    help: 'Since the worker was started.',
    unit: 'seconds',
    source: 'primary',
    advice: 'Low again and again: it crashes or is recycled, see prefork_worker_exits_total.',
    read: ({ status }) => ofWorkers(status.slots, ({ uptime }) => uptime / 1000),
  },
  {
    ...gauge,
    name: 'prefork_worker_exits_total',
    type: 'counter',
    help: 'Workers that ended, by reason; asked and recycled ones are planned.',
    unit: 'workers',
    labels: ['slot', 'reason'],
    source: 'primary',
    advice:
      'The log names each with its signal or code and, where there is one, the error; docs/lifecycle.md says what each reason is.',
    read: ({ totals }) => totals.exits.map(({ slot, reason, count }) => ({ value: count, labels: { slot, reason } })),
  },
  {
    ...gauge,
    name: 'prefork_accept_queue_length',
    help: 'Connections that the kernel holds for a socket and nobody has accepted; the slot is empty where all share it.',
    unit: 'connections',
    labels: ['slot', 'address'],
    source: 'kernel',
    advice:
      'Above 0 for long: the worker does not get to accept. At the backlog (511, net.core.somaxconn) connections are dropped: scale.',
    read: ({ queues }) =>
      queues.map(({ address, slot = '', length }) => ({ value: length, labels: { slot, address } })),
  },
];

type WorkerOfSlot = NonNullable<SlotStatus['worker']>;

function ofWorkers(slots: readonly SlotStatus[], value: (worker: WorkerOfSlot) => number): Value[] {
  return slots.flatMap(({ slot, worker }) => (worker === null ? [] : [{ value: value(worker), labels: { slot } }]));
}

function vital(value: (vitals: Vitals) => number): (snapshot: Snapshot) => Value[] {
  return ({ status }) =>
    status.slots.flatMap(({ slot, worker }) =>
      worker?.vitals ? [{ value: value(worker.vitals), labels: { slot } }] : [],
    );
}
