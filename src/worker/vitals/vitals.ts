import type { EventLoopUtilization } from 'node:perf_hooks';
import { BEAT_MS } from '../../contract/limits.ts';
import { MOVED, MOVE_REASONS, type MovesByReason } from '../../contract/moves.ts';
import { monotonic } from '../../scoreboard/clock.ts';
import { removeBoard as deleteBoard } from '../../scoreboard/file.ts';
import { STATES, type PairPart, type Row, type State } from '../../scoreboard/layout.ts';
import { BLANK } from '../../scoreboard/record.ts';
import { NO_ROW } from '../../scoreboard/rows.ts';
import { Writer } from '../../scoreboard/writer.ts';
import { Delays } from './delays.ts';

/** How late the others may hear of frequent changes, ms. A row costs a fifth of what a move does. */
const SOON_MS = 10;

/** Memory and percentiles are measured at most once in this time, because they cost the most and change the slowest. */
const SLOW_PERIOD_MS = 1000;

/**
 * A heap smaller than this is far from V8's limit, so that limit is not asked for. To find it out costs 2 MB (`node:v8`),
 * which is much to a small worker and nothing to a large one.
 */
const LARGE_HEAP_BYTES = 32 * 1024 * 1024;

/** Where the figures of connections come from. */
export interface ConnectionCounts {
  open(): number;
  accepted(): number;
}

/** Where the figures of requests come from. */
export interface RequestCounts {
  readonly started: number;
  readonly finished: number;
  readonly durations: Float64Array;
  readonly latencies: Float64Array;
}

/** Where the figures of connections of trusted proxies come from. */
export interface ProxiedCounts {
  readonly read: number;
  readonly refused: { readonly malformed: number; readonly late: number };
}

/** Where the figures of connections that moved between workers come from. */
export interface HandoffCounts {
  readonly received: number;
  readonly sent: number;
  readonly refused: number;
  readonly failed: number;
  /** Connections that a server had served before. The figures above count those that had just been accepted. */
  readonly moves: { readonly in: number; readonly ends: MovesByReason };
  /** The numbers of each slot, as the row has them: see `PAIRS`. */
  readonly pairs: Readonly<Record<PairPart, ArrayLike<number>>>;
}

export interface VitalsOptions {
  /** The scoreboard's file. */
  readonly board: string;
  /** This worker's row in the scoreboard; -1 when there was none left. */
  readonly row: number;
  readonly slot: number;
  readonly generation: number;
  readonly connections: ConnectionCounts;
  readonly requests: RequestCounts;
  /** Undefined where connections stay where they were accepted. */
  readonly handoffs?: HandoffCounts | undefined;
  /** Undefined where no proxy is trusted. */
  readonly proxied?: ProxiedCounts | undefined;
  /** How many connections this worker counts beside those that it has. @default none */
  readonly handicap?: () => number;
  /** Time between beats, ms. @default 250 */
  readonly period?: number;
}

/**
 * The beat of a worker: it writes its row every 250 ms, and at each change of state. When the beats stop, the primary knows
 * that the event loop does not turn.
 *
 * Owns a timer and the row's writer; closing it ends both. The timer keeps no process alive.
 */
export class Vitals {
  readonly #row: Row;
  /** Undefined without a row, and until the board can be opened. */
  #writer: Writer | undefined;
  /** Opens the board; undefined without a row. */
  readonly #open: (() => Writer | undefined) | undefined;
  readonly #board: string;
  readonly #connections: ConnectionCounts;
  readonly #requests: RequestCounts;
  readonly #handoffs: HandoffCounts | undefined;
  readonly #proxied: ProxiedCounts | undefined;
  readonly #handicap: () => number;
  readonly #period: number;
  #timer: NodeJS.Timeout | undefined;
  #tellBeat: (beat: number) => void = () => {};
  readonly #delays = new Delays();
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();
  #due = 0;
  #soon: NodeJS.Timeout | undefined;
  #slowDue = 0;

