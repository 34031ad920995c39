/** How the workers are, by slot: of each slot's own worker, and not of one that leaves it or is to take it over. */
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
      '0 for longer than a boot takes: it hangs, crashes again and again, or does not get ready. prefork status says which.',
    read: ({ status }) =>
      status.slots.map(({ slot, worker }) => ({ value: worker?.state === 'serving' ? 1 : 0, labels: { slot } })),
  },
  {
    ...gauge,
    name: 'prefork_requests_in_flight',
    help: 'Requests being answered.',
    unit: 'requests',
    advice:
      'Growing with an idle event loop: what the application waits for, a database for example, does not keep up.',
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
    help: 'Connections that the kernel holds for a socket and no worker has accepted; the slot is empty where all share it.',
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
