/**
 * What the control socket can see of the primary and ask of it. The supervisor implements it; the server, the routes and
 * the commands know nothing else of the primary.
 */
import type { Balance, Sharing } from '../contract/modes.ts';
import type { MovesByReason } from '../contract/moves.ts';
import type { Outcome, ScaleTarget } from '../contract/outcome.ts';
import type { Vitals } from '../contract/vitals.ts';

/** What runs, as `GET /status` answers and `prefork status --json` prints. Times are ISO 8601, durations ms. */
export interface Status {
  /** Of this format: it grows when a field changes its meaning or goes, not when one is added. */
  readonly version: 1;
  readonly name: string;
  /** Of the primary. */
  readonly pid: number;
  /** Versions of prefork and of node. */
  readonly prefork: string;
  readonly node: string;
  /** The primary's working directory; empty for who has no token, over `--admin`. */
  readonly directory: string;
  readonly phase: 'starting' | 'serving' | 'stopping';
  /** Counts reloads, from 1. */
  readonly generation: number;
  readonly sharing: Sharing;
  readonly balance: BalanceStatus;
  readonly addresses: readonly string[];
  readonly startedAt: string;
  readonly uptime: number;
  /** How many workers there should be, and how many serve. */
  readonly workers: { readonly wanted: number; readonly serving: number };
  readonly slots: readonly SlotStatus[];
  /** Booted or booting workers without a slot. */
  readonly spares: readonly WorkerStatus[];
  /** Workers that finish what is in flight, their slot being another's already, and then end. */
  readonly leaving: readonly WorkerStatus[];
  /** What is going on now; null when nothing is. */
  readonly operation: 'reload' | 'scale' | 'recycle' | 'upgrade' | null;
  readonly reloads: {
    readonly done: number;
    readonly failed: number;
    /** Undefined before the first. */
    readonly last: ReloadStatus | undefined;
  };
  /** Of the vitals' `durations`, ms. One more of these counts what took longer than the last. */
  readonly durationBounds: readonly number[];
}

/** How even the slots' connections are. What each has is in its worker's vitals. */
export interface BalanceStatus {
  readonly mode: Balance;
  /** The most connections of a slot over the mean of all: 1 is even. */
  readonly skew: number;
  /**
   * Connections that moved to another worker, that the other one would not have, and that were on their way to one that
   * ended: those two are served by the worker that accepted them. Since the primary started.
   */
  readonly handoffs: { readonly done: number; readonly refused: number; readonly failed: number };
  /** Connections that moved between two requests, or were to, by what for. Since the primary started. */
  readonly moves: MovesByReason;
}

export interface ReloadStatus {
  readonly generation: number;
  readonly outcome: 'done' | 'failed';
  /** Why it failed. */
  readonly reason: string | undefined;
  readonly at: string;
}

export interface SlotStatus {
  readonly slot: number;
  readonly state: 'empty' | 'booting' | 'serving' | 'waiting' | 'stopped';
  /** The one whose slot it is; null while there is none. */
  readonly worker: WorkerStatus | null;
  /** Boots to take this slot over. */
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

/** Why a worker ended: see `ExitReason`. */
export interface ExitStatus {
  readonly pid: number | null;
  readonly generation: number;
  readonly reason: string;
  /** One line for people. */
  readonly text: string;
  readonly at: string;
}

/** Which node is to run the next primary. */
export interface UpgradeTarget {
  /** The path of its file, which the server has to be able to run. */
  readonly node?: string | undefined;
  /** The same, where it is no matter when the server cannot. */
  readonly preferNode?: string | undefined;
}

/** The metrics in the format that was asked for; or why there are none. */
export type MetricsAnswer =
  | { readonly ok: true; readonly contentType: string; readonly body: string }
  | { readonly ok: false; readonly reason: string };

/** Something that happened, by the name of its event in docs/metrics.md. */
export interface RecordedEvent {
  readonly at: string;
  readonly name: string;
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

/** One who looks: what it takes of a writable stream. */
export interface Viewer {
  readonly writableLength: number;
  write(text: string): unknown;
  end(): unknown;
  destroy(): unknown;
  on(event: 'error' | 'close', listener: () => void): unknown;
}

/** The page that shows a server live, and what feeds it. */
export interface Dashboard {
  /** One of its files, as text. */
  file(name: string): Promise<string>;
  /** As many look already as may. */
  isFull(isTrusted: boolean): boolean;
  /**
   * Feeds this one with server-sent events, until it goes, is too slow, or the server ends.
   *
   * @param isTrusted may see what the application said of itself.
   */
  watch(viewer: Viewer, isTrusted: boolean): void;
}

export interface Controls {
  /** Loaded when it is first asked for. */
  dashboard(): Promise<Dashboard>;
  status(): Status;
  /** @param accept of the request: Prometheus' text or OpenMetrics. */
  metrics(accept: string | undefined): Promise<MetricsAnswer>;
  /** Whether new connections are welcome: enough workers serve, and it is not stopping; else why not. */
  readiness(): { readonly ready: true } | { readonly ready: false; readonly reason: string };
  /** Replaces every worker, one after another. One that is asked for during another one follows it. */
  reload(): Promise<Outcome>;
  scale(target: ScaleTarget): Promise<Outcome>;
  /** @param now without grace. Settles when every worker is gone, just before the primary ends. */
  stop(now: boolean): Promise<Outcome>;
  /**
   * Somebody looks into the worker of this pid, which may stand still for so many ms from now on: it is not killed as hung
   * meanwhile. 0 ends it.
   */
  hold(pid: number, within: number): Promise<Outcome>;
  /** Replaces the primary. Settles when the new one serves, or was given up. */
  upgrade(target: UpgradeTarget): Promise<Outcome>;
}
