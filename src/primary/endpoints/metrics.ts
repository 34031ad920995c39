import type { MetricsAnswer, Status } from '../../control/controls.ts';
import type { Queue, Snapshot } from '../../metrics/snapshot.ts';
import type { Asked } from '../supervisor/application-metrics.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';

/** A worker whose last beat is older than this is not asked. The time is two beats. */
const RESPONSIVE_MS = 500;

/** Answers a scrape. The modules for it are loaded by the first one: most primaries are never scraped. */
export async function metricsOf(
  supervisor: Supervisor,
  status: Status,
  accept: string | undefined,
): Promise<MetricsAnswer> {
  const { expose, merge } = await import('../../metrics/exposition.ts');
  const { loadPromClient, MissingPromClient } = await import('../../metrics/prom-client.ts');
  try {
    const promClient = loadPromClient(!supervisor.isSeparated);
    const { applicationMetrics } = supervisor;
    const application = await applicationMetrics.collect(workersToAsk(supervisor));
    await applicationMetrics.fold((lists) => merge(lists, promClient.AggregatorRegistry));
    const snapshot = await snapshotOf(supervisor, status);
    return { ok: true, ...(await expose(promClient, { snapshot, application, accept })) };
  } catch (error) {
    if (error instanceof MissingPromClient) return { ok: false, reason: error.message };
    throw error;
  }
}

function workersToAsk({ fleet, now, row }: Supervisor): Asked[] {
  return [...fleet.workers.values()]
    .filter(({ state }) => state === 'serving' || state === 'draining')
    .map(({ id }) => ({ id, isResponsive: now - (row(id)?.heartbeat ?? -Infinity) < RESPONSIVE_MS }));
}

async function snapshotOf(supervisor: Supervisor, status: Status): Promise<Omit<Snapshot, 'told'>> {
  const { cpuQuota } = await import('../../options/machine/cores.ts');
  const { memoryLimit } = await import('../../options/machine/memory.ts');
  const quota = cpuQuota();
  return {
    status,
    rows: [...supervisor.fleet.workers.keys()].flatMap((id) => supervisor.row(id) ?? []),
    totals: supervisor.totals,
    queues: await queuesOf(supervisor),
    limits: { cpu: Number.isFinite(quota) ? quota : undefined, memory: memoryLimit() },
  };
}

async function queuesOf({ sockets }: Supervisor): Promise<Queue[]> {
  const { acceptQueues, inodeOf } = await import('../../metrics/accept-queue.ts');
  const lengths = acceptQueues();
  return sockets.flatMap(({ address, slot, fd }) => {
    const length = lengths.get(inodeOf(fd) ?? 0);
    return length === undefined ? [] : [{ address, slot, length }];
  });
}
