/** Turns the samples of a watch into what happened in it: slice by slice, worker by worker. */
import { countOfClass, STATUS_CLASSES } from '../../../scoreboard/durations.ts';
import type { GenerationSample, RequestsByClient, WorkerSample } from '../../../contract/canary.ts';

/** What one worker did between two samples. */
export interface Cell {
  readonly worker: WorkerSample;
  /** The sample before. */
  readonly before: WorkerSample;
  /** Requests that were answered, and those of them that were answered with 5xx. */
  readonly answered: number;
  readonly failed: number;
  /** Requests that were over, and those of them that were given up, by the place of their client. It is a second or so behind the rest. */
  readonly clients: RequestsByClient;
  /**
   * The answers in each bucket of src/scoreboard/latencies.ts and in all buckets above it. They are made once, because the rule of
   * latency asks about many bounds, and a worker may have put something into every bucket.
   */
  readonly slower: Float64Array;
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

/** The cells that each sample has made with the one before it. */
const made = new WeakMap<GenerationSample, { from: GenerationSample; warmup: number; cells: Cell[] }>();

/**
 * Returns the cells between two samples. A watch is judged each second from its beginning, and its samples do not change. So their
 * cells are kept for as long as they are: with 128 workers they take a second to make.
 */
function cellsOf(from: GenerationSample, to: GenerationSample, warmup: number): readonly Cell[] {
  const known = made.get(to);
  if (known?.from === from && known.warmup === warmup) return known.cells;
  const cells = makeCells(from, to, warmup);
  made.set(to, { from, warmup, cells });
  return cells;
}

/** A worker that is in one of the two samples only has begun, or has ended, between them. */
function makeCells(from: GenerationSample, to: GenerationSample, warmup: number): Cell[] {
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
  const slower = new Float64Array(worker.latencies.length);
  let above = 0;
  for (let bucket = slower.length - 1; bucket >= 0; bucket--) {
    above += growth(before.latencies[bucket] ?? 0, worker.latencies[bucket]!);
    slower[bucket] = above;
  }
  const cpu = growth(before.cpu, worker.cpu) / Math.max(1, worker.age - before.age);
  const clients = clientsOf(before.clients, worker.clients);
  return { worker, before, answered, failed, clients, slower, cpu, isWarm: before.age >= warmup };
}

const NO_CLIENTS: RequestsByClient = { requests: [], abandoned: [] };

function clientsOf(before: RequestsByClient | undefined, after: RequestsByClient | undefined): RequestsByClient {
  if (before === undefined || after === undefined) return NO_CLIENTS;
  const grown = (of: keyof RequestsByClient): Uint32Array =>
    Uint32Array.from(after[of], (count, place) => growth(before[of][place] ?? 0, count));
  const requests = grown('requests');
  // A worker that lies about its counts gets shares of at most 1.
  return { requests, abandoned: grown('abandoned').map((count, place) => Math.min(count, requests[place]!)) };
}

function answersOf({ durations }: WorkerSample): { answered: number; failed: number } {
  let answered = 0;
  for (const status of STATUS_CLASSES) answered += countOfClass(durations, status);
  return { answered, failed: countOfClass(durations, '5xx') };
}

/** Totals only grow, in a worker that tells the truth. */
export function growth(before: number, after: number): number {
  return Math.max(0, after - before);
}

export function cellsOfGroup(slices: readonly Slice[], group: Group): Cell[] {
  return slices.flatMap((slice) => slice[group]);
}

/** The sums of `slower` over all these cells. */
export function slowerOf(cells: readonly Cell[]): Float64Array {
  const sums = new Float64Array(cells[0]?.slower.length ?? 0);
  for (const { slower } of cells) for (let bucket = 0; bucket < sums.length; bucket++) sums[bucket]! += slower[bucket]!;
  return sums;
}

/** The answers by bucket, of sums such as `slower`. */
export function latenciesOf(slower: Float64Array): number[] {
  return Array.from(slower, (count, bucket) => count - (slower[bucket + 1] ?? 0));
}

/** The sum over cells of what grows while a worker lives. */
export function totalOf(cells: readonly Cell[], figure: 'answered' | 'failed'): number {
  return cells.reduce((sum, cell) => sum + cell[figure], 0);
}
