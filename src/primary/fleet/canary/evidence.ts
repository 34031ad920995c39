/** Turns the samples of a watch into what happened in it: slice by slice, worker by worker. */
import { durationsByClass } from '../../../scoreboard/durations.ts';
import type { GenerationSample, WorkerSample } from '../../../contract/canary.ts';

/** What one worker did between two samples. */
export interface Cell {
  readonly worker: WorkerSample;
  /** The sample before. */
  readonly before: WorkerSample;
  /** Requests that were answered, and those of them that were answered with 5xx. */
  readonly answered: number;
  readonly failed: number;
  /** Requests whose connection closed before they were answered. */
  readonly abandoned: number;
  /** The answers by bucket of src/scoreboard/latencies.ts. */
  readonly latencies: Float64Array;
  /** The share of one core that it used. */
  readonly cpu: number;
  /** True when the worker had warmed up by its beginning. */
  readonly isWarm: boolean;
}

/** What both generations did between two samples. */
export interface Slice {
  readonly baseline: readonly Cell[];
  readonly canary: readonly Cell[];
}

export type Group = keyof Slice;

export interface Evidence {
  readonly slices: readonly Slice[];
  /** Those in which a worker of the canary had warmed up, with the cells of such workers alone. */
  readonly warm: readonly Slice[];
  /** The samples of both generations, each as long as the other. */
  readonly samples: { readonly [One in Group]: readonly GenerationSample[] };
}

export function evidenceOf(
  baseline: readonly GenerationSample[],
  canary: readonly GenerationSample[],
  warmup: number,
): Evidence {
  const count = Math.min(baseline.length, canary.length);
  const slices: Slice[] = [];
  for (let index = 1; index < count; index++) {
    slices.push({
      baseline: cellsOf(baseline[index - 1]!, baseline[index]!, warmup),
      canary: cellsOf(canary[index - 1]!, canary[index]!, warmup),
    });
  }
  const warm = slices
    .map((slice) => ({ baseline: slice.baseline.filter(isWarm), canary: slice.canary.filter(isWarm) }))
    .filter((slice) => slice.canary.length > 0);
  return { slices, warm, samples: { baseline: baseline.slice(0, count), canary: canary.slice(0, count) } };
}

function isWarm(cell: Cell): boolean {
  return cell.isWarm;
}

/** A worker that is in one of the two samples only has begun, or has ended, between them. */
function cellsOf(from: GenerationSample, to: GenerationSample, warmup: number): Cell[] {
  const befores = new Map(from.workers.map((sample) => [sample.worker, sample]));
  return to.workers.flatMap((worker) => {
    const before = befores.get(worker.worker);
    return before === undefined ? [] : [cellOf(before, worker, warmup)];
  });
}

function cellOf(before: WorkerSample, worker: WorkerSample, warmup: number): Cell {
  const then = answersOf(before);
  const now = answersOf(worker);
  const answered = growth(then.answered, now.answered);
  // A worker that lies about its counts gets shares of at most 1.
  const failed = Math.min(answered, growth(then.failed, now.failed));
  const abandoned = growth(before.requestsFinished - then.answered, worker.requestsFinished - now.answered);
  const latencies = new Float64Array(worker.latencies.length);
  for (const bucket of latencies.keys()) {
    latencies[bucket] = growth(before.latencies[bucket] ?? 0, worker.latencies[bucket]!);
  }
  const cpu = growth(before.cpu, worker.cpu) / Math.max(1, worker.age - before.age);
  return { worker, before, answered, failed, abandoned, latencies, cpu, isWarm: before.age >= warmup };
}

function answersOf({ durations }: WorkerSample): { answered: number; failed: number } {
  let answered = 0;
  let failed = 0;
  for (const { status, count } of durationsByClass(durations)) {
    answered += count;
    if (status === '5xx') failed = count;
  }
  return { answered, failed };
}

/** Totals only grow, in a worker that tells the truth. */
export function growth(before: number, after: number): number {
  return Math.max(0, after - before);
}

export function cellsOfGroup(slices: readonly Slice[], group: Group): Cell[] {
  return slices.flatMap((slice) => slice[group]);
}

/** The answers in all these cells by bucket. */
export function latenciesOf(cells: readonly Cell[]): number[] {
  const sums: number[] = [];
  for (const { latencies } of cells) {
    for (let bucket = 0; bucket < latencies.length; bucket++) sums[bucket] = (sums[bucket] ?? 0) + latencies[bucket]!;
  }
  return sums;
}

/** The sum over cells of what grows while a worker lives. */
export function totalOf(cells: readonly Cell[], figure: 'answered' | 'failed' | 'abandoned'): number {
  return cells.reduce((sum, cell) => sum + cell[figure], 0);
}
