/** Computes what follows from several samples of a server: rates, and their history. This module is pure. */
import type { Vitals } from '../../contract/vitals.ts';
import type { Status, WorkerStatus } from '../../control/controls.ts';
import { latencyBetween, type Latency } from './latency.ts';
import { roster, type Place } from './roster.ts';

/** The result of one look at a server. */
export interface Sample {
  /** The monotonic time in ms. */
  readonly at: number;
  readonly status: Status;
  /** The CPU time in ms that each process has used in its life. A process whose time is not known is missing. */
  readonly cpuTimes: ReadonlyMap<number, number>;
}

/** The figures of one worker, or of a slot that has none. */
export interface Row extends Place {
  /** Cores in use since the sample before; undefined while not known. */
  readonly cpu: number | undefined;
  /** Requests finished per second; undefined while not known. */
  readonly rate: number | undefined;
  /** The latency of the requests behind `rate`; undefined while there are none. */
  readonly latency: Latency | undefined;
  /** The last rates, the newest last. The trail of a slot continues when its worker changes. */
  readonly trail: readonly number[];
}

export interface History {
  readonly sample: Sample | undefined;
  readonly rows: readonly Row[];
  /** Requests finished per second by all workers, the newest last. */
  readonly trail: readonly number[];
  /** What each worker had done, by pid. The next rates are counted from here. */
  readonly marks: ReadonlyMap<number, Mark>;
}

/** What is counted from when the next sample comes. A history is its own past. */
export interface Past {
  readonly sample: Pick<Sample, 'at' | 'cpuTimes'> | undefined;
  readonly rows: ReadonlyArray<Pick<Row, 'key' | 'trail'>>;
  readonly trail: readonly number[];
  readonly marks: ReadonlyMap<number, Mark>;
}

/** What a worker had done at a moment. */
interface Mark {
  readonly at: number;
  readonly finished: number;
  readonly durations: readonly number[];
  readonly rate: number | undefined;
  readonly latency: Latency | undefined;
}

/** The number of rates that are kept, which is more than a wide terminal shows. */
const LONGEST_TRAIL = 120;

/** Two samples of a row that was written less than this apart are the same beat, because beats come every 250 ms. */
const SAME_BEAT_MS = 50;

/** A worker that has not beaten for this long does nothing. */
const SILENT_AFTER_MS = 1000;

export const noHistory: History = { sample: undefined, rows: [], trail: [], marks: new Map() };

export function advance(history: Past, sample: Sample): History {
  const places = roster(sample.status);
  const marks = marksOf(places, history, sample);
  const trails = new Map(history.rows.map(({ key, trail }) => [key, trail]));
  const rows = places.map((place) => {
    const { rate, latency } = marks.get(place.worker?.pid ?? 0) ?? {};
    const cpu = cpuOf(place, history.sample, sample);
    return { ...place, rate, latency, cpu, trail: extended(trails.get(place.key), rate) };
  });
  const known = rows.flatMap(({ rate }) => rate ?? []);
  const total = known.length === 0 ? undefined : known.reduce((sum, rate) => sum + rate, 0);
  return { sample, rows, marks, trail: extended(history.trail, total) };
}

/** Adds up the known values. The sum is undefined when none is known. */
export function sumOf(rows: readonly Row[], figure: (row: Row) => number | undefined): number | undefined {
  const known = rows.flatMap((row) => figure(row) ?? []);
  return known.length === 0 ? undefined : known.reduce((sum, one) => sum + one, 0);
}

function marksOf(places: readonly Place[], history: Past, sample: Sample): Map<number, Mark> {
  const marks = new Map<number, Mark>();
  for (const { worker } of places) {
    const mark = worker === null ? undefined : markOf(worker, history, sample);
    if (mark !== undefined) marks.set(worker!.pid!, mark);
  }
  return marks;
}

/**
 * Rates count from when the worker wrote its row, not from when it was read, because beats and samples are not in step.
 */
function markOf(worker: WorkerStatus, history: Past, { at, status }: Sample): Mark | undefined {
  const { pid, vitals } = worker;
  if (pid === null || vitals === null) return undefined;
  const { beat, requestsFinished: finished } = vitals;
  // An older server, which is about to be upgraded, does not report durations.
  const durations = (vitals as Partial<Vitals>).durations ?? [];
  const now = { at: at - beat, finished, durations, rate: undefined, latency: undefined };
  const before = history.marks.get(pid) ?? birthOf(worker, history, at);
  if (before === undefined) return now;
  if (beat > SILENT_AFTER_MS) return { ...now, rate: 0 };
  if (now.at - before.at < SAME_BEAT_MS) return before;
  const rate = ((finished - before.finished) * 1000) / (now.at - before.at);
  return { ...now, rate, latency: latencyBetween(before.durations, durations, status.durationBounds ?? []) };
}

/** Returns a mark of zero for a worker that is younger than the last sample. */
function birthOf({ uptime }: WorkerStatus, { sample: last }: Past, at: number): Mark | undefined {
  if (last === undefined || at - uptime <= last.at) return undefined;
  return { at: at - uptime, finished: 0, durations: [], rate: undefined, latency: undefined };
}

function cpuOf({ worker }: Place, last: Past['sample'], { at, cpuTimes }: Sample): number | undefined {
  const pid = worker?.pid ?? 0;
  const used = cpuTimes.get(pid);
  const usedBefore = last?.cpuTimes.get(pid);
  if (used === undefined || usedBefore === undefined || at <= last!.at) return undefined;
  return (used - usedBefore) / (at - last!.at);
}

function extended(trail: readonly number[] = [], rate: number | undefined): readonly number[] {
  return rate === undefined ? trail : [...trail, rate].slice(-LONGEST_TRAIL);
}
