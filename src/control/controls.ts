/**
 * The interface between the control socket and the primary. The supervisor implements it. The server, the routes and
 * the commands know nothing else of the primary.
 */
import type { AutoscaleStatus } from '../contract/autoscaling.ts';
import type { CanaryVerdict, ComparisonRow, OnDoubt } from '../contract/canary.ts';
import type { Balance, Sharing } from '../contract/modes.ts';
import type { MovesByReason } from '../contract/moves.ts';
import type { AskedKind, AskedTargets, OperationKind } from '../contract/operations.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { Vitals } from '../contract/vitals.ts';

/** The status that `GET /status` answers and `prefork status --json` prints. Times are ISO 8601, durations are ms. */
export interface Status {
  /**
   * The version of this format. The number grows when a field changes its meaning or disappears, not when a field is
   * added.
   */
  readonly version: 1;
  readonly name: string;
  /** The pid of the primary. */
  readonly pid: number;
  /** The versions of prefork and of node. */
  readonly prefork: string;
  readonly node: string;
  /** The directory that the workers start in; empty over `--admin` for a client without the token. */
  readonly directory: string;
  /** The absolute path of the program; empty like `directory`. */
  readonly entry: string;
  readonly phase: 'starting' | 'serving' | 'stopping';
  /** The generation, which counts reloads from 1. */
  readonly generation: number;
  readonly sharing: Sharing;
  readonly balance: BalanceStatus;
  readonly addresses: readonly string[];
  readonly startedAt: string;
  readonly uptime: number;
  /** How many workers there should be, and how many serve. */
  readonly workers: { readonly wanted: number; readonly serving: number };
  readonly slots: readonly SlotStatus[];
  /** Workers without a slot that boot or have booted. */
  readonly spares: readonly WorkerStatus[];
  /** Workers that finish what is in flight and then end. Their slot already belongs to another worker. */
  readonly leaving: readonly WorkerStatus[];
  /** Workers that accept nothing, and may get their slot back. */
  readonly parked: readonly WorkerStatus[];
  /** The generation that `prefork rollback` returns to; null when there is none. */
  readonly kept: KeptStatus | null;
  /** The canary that is being watched; null when there is none. */
  readonly canary: CanaryStatus | null;
  /** How `--workers <min>..<max>` chooses the number of workers, and why; null when the number is fixed. */
  readonly autoscale: AutoscaleStatus | null;
  /** The operation that runs now; null when there is none. */
  readonly operation: OperationKind | null;
  readonly reloads: {
    readonly done: number;
    readonly failed: number;
    /** How many of those that were done have been rolled back. */
    readonly rolledBack: number;
    /** Undefined before the first reload. */
    readonly last: ReloadStatus | undefined;
  };
  /** The bounds of the vitals' `durations` in ms. A last bucket counts the requests that took longer. */
  readonly durationBounds: readonly number[];
}

/** How even the connections of the slots are. The connections of each slot are in its worker's vitals. */
export interface BalanceStatus {
  readonly mode: Balance;
  /** The most connections of a slot divided by the mean of all slots. 1 is even. */
  readonly skew: number;
  /**
   * Connections since the primary started that were handed to another worker, that the other worker refused, and that
   * were on their way to a worker that ended. The worker that accepted a refused or failed one serves it.
   */
  readonly handoffs: { readonly done: number; readonly refused: number; readonly failed: number };
  /** Connections that moved between two requests, or were to, by reason, since the primary started. */
  readonly moves: MovesByReason;
}

/** A generation whose workers are parked. */
export interface KeptStatus {
  readonly generation: number;
  readonly workers: number;
  /** The resident memory of all of them, bytes. */
  readonly rss: number;
  /** When it is given up. */
  readonly until: string;
}

/** Workers of a new generation that serve beside those of the one before, and how the two compare so far. */
export interface CanaryStatus {
  /** The numbers of the two generations. */
  readonly baseline: number;
  readonly canary: number;
  /** The slots that the canary's workers have. */
  readonly slots: readonly number[];
  /** The time since the last of its workers began to serve, and the time that it is watched, ms. */
  readonly elapsed: number;
  readonly total: number;
  /** What becomes of it when there is too little traffic to tell. */
  readonly onDoubt: OnDoubt;
  readonly verdict: CanaryVerdict;
  /** Lines that say what is worse, or what there is too little of. */
  readonly reasons: readonly string[];
  readonly table: readonly ComparisonRow[];
}

export interface ReloadStatus {
  readonly generation: number;
  readonly outcome: 'done' | 'failed';
  /** The reason of a failure. */
  readonly reason: string | undefined;
  readonly at: string;
}

export interface SlotStatus {
  readonly slot: number;
  readonly state: 'empty' | 'booting' | 'serving' | 'waiting' | 'stopped';
  /** The worker that has the slot; null while there is none. */
  readonly worker: WorkerStatus | null;
  /** The worker that boots to take over this slot. */
  readonly successor: WorkerStatus | null;
  /** How many workers of this slot ended unasked. */
  readonly crashes: number;
  readonly lastExit: ExitStatus | null;
}

