/** Makes and keeps the samples by which a canary is judged. The functions are pure: the caller reads rows and clocks. */
import type { GenerationSample, WorkerSample } from '../../../contract/canary.ts';
import type { Row } from '../../../scoreboard/layout.ts';
import { isServing, workerOf, type Fleet, type Worker } from '../fleet.ts';

/** The number of samples that are kept of each generation. */
export const MOST_SAMPLES = 240;

/** Both generations, sample by sample. */
export interface Samples {
  readonly baseline: readonly GenerationSample[];
  readonly canary: readonly GenerationSample[];
}

export const NO_SAMPLES: Samples = { baseline: [], canary: [] };

/** The figures of a worker, with the most resident memory that it has had, bytes, where the kernel says that. */
export type SeenRow = Row & { readonly peak?: number };

/** What is known of a worker beside its row. */
export type ReportOf = (worker: Worker) => Pick<WorkerSample, 'health' | 'metrics' | 'clients'> | undefined;

/** What has happened to workers of one generation since the watch began. */
export interface Incidents {
  readonly crashes: number;
  readonly hangs: number;
}

/** Returns a sample of the workers that serve and are, or are not, of the canary's generation. */
export function sampleOf(
  fleet: Fleet,
  at: number,
  { generation, isCanary, incidents }: { generation: number; isCanary: boolean; incidents: Incidents },
  row: (worker: Worker) => SeenRow | undefined,
  report: ReportOf,
): GenerationSample {
  const workers = fleet.slots.flatMap((slot) => {
    const worker = workerOf(fleet, slot.worker);
    if (worker === undefined || !isServing(fleet, slot)) return [];
    if ((worker.generation === generation) !== isCanary) return [];
    const figures = row(worker);
    return figures === undefined ? [] : [workerSample(worker, slot.index, figures, at, report(worker))];
  });
  return { at, generation: isCanary ? generation : olderThan(fleet, generation), workers, ...incidents };
}

/** Returns the newest generation before this one that has a worker. */
function olderThan({ workers }: Fleet, generation: number): number {
  const others = [...workers.values()].map((worker) => worker.generation).filter((one) => one < generation);
  return Math.max(...others, 0);
}

function workerSample(
  { id, pid, servingSince }: Worker,
  slot: number,
  row: SeenRow,
  at: number,
  report: Pick<WorkerSample, 'health' | 'metrics' | 'clients'> | undefined,
): WorkerSample {
  return {
    worker: id,
    pid,
    slot,
    age: at - (servingSince ?? at),
    durations: row.durations,
    latencies: row.latencies,
    requestsStarted: row.requestsStarted,
    requestsFinished: row.requestsFinished,
    connectionsOpen: row.connectionsOpen,
    utilization: row.utilization,
    cpu: row.cpu,
    delay: row.delay,
    delayP99: row.delayP99,
    rss: row.rss,
    peak: row.peak ?? row.rss,
    heapUsed: row.heapUsed,
    health: report?.health,
    metrics: report?.metrics,
    clients: report?.clients,
  };
}

/** Adds a sample of each. When there are too many, every other one between the first and the last goes. */
export function withSample(samples: Samples, baseline: GenerationSample, canary: GenerationSample): Samples {
  const grown = { baseline: [...samples.baseline, baseline], canary: [...samples.canary, canary] };
  if (grown.canary.length <= MOST_SAMPLES) return grown;
  return { baseline: thinned(grown.baseline), canary: thinned(grown.canary) };
}

function thinned(samples: readonly GenerationSample[]): GenerationSample[] {
  return samples.filter((_, index) => index % 2 === 0 || index === samples.length - 1);
}

/** The crashes and hangs of a generation. */
export interface Tally {
  /** The pids of the workers that crashed, and the ids of those that hung: each counts once. */
  readonly crashed: ReadonlySet<number>;
  readonly hung: ReadonlySet<number>;
}

export const NO_TALLY: Tally = { crashed: new Set(), hung: new Set() };

/** Returns the tally with what the fleet shows now. */
export function tallied(
  { crashed, hung }: Tally,
  fleet: Fleet,
  since: number,
  isOurs: (generation: number) => boolean,
): Tally {
  const exits = fleet.slots.flatMap(({ lastExit }) => lastExit ?? []);
  // A kill by another process says nothing of the code.
  const crashes = exits.filter((exit) => exit.at >= since && isOurs(exit.generation) && !exit.isFromOutside);
  const hangs = [...fleet.workers.values()].filter(
    ({ isHung, generation, state }) => isHung && state === 'serving' && isOurs(generation),
  );
  const pids = crashes.map(({ pid }) => pid ?? 0);
  return { crashed: new Set([...crashed, ...pids]), hung: new Set([...hung, ...hangs.map(({ id }) => id)]) };
}
