/**
 * What a canary is judged by, and what comes of it. The primary takes a sample of each generation each second, and a
 * pure policy (`judge`) compares the samples.
 */

/**
 * The state of a worker at one moment. `durations` and `requestsFinished` are totals over the worker's life, so what happened in the watch is the
 * difference between two samples of the same `worker`. The first sample of a worker is from when the watch began, or from when it
 * began to serve. The rest is as it was at the moment.
 */
export interface WorkerSample {
  /** Counts the workers ever forked. Unlike a pid it is never used again. */
  readonly worker: number;
  readonly pid: number | undefined;
  readonly slot: number;
  /** The time since it began to serve, ms. */
  readonly age: number;
  /** The durations of answered requests by class of status and bucket, in the layout of src/scoreboard/durations.ts. */
  readonly durations: Float64Array;
  /** The same durations by finer buckets: src/scoreboard/latencies.ts. */
  readonly latencies: ArrayLike<number>;
  readonly requestsStarted: number;
  readonly requestsFinished: number;
  readonly connectionsOpen: number;
  /** How busy its event loop is, 0 to 1. */
  readonly utilization: number;
  /** The CPU time of all its threads over its life, ms. */
  readonly cpu: number;
  /** How late its event loop ran the last beat, ms. */
  readonly delay: number;
  /** How late its event loop runs timers at the 99th percentile of the last minute, ms. */
  readonly delayP99: number;
  /** The resident memory, bytes, and the most that the worker has had over its life. */
  readonly rss: number;
  readonly peak: number;
  readonly heapUsed: number;
  /** What its application last said of itself (`worker.health`); undefined where it says nothing. */
  readonly health?: Health | undefined;
  /** The application's metrics that `CanaryLimits` names, in that order; undefined where it has none of that name. */
  readonly metrics?: ReadonlyArray<MetricReading | undefined> | undefined;
  /** The requests of the worker by client, of a moment within the last second or two; undefined until it has told them. */
  readonly clients?: RequestsByClient | undefined;
}

/** The requests that are over, by the place of their client (src/contract/peer.ts). These are totals over the worker's life. */
export interface RequestsByClient {
  /** Those that were answered, and those that were given up. */
  readonly requests: ArrayLike<number>;
  readonly abandoned: ArrayLike<number>;
}

/** An application's own opinion of its worker. */
export interface Health {
  readonly ok: boolean;
  /** Empty where it is well, or gives none. */
  readonly reason: string;
}

/** A metric of the application in one worker, all its labels together. */
export type MetricReading =
  /** A total over the worker's life, such as a counter. It is compared by answered request. */
  | { readonly total: number }
  /** A gauge: it is compared as it is. */
  | { readonly value: number }
  /** A histogram or summary, by its totals over the worker's life: its mean is compared. */
  | { readonly sum: number; readonly count: number };

/** A metric of the application by which a canary is judged. */
export interface MetricLimit {
  /** The name in the application's registry. */
  readonly name: string;
  /** Which way is worse. */
  readonly worse: 'higher' | 'lower';
  /** How much worse it may be, as a share of the baseline's: 0.5 for half as much more, or less. */
  readonly by: number;
}

/** What a canary may be worse by. Percentages are plain numbers: 50 for 50 %. */
export interface CanaryLimits {
  /** How many percent of the requests may fail in addition to those that fail in the baseline. */
  readonly canaryErrors: number;
  /** How many percent longer answers may take. */
  readonly canaryLatency: number;
  /** How many percent longer a request may keep the event loop. */
  readonly canaryLoop: number;
  /** How many percent more memory a worker may have than the largest worker of the baseline. */
  readonly canaryMemory: number;
  /** How long a new worker may warm up before its latency, its event loop, its memory and the application's metrics count, ms. */
  readonly canaryWarmup: number;
  /** How many answers of each generation there have to be before anything but a crash, a hang or the application's word counts. */
  readonly canaryRequests: number;
  /** Undefined stands for none. */
  readonly canaryMetrics: readonly MetricLimit[] | undefined;
}

/** A generation at one moment of a watch. */
export interface GenerationSample {
  /** Monotonic, ms. */
  readonly at: number;
  readonly generation: number;
  /** The workers that serve. Parked workers are in no sample. */
  readonly workers: readonly WorkerSample[];
  /** How many of its workers have crashed or hung since the watch began. */
  readonly crashes: number;
  readonly hangs: number;
}

/** A part of a watch: where it stands. */
export interface WatchTime {
  /** The time since the last of the canary's workers began to serve, ms. */
  readonly elapsed: number;
  /** The time that was asked for, ms. When `elapsed` has reached it, `undecided` is no answer any more. */
  readonly total: number;
}

/**
 * `worse` ends the watch at once, and the parked workers take their slots back. `better-or-equal` and `doubt` come only when the time
 * is over. `doubt` means that there was too little traffic to tell: `--on-doubt` says what becomes of it.
 */
export type CanaryVerdict = 'undecided' | 'worse' | 'better-or-equal' | 'doubt';

/** How many workers a canary has, or what share of them. */
export type CanaryShare = number | `${number}%`;

/** What becomes of a canary that nothing can be told of. */
export type OnDoubt = 'rollback' | 'continue';

/** A figure of both generations. */
export interface ComparisonRow {
  /** What it is, for people and programs, such as `p99`. */
  readonly figure: string;
  readonly unit: 'ms' | 'bytes' | 'bytes/s' | 'ratio' | 'requests' | 'connections' | '';
  /** Null where there is none, or too few to tell. */
  readonly baseline: number | null;
  readonly canary: number | null;
  /** The most that the canary may have; null where nothing is limited. */
  readonly limit: number | null;
  readonly verdict: 'ok' | 'worse' | 'too little' | 'not judged';
}

export interface Judgement {
  readonly verdict: CanaryVerdict;
  /** Lines that say what is worse, or what there is too little of. */
  readonly reasons: readonly string[];
  readonly table: readonly ComparisonRow[];
}

/** How two generations compare, at the end of a watch or in it. */
export interface Comparison extends Judgement {
  /** Their numbers. */
  readonly baseline: number;
  readonly canary: number;
}

/**
 * The policy. It is pure.
 *
 * @param baseline samples in the order of time, of the same moments as those of `canary`. The first one is from the beginning of the
 *   watch. There are at most 240: of a long watch, samples between the first and the last are left out evenly.
 * @param limits whatever the policy's options are.
 */
export type Judge<Limits> = (
  baseline: readonly GenerationSample[],
  canary: readonly GenerationSample[],
  time: WatchTime,
  limits: Limits,
) => Judgement;