  /** Writes the first row, as `booting`, and goes on by itself. It never throws, because a server can do without figures. */
  constructor({ board, row, slot, generation, period = BEAT_MS, ...sources }: VitalsOptions) {
    this.#board = board;
    this.#connections = sources.connections;
    this.#requests = sources.requests;
    this.#handoffs = sources.handoffs;
    this.#proxied = sources.proxied;
    this.#handicap = sources.handicap ?? none;
    this.#period = period;
    this.#open = row === NO_ROW ? undefined : opener(board, row);
    this.#writer = this.#open?.();
    this.#row = { ...BLANK, pid: process.pid, slot, generation, startedAt: performance.timeOrigin };
    // The row shares these numbers and does not copy them, so they are up to date whenever it is written.
    this.#row.durations = sources.requests.durations;
    this.#row.latencies = sources.requests.latencies;
    this.#wait();
    this.#write();
  }

  /**
   * Writes the state at once, not with the next beat. States only advance: a server that begins to listen during a drain does
   * not make its worker ready again.
   */
  state(state: State): void {
    if (STATES[state] <= STATES[this.#row.state] && this.#row.state !== 'parked') return;
    this.#row.state = state;
    this.#write();
  }

  /** Another worker accepts for the slot for now, so that this one is as good as a spare; or this one does again. */
  parked(isParked: boolean): void {
    if (this.#row.state === 'draining') return;
    this.#row.state = isParked ? 'standby' : 'ready';
    this.#write();
  }

  /** A parked worker has no connection left that will be another worker's, or it has some again. */
  emptied(isEmpty: boolean): void {
    const { state } = this.#row;
    if (state !== 'standby' && state !== 'parked') return;
    this.#row.state = isEmpty ? 'parked' : 'standby';
    if (this.#row.state !== state) this.#write();
  }

  /** A spare has a slot from now on. */
  promote(slot: number): void {
    this.#row.slot = slot;
    this.#write();
  }

  /**
   * Tells of each beat when the row is written. Beats come when the clock is at a multiple of the period. All workers have them at
   * the same moments for that reason.
   *
   * @param listener takes the place of the one before
   */
  onBeat(listener: (beat: number) => void): void {
    this.#tellBeat = listener;
  }

  /** Tells the other workers now what they decide by, and not with the next beat. */
  publish(): void {
    this.#tell(monotonic());
  }

  /** Does the same within {@link SOON_MS}, once for all calls until then. */
  publishSoon(): void {
    this.#soon ??= setTimeout(() => this.publish(), SOON_MS).unref();
  }

  /** Tells now what was to be told soon. */
  flush(): void {
    if (this.#soon !== undefined) this.publish();
  }

  /** Tells whether another primary has the sockets, or may have them. */
  sharesSockets(): boolean {
    return this.#writer?.sharesSockets() ?? true;
  }

  /** Open connections, as the row has them. */
  get published(): number {
    return this.#row.connectionsOpen;
  }

  /**
   * Ends the beats. The row stays as it was written last until the primary clears it. Idempotent.
   *
   * @param removeBoard when the primary is gone and cannot remove it. Workers that still write keep the open file.
   */
  close({ removeBoard = false }: { removeBoard?: boolean } = {}): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#soon);
    this.#writer?.close();
    if (!removeBoard) return;
    try {
      deleteBoard(this.#board);
    } catch {
      // The next primary sweeps it up.
    }
  }

  #wait(): void {
    const now = monotonic();
    // A timer may be early by a rounding. No beat comes twice even so.
    this.#due = (Math.floor(Math.max(now, this.#due) / this.#period) + 1) * this.#period;
    this.#timer = setTimeout(() => this.#beat(this.#due), this.#due - now).unref();
  }

  #beat(beat: number): void {
    const now = monotonic();
    const utilization = performance.eventLoopUtilization();
    this.#row.utilization = performance.eventLoopUtilization(utilization, this.#utilization).utilization;
    this.#row.delay = Math.max(0, now - beat);
    this.#delays.add(this.#row.delay);
    this.#utilization = utilization;
    if (this.#writer === undefined) this.#writer = this.#open?.();
    else this.#writer.follow();
    this.#write(now);
    this.#wait();
    this.#tellBeat(beat);
  }

  /** Utilization and delay stay those of the last beat: over less time they would say nothing. */
  #write(now: number = monotonic()): void {
    const { user, system } = process.cpuUsage();
    this.#row.cpu = (user + system) / 1000;
    this.#tell(now);
  }

  /** Writes what others decide by, and what costs nothing to find out. The CPU time, which costs a system call, stays as it was. */
  #tell(now: number): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    const row = this.#row;
    row.heartbeat = now;
    row.connectionsOpen = this.#connections.open();
    row.connectionsAccepted = this.#connections.accepted();
    row.handicap = this.#handicap();
    row.requestsStarted = this.#requests.started;
    row.requestsFinished = this.#requests.finished;
    if (this.#handoffs !== undefined) this.#tellHandoffs(this.#handoffs);
    if (this.#proxied !== undefined) {
      row.proxied = this.#proxied.read;
      ({ malformed: row.proxyMalformed, late: row.proxyLate } = this.#proxied.refused);
    }
    if (now >= this.#slowDue) {
      this.#slowDue = now + SLOW_PERIOD_MS;
      [row.delayP50, row.delayP99] = this.#delays.percentiles([0.5, 0.99]);
      this.#measureMemory();
    }
    this.#writer?.write(row);
  }

  /** `memoryUsage` opens a file in /proc. With no descriptor left the figures stay, and the worker must not end because of it. */
  #measureMemory(): void {
    const row = this.#row;
    try {
      ({ rss: row.rss, heapUsed: row.heapUsed } = process.memoryUsage());
    } catch {
      return;
    }
    if (row.heapLimit === 0 && row.heapUsed > LARGE_HEAP_BYTES) row.heapLimit = heapLimit();
  }

  #tellHandoffs({ received, sent, refused, failed, moves, pairs }: HandoffCounts): void {
    this.#row.handoffsReceived = received;
    this.#row.handoffsSent = sent;
    this.#row.handoffsRefused = refused;
    this.#row.handoffsFailed = failed;
    this.#tellMoves(moves);
    if (this.#writer === undefined) return;
    const { unanswered, sent: numbers, arrived } = this.#writer.pairs;
    unanswered.set(pairs.unanswered);
    numbers.set(pairs.sent);
    arrived.set(pairs.arrived);
  }

  #tellMoves({ in: came, ends }: HandoffCounts['moves']): void {
    const row = this.#row;
    row.movedIn = came;
    for (const reason of MOVE_REASONS) {
      const { taken, refused, failed } = ends[reason];
      const names = MOVED[reason];
      row[names.taken] = taken;
      row[names.refused] = refused;
      row[names.failed] = failed;
    }
  }
}

function none(): number {
  return 0;
}

function heapLimit(): number {
  return process.getBuiltinModule('node:v8').getHeapStatistics().heap_size_limit;
}

/**
 * Returns a function that opens the board, and that is called again at each beat after it could not: another worker may have done
 * something to the file, which the primary puts right. It warns at the first time. Node prints the warning with its code, and the
 * application may listen for it.
 */
function opener(board: string, row: number): () => Writer | undefined {
  let hasWarned = false;
  return () => {
    try {
      return Writer.open(board, row);
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      const warning = `this worker has no vitals before it can open the scoreboard: ${message}`;
      if (!hasWarned) process.emitWarning(warning, { type: 'PreforkWarning', ...(code && { code }) });
      hasWarned = true;
      return undefined;
    }
  };
}
