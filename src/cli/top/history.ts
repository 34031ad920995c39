/** What follows from several looks at a server: rates, and how they went. Pure. */
import type { Vitals } from '../../contract/vitals.ts';
import type { Status, WorkerStatus } from '../../control/controls.ts';
import { latencyBetween, type Latency } from './latency.ts';
import { roster, type Place } from './roster.ts';

/** One look. */
export interface Sample {
  /** Monotonic, ms. */
  readonly at: number;
  readonly status: Status;
  /** CPU time that each process has used in its life, ms; without those of which it is not known. */
  readonly cpuTimes: ReadonlyMap<number, number>;
}

/** What is shown of one worker, or of a slot that has none. */
export interface Row extends Place {
  /** Cores in use since the look before; undefined while it is not known. */
  readonly cpu: number | undefined;
  /** Requests finished per second, likewise. */
  readonly rate: number | undefined;
  /** Of the requests behind the rate; undefined while there are none. */
  readonly latency: Latency | undefined;
  /** The last rates, the newest last. A slot's goes on when its worker is another. */
  readonly trail: readonly number[];
}

export interface History {
  readonly sample: Sample | undefined;
  readonly rows: readonly Row[];
  /** Requests finished per second in all; the newest last. */
  readonly trail: readonly number[];
  /** By pid, from which the next rates are counted. */
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

/** So many rates are kept: more than a wide terminal shows. */
const LONGEST_TRAIL = 120;

/** Two rows that are written less apart are the same one, ms: beats come every 250 ms. */
const SAME = 50;

/** A worker that has not beaten for so long does nothing, ms. */
const SILENT = 1000;

export const noHistory: History = { sample: undefined, rows: [], trail: [], marks: new Map() };

export function advance(history: History, sample: Sample): History {
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

/** The sum of what is known; undefined when nothing is. */
export function sumOf(rows: readonly Row[], figure: (row: Row) => number | undefined): number | undefined {
  const known = rows.flatMap((row) => figure(row) ?? []);
  return known.length === 0 ? undefined : known.reduce((sum, one) => sum + one, 0);
}

function marksOf(places: readonly Place[], history: History, sample: Sample): Map<number, Mark> {
  const marks = new Map<number, Mark>();
  for (const { worker } of places) {
    const mark = worker === null ? undefined : markOf(worker, history, sample);
    if (mark !== undefined) marks.set(worker!.pid!, mark);
  }
  return marks;
}

/** Counted from when the row was written, not from when it was read: beats and looks do not come in step. */
function markOf(worker: WorkerStatus, history: History, { at, status }: Sample): Mark | undefined {
  const { pid, vitals } = worker;
  if (pid === null || vitals === null) return undefined;
  const { beat, requestsFinished: finished } = vitals;
  // A server that is older, and about to be upgraded, says nothing of them.
  const durations = (vitals as Partial<Vitals>).durations ?? [];
  const now = { at: at - beat, finished, durations, rate: undefined, latency: undefined };
  const before = history.marks.get(pid) ?? birthOf(worker, history, at);
  if (before === undefined) return now;
  if (beat > SILENT) return { ...now, rate: 0 };
  if (now.at - before.at < SAME) return before;
  const rate = ((finished - before.finished) * 1000) / (now.at - before.at);
  return { ...now, rate, latency: latencyBetween(before.durations, durations, status.durationBounds ?? []) };
}

/** One that is younger than the last look has counted from nothing. */
function birthOf({ uptime }: WorkerStatus, { sample: last }: History, at: number): Mark | undefined {
  if (last === undefined || at - uptime <= last.at) return undefined;
  return { at: at - uptime, finished: 0, durations: [], rate: undefined, latency: undefined };
}

function cpuOf({ worker }: Place, last: Sample | undefined, { at, cpuTimes }: Sample): number | undefined {
  const pid = worker?.pid ?? 0;
  const used = cpuTimes.get(pid);
  const usedBefore = last?.cpuTimes.get(pid);
  if (used === undefined || usedBefore === undefined || at <= last!.at) return undefined;
  return (used - usedBefore) / (at - last!.at);
}

function extended(trail: readonly number[] = [], rate: number | undefined): readonly number[] {
  return rate === undefined ? trail : [...trail, rate].slice(-LONGEST_TRAIL);
}