export interface WorkerStatus {
  readonly pid: number | null;
  /** Null for a spare. */
  readonly slot: number | null;
  readonly generation: number;
  readonly state: 'booting' | 'standby' | 'taking' | 'serving' | 'hung' | 'parked' | 'draining' | 'ending';
  readonly uptime: number;
  /** From the scoreboard; null before the worker's first beat, and where there is no scoreboard. */
  readonly vitals: Vitals | null;
}

/** The reason why a worker ended: see `ExitReason`. */
export interface ExitStatus {
  readonly pid: number | null;
  readonly generation: number;
  readonly reason: string;
  /** A line for people. */
  readonly text: string;
  readonly at: string;
}

/** The totals of all workers at a moment. Null stands for unknown. */
export interface HistoryPoint {
  /** The time since the start of the server, ms. */
  readonly uptime: number;
  /** Requests finished per second since the point before. */
  readonly rate: number | null;
  /** The response times of those requests, ms. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly connections: number | null;
  /** The utilization of the event loops of workers that serve, 0 to 1: the mean, and the busiest one. */
  readonly loop: number | null;
  readonly busiest: number | null;
  /** The resident memory of all workers, bytes. */
  readonly memory: number | null;
}

/** The figures of the last ten minutes, as `GET /history` answers them. The oldest come first. */
export interface FiguresHistory {
  readonly version: 1;
  readonly startedAt: string;
  /** The time between two points, ms. Points may be missing, where the machine stood still. */
  readonly every: number;
  readonly totals: readonly HistoryPoint[];
  /** The requests per second of each slot, a number for each point of `totals`. Slots above the first 256 are left out. */
  readonly slots: ReadonlyArray<{ readonly slot: number; readonly rates: ReadonlyArray<number | null> }>;
}

/** The metrics in the format that was asked for, or the reason why there are none. */
export type MetricsAnswer =
  | { readonly ok: true; readonly contentType: string; readonly body: string }
  | { readonly ok: false; readonly reason: string };

/** An event, by its name in docs/metrics.md. */
export interface RecordedEvent {
  readonly at: string;
  readonly name: string;
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

/** The receiver of events, as the part of a writable stream that it needs. */
export interface Viewer {
  readonly writableLength: number;
  write(text: string): unknown;
  end(): unknown;
  destroy(): unknown;
  on(event: 'error' | 'close', listener: () => void): unknown;
}

/** The page that shows a server live, and the events that feed it. */
export interface Dashboard {
  /** Returns one of the page's files as text. */
  file(name: string): Promise<string>;
  /** Tells whether the number of viewers has reached its limit. */
  isFull(isTrusted: boolean): boolean;
  /**
   * Feeds the viewer with server-sent events, until it leaves, is too slow, or the server ends.
   *
   * @param isTrusted allows the viewer to see what the application said about itself.
   */
  watch(viewer: Viewer, isTrusted: boolean): void;
}

/**
 * The process that wrote a line: the worker of a slot, a worker without one, or the process of the `--primary` module.
 * Null is the primary itself.
 */
export type LineSource = number | 'spare' | 'primary' | null;

/** The last lines of the log and of the workers. */
export interface KeptLines {
  readonly version: 1;
  /** False when the workers write to the terminal or file themselves, so that the primary does not see their lines. */
  readonly hasWorkers: boolean;
  /** How many lines since `after` are not kept any more. */
  readonly dropped: number;
  /** The number that the next request gives as `after`. */
  readonly next: number;
  readonly lines: ReadonlyArray<{ readonly at: string; readonly worker: LineSource; readonly text: string }>;
}

export interface Controls {
  /** Returns the last lines: see `LineRing.read`. */
  logs(after?: number, worker?: number): KeptLines;
  /** Loads the dashboard when it is first asked for. */
  dashboard(): Promise<Dashboard>;
  status(): Status;
  /** Returns the figures of the last ten minutes. */
  figures(): FiguresHistory;
  /**
   * Formats the metrics.
   *
   * @param accept the request's header, which chooses Prometheus' text or OpenMetrics.
   */
  metrics(accept: string | undefined): Promise<MetricsAnswer>;
  /** Tells whether new connections are welcome: enough workers serve, and the server is not stopping. */
  readiness(): { readonly ready: true } | { readonly ready: false; readonly reason: string };
  /** Runs an operation of contract/operations.ts. One that is asked for during another one follows it. */
  operate<Kind extends AskedKind>(kind: Kind, target: AskedTargets[Kind]): Promise<Outcome>;
  /**
   * Stops the server. The promise settles when every worker is gone, just before the primary ends.
   *
   * @param now stops without grace.
   */
  stop(now: boolean): Promise<Outcome>;
  /**
   * Announces that the worker of this pid is being inspected and may stand still for this many ms from now on. The
   * primary does not kill it as hung meanwhile. 0 ends that. With `closesInspector` the worker then closes its
   * inspector, if it is open. Of several holders each has its own time, and the last one's end counts.
   */
  hold(pid: number, terms: { within: number; closesInspector: boolean; holder: string }): Promise<Outcome>;
}
