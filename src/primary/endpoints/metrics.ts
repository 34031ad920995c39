import type { MetricsAnswer, Status } from '../../control/controls.ts';
import type { Application, Queue, Snapshot } from '../../metrics/snapshot.ts';
import type { ListenerSet } from '../../listeners/listener-set.ts';
import type { Asked } from '../supervisor/polling/application-metrics.ts';
import type { WorkerId } from '../fleet/ids.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';

/** A worker whose last beat is older than this is not asked. The time is two beats. */
const RESPONSIVE_MS = 500;

export interface ScrapeTerms {
  /** The monotonic time, ms. */
  readonly now: () => number;
  /** Root started the server for another user, so files that the application's user may write are not loaded here. */
  readonly isSeparated: boolean;
}

/** Answers a scrape. The modules for it are loaded by the first one: most primaries are never scraped. */
export async function metricsOf(
  supervisor: Supervisor,
  { now, isSeparated }: ScrapeTerms,
  status: Status,
  accept: string | undefined,
): Promise<MetricsAnswer> {
  const { expose, merge } = await import('../../metrics/exposition.ts');
  const { loadPromClient, MissingPromClient } = await import('../../metrics/prom-client.ts');
  try {
    const promClient = loadPromClient(!isSeparated);
    const { metrics } = supervisor.resources;
    const application = await metrics.collect(workersToAsk(supervisor, now()));
    await metrics.fold((lists) => merge(lists, promClient.AggregatorRegistry));
    const snapshot = await snapshotOf(supervisor, status);
    return { ok: true, ...(await expose(promClient, { snapshot, application, accept })) };
  } catch (error) {
    if (error instanceof MissingPromClient) return { ok: false, reason: error.message };
    throw error;
  }
}

function workersToAsk({ fleet, resources: { processes } }: Supervisor, now: number): Asked[] {
  return [...fleet.workers.values()]
    .filter(({ state }) => state === 'serving' || state === 'parked' || state === 'draining')
    .map(({ id }) => ({ id, isResponsive: now - (processes.row(id)?.heartbeat ?? -Infinity) < RESPONSIVE_MS }));
}

async function snapshotOf({ fleet, resources }: Supervisor, status: Status): Promise<Omit<Snapshot, 'told'>> {
  const { cpuQuota } = await import('../../options/machine/cores.ts');
  const { memoryLimit } = await import('../../options/machine/memory.ts');
  const quota = cpuQuota();
  return {
    status,
    rows: [...fleet.workers.keys()].flatMap((id) => resources.processes.row(id) ?? []),
    totals: resources.totals,
    queues: await queuesOf(resources.listeners),
    applications: applicationsOf(fleet, (worker) => resources.processes.versionOf(worker)),
    limits: { cpu: Number.isFinite(quota) ? quota : undefined, memory: memoryLimit() },
  };
}

function applicationsOf(fleet: Fleet, versionOf: (worker: WorkerId) => string | undefined): Application[] {
  const found = new Map<string, Application>();
  for (const { id, state, generation } of fleet.workers.values()) {
    const version = versionOf(id);
    if (state === 'serving') found.set(`${generation} ${version}`, { version, generation });
  }
  return [...found.values()];
}

async function queuesOf({ sockets }: Pick<ListenerSet, 'sockets'>): Promise<Queue[]> {
  const { acceptQueues, inodeOf } = await import('../../metrics/accept-queue.ts');
  const lengths = acceptQueues();
  return sockets.flatMap(({ address, slot, fd }) => {
    const length = lengths.get(inodeOf(fd) ?? 0);
    return length === undefined ? [] : [{ address, slot, length }];
  });
}
