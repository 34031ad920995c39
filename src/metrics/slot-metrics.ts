/**
 * The metrics of workers, by slot. They describe each slot's own worker, and not a worker that leaves the slot or is to
 * take it over.
 */
import type { SlotStatus } from '../control/controls.ts';
import type { Value } from './family.ts';
import type { Metric } from './metric.ts';

const gauge = { type: 'gauge', labels: ['slot'], source: 'scoreboard' } as const;

export const slotMetrics: readonly Metric[] = [
  {
    ...gauge,
    name: 'prefork_up',
    help: '1 while the worker of the slot serves and its event loop turns, else 0.',
    unit: '1 or 0',
    source: 'primary',
    advice:
      'When it is 0 for longer than a boot takes, the worker hangs, crashes again and again, or does not get ready. prefork status says which.',
    read: ({ status }) =>
      status.slots.map(({ slot, worker }) => ({ value: worker?.state === 'serving' ? 1 : 0, labels: { slot } })),
  },
  {
    ...gauge,
    name: 'prefork_requests_in_flight',
    help: 'Requests that are being answered.',
    unit: 'requests',
    advice:
      'When it grows while the event loop is idle, a service that the application waits for, such as a database, does not keep up.',
    read: ({ status }) =>
      status.slots.flatMap(({ slot, worker }) =>
        worker?.vitals
          ? [{ value: worker.vitals.requestsStarted - worker.vitals.requestsFinished, labels: { slot } }]
          : [],
      ),
  },
  {
    ...gauge,
    name: 'prefork_worker_generation',
    help: 'The generation of the worker.',
    unit: 'generation',
    source: 'primary',
    advice: 'When slots differ for longer than a reload takes, the reload failed: see prefork_reloads_total.',
    read: ({ status }) => ofWorkers(status.slots, ({ generation }) => generation),
  },
  {
    ...gauge,
    name: 'prefork_worker_uptime_seconds',
    help: 'The time since the worker was started.',
    unit: 'seconds',
    source: 'primary',
    advice: 'When it is low again and again, the worker crashes or is recycled: see prefork_worker_exits_total.',
    read: ({ status }) => ofWorkers(status.slots, ({ uptime }) => uptime / 1000),
  },
  {
    ...gauge,
    name: 'prefork_worker_exits_total',
    type: 'counter',
    help: 'Workers that ended, by reason. Those with asked and recycled were planned.',
    unit: 'workers',
    labels: ['slot', 'reason'],
    source: 'primary',
    advice:
      'The log names each with its signal or code and, where there is one, the error. docs/lifecycle.md says what each reason is.',
    read: ({ totals }) => totals.exits.map(({ slot, reason, count }) => ({ value: count, labels: { slot, reason } })),
  },
  {
    ...gauge,
    name: 'prefork_accept_queue_length',
    help: 'Connections that the kernel holds for a socket and no worker has accepted. The slot is empty where all share the socket.',
    unit: 'connections',
    labels: ['slot', 'address'],
    source: 'kernel',
    advice:
      'When it is above 0 for long, the worker does not get to accept. At the backlog (511, net.core.somaxconn) connections are dropped: scale.',
    read: ({ queues }) =>
      queues.map(({ address, slot = '', length }) => ({ value: length, labels: { slot, address } })),
  },
];

type WorkerOfSlot = NonNullable<SlotStatus['worker']>;

function ofWorkers(slots: readonly SlotStatus[], value: (worker: WorkerOfSlot) => number): Value[] {
  return slots.flatMap(({ slot, worker }) => (worker === null ? [] : [{ value: value(worker), labels: { slot } }]));
}
