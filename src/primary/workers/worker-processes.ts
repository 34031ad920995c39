import type { ChildProcess } from 'node:child_process';
import type { Balance, Sharing } from '../../contract/modes.ts';
import type { SentHandle } from '../../ipc/channel.ts';
import { briefingEnvironment, NO_SLOT } from '../../ipc/briefing.ts';
import type { PrimaryMessage } from '../../ipc/messages.ts';
import type { Totals } from '../../metrics/totals.ts';
import type { Board } from '../../scoreboard/board.ts';
import type { SeenRow } from '../fleet/canary/samples.ts';
import { NO_BOARD, NO_ROW } from '../../scoreboard/rows.ts';
import type { ExitFacts } from '../exits/exit.ts';
import type { Effect, FleetEvent } from '../fleet/events.ts';
import type { WorkerId } from '../fleet/ids.ts';
import { FatalReports } from '../exits/fatal-report.ts';
import { KernelFigures } from './kernel-figures.ts';
import { RowReader } from './row-reader.ts';
import { isReplaced } from '../installation.ts';
import type { Log } from '../telemetry/log.ts';
import { OomCounter } from '../exits/oom-kills.ts';
import type { Program, Settings } from '../../options/index.ts';
import type { PrimaryHalf } from '../half/half.ts';
import type { Os } from './os.ts';
import type { PrefixedOutput } from './prefixed-output.ts';
import { UnheardMessages } from './unheard-messages.ts';
import { WorkerProcess, type LivingMessage, type WorkerEvents } from './worker-process.ts';
import { messageOf } from '../../contract/message-of.ts';

/** A worker's thread notices a hang by its own clock, and may need two seconds more. */
const STACK_POLL_MS = 100;
const STACK_LOOKS = 40;

type Fork = Extract<Effect, { do: 'fork' }>;

/** A message of a worker, with the handle that came with it. */
export interface WorkerSaid {
  readonly type: 'message';
  readonly worker: WorkerId;
  readonly message: LivingMessage;
  readonly handle?: unknown;
}

export interface WorkerProcessesParts {
  /** Returns the program of a worker that is about to start. @throws Error when there is none any more. */
  readonly program: () => Program;
  readonly sharing: Sharing;
  readonly balance: Balance;
  /** What `sticky-ip` chooses slots by. */
  readonly seed: number;
  readonly settings: () => Pick<
    Settings,
    | 'migrate'
    | 'hangStack'
    | 'heartbeatTimeout'
    | 'shutdownGracePeriod'
    | 'instanceVariable'
    | 'stopSignal'
    | 'proxyProtocol'
    | 'healthPath'
    | 'compileCache'
  >;
  /** Returns the number of slots. */
  readonly workers: () => number;
  /** Undefined where no file could be created. */
  readonly board: Board | undefined;
  /** Adds up the counters of workers that have ended. */
  readonly totals: Totals;
  readonly os: Os;
  readonly log: Log;
  readonly output: PrefixedOutput | undefined;
  readonly slotOf: (worker: WorkerId) => number | undefined;
  /** The path of the control socket; empty where there is none. */
  readonly control: () => string;
  /** Hears what workers send to the application's own half. */
  readonly half: Pick<PrimaryHalf, 'isWanted' | 'forked' | 'said' | 'dropped' | 'gone'>;
  /** Takes the messages of workers, and their exits. */
  readonly post: (event: FleetEvent | WorkerSaid) => void;
}

/**
 * The workers' processes. The object owns them, their rows in the scoreboard, a reader of it, and a directory for
 * node's reports. Each process is released when it has ended. `close` closes the reader and the directory.
 */
export class WorkerProcesses {
  readonly #parts: WorkerProcessesParts;
  readonly #processes = new Map<WorkerId, WorkerProcess>();
  readonly #figures: RowReader;
  readonly #kernel = new KernelFigures();
  readonly #oom = new OomCounter();
  readonly #reports: FatalReports | undefined;
  readonly #unheard: UnheardMessages;

  constructor(parts: WorkerProcessesParts) {
    this.#parts = parts;
    this.#figures = new RowReader(parts.board);
    this.#reports = createReports(parts);
    this.#unheard = new UnheardMessages(parts.log);
  }

  /**
   * Starts a worker. A failure becomes the worker's exit: an error of the user's `spawnWorker`, or a machine without
   * memory.
   */
  fork({ worker, slot, generation }: Fork): void {
    const { os, program, board, post } = this.#parts;
    const row = board?.takeRow() ?? NO_ROW;
    let child: ChildProcess;
    let version: string | undefined;
    try {
      const one = program();
      ({ version } = one);
      child = os.fork(one, slot ?? NO_SLOT, generation, this.#environment(slot ?? NO_SLOT, generation, row));
    } catch (cause) {
      board?.freeRow(row);
      const error = cause instanceof Error ? cause : new Error(String(cause));
      post({ type: 'exited', worker, code: null, signal: null, error });
      return;
    }
    this.#processes.set(worker, this.#observe(worker, { row, version }, child));
    this.#parts.output?.follow(child, () => this.#parts.slotOf(worker));
    if (child.pid === undefined) return;
    this.#parts.half.forked(worker, child.pid);
    post({ type: 'forked', worker, pid: child.pid });
  }

  /**
   * Sends a message. A worker that is gone hears nothing, because its exit is on the way.
   *
   * @returns false when the message certainly did not leave.
   */
  send(worker: WorkerId, message: PrimaryMessage, handle?: SentHandle): boolean {
    return this.#processes.get(worker)?.send(message, handle) ?? false;
  }

  hasRoom(worker: WorkerId): boolean {
    return this.#processes.get(worker)?.hasRoom ?? false;
  }

  /**
   * Sends a message of the application's own half to a worker. A worker that is gone hears nothing, because its exit is on the way.
   *
   * @returns false when the message was dropped because the worker has too much to read.
   */
  tell(worker: WorkerId, message: unknown): boolean {
    return this.#processes.get(worker)?.tell(message) ?? true;
  }

  /** The processes that run, by worker. */
  get pids(): ReadonlyArray<readonly [WorkerId, number]> {
    return [...this.#processes].flatMap(
      ([
        worker,
        {
          child: { pid },
        },
      ]) => (pid === undefined ? [] : [[worker, pid] as const]),
    );
  }

  /** Asks the worker to end, by the stop signal with which it was started. */
  terminate(worker: WorkerId): void {
    const stopSignal = this.#processes.get(worker)?.stopSignal;
    if (stopSignal === undefined) return;
    // A terminal sends other signals too, so the worker is told that this one is ours.
    if (stopSignal !== 'SIGTERM') this.send(worker, { type: 'end' });
    this.kill(worker, stopSignal);
  }

  kill(worker: WorkerId, signal: NodeJS.Signals): void {
    const process = this.#processes.get(worker);
    if (process !== undefined) this.#parts.os.kill(process.child, signal);
  }

  /**
   * Returns the stack of a worker as its thread finds it. The result is undefined when the worker is gone, and its exit
   * is on the way.
   */
  async stackOf(worker: WorkerId): Promise<string | undefined> {
    const { os } = this.#parts;
    for (let looks = 0; looks < STACK_LOOKS; looks++) {
      const pid = this.#processes.get(worker)?.child.pid;
      if (pid === undefined) return undefined;
      const stack = this.#reports?.takeStack(pid);
      if (stack !== undefined) return stack;
      await new Promise<void>((resolve) => void os.after(STACK_POLL_MS, resolve));
    }
    return 'unknown: its thread wrote no stack in time';
  }

  /** @param onlyOverdue whether only those are asked, again, whose answer is overdue. */
  settle(onlyOverdue: boolean): void {
    const now = this.#parts.os.now();
    for (const [worker, process] of this.#processes) {
      if (!onlyOverdue || process.isSettling) process.settle(now, this.row(worker)?.heartbeat ?? -Infinity);
    }
  }

  /** Returns the version of the application that the worker runs, where that is known. */
  versionOf(worker: WorkerId): string | undefined {
    return this.#processes.get(worker)?.version;
  }

  /** Returns the worker's figures as it last wrote them, but for those that the kernel knows better. */
  row(worker: WorkerId): SeenRow | undefined {
    const process = this.#processes.get(worker);
    const row = process && this.#figures.read(process.row, process.child.pid);
    if (row === undefined) return undefined;
    // The primary decides which slot a worker has, not the worker.
    row.slot = this.#parts.slotOf(worker) ?? NO_SLOT;
    return Object.assign(row, this.#kernel.of(row.pid, this.#parts.os.now()));
  }

  close(): void {
    this.#figures.close();
    this.#reports?.close();
  }

  #environment(slot: number, generation: number, row: number): Record<string, string> {
    const { sharing, balance, seed, settings, workers, board, control } = this.#parts;
    const { migrate, hangStack, heartbeatTimeout, shutdownGracePeriod } = settings();
    const { instanceVariable, stopSignal, compileCache, proxyProtocol = [], healthPath = '' } = settings();
    const reports = this.#reports?.directory ?? '';
    const environment = briefingEnvironment({
      slot,
      generation,
      sharing,
      balance,
      seed,
      migrate,
      hangStack: hangStack === 'on' ? heartbeatTimeout : 0,
      board: board?.path ?? NO_BOARD,
      row,
      reports,
      control: control(),
      gracePeriod: shutdownGracePeriod,
      workers: workers(),
      instanceVariable,
      stopSignal,
      proxies: proxyProtocol,
      healthPath,
      savesCompileCache: compileCache !== undefined,
    });
    return compileCache === undefined ? environment : { ...environment, NODE_COMPILE_CACHE: compileCache };
  }

  #observe(
    worker: WorkerId,
    { row, version }: { readonly row: number; readonly version: string | undefined },
    child: ChildProcess,
  ): WorkerProcess {
    const { post, sharing, settings, half } = this.#parts;
    const events: WorkerEvents = {
      message: (from, message, handle) => post({ type: 'message', worker: from, message, handle }),
      offended: (from, offence) => post({ type: 'offended', worker: from, offence }),
      dropped: (_from, why) => half.dropped(why),
      unheard: (from, message) => {
        if (half.isWanted) half.said(from, message);
        else this.#unheard.take(message);
      },
      exited: (from, exit) => {
        let facts = exit;
        try {
          facts = this.#collect(from, exit);
        } finally {
          // Without this the worker would never be replaced, its row would be lost, and no stop would end.
          this.#forget(from);
          half.gone(from, exit.code, exit.signal);
          post({ type: 'exited', worker: from, ...facts });
        }
      },
    };
    const { stopSignal } = settings();
    const isClustered = sharing === 'round-robin';
    const isOtherCode = isReplaced();
    return new WorkerProcess(worker, row, child, events, { isClustered, stopSignal, version, isOtherCode });
  }

  /** Collects what a worker left behind, before its row goes to another worker. */
  #collect(worker: WorkerId, exit: ExitFacts): ExitFacts {
    const row = this.row(worker);
    const facts = { ...exit, drained: row && row.state === 'draining', ...this.#evidence(worker, exit) };
    if (row !== undefined) this.#parts.totals.ended(row);
    return facts;
  }

  #forget(worker: WorkerId): void {
    const process = this.#processes.get(worker);
    this.#processes.delete(worker);
    if (process === undefined) return;
    this.#parts.board?.freeRow(process.row);
    if (process.child.pid !== undefined) this.#kernel.gone(process.child.pid);
  }

  #evidence(worker: WorkerId, { signal }: ExitFacts): Partial<ExitFacts> {
    const pid = this.#processes.get(worker)?.child.pid;
    if (signal === null || pid === undefined) return {};
    const { heapUsed: used, heapLimit: limit } = this.row(worker) ?? { heapUsed: 0, heapLimit: 0 };
    const oomKills = this.#oom.look(this.#parts.os.now());
    return { report: this.#reports?.take(pid), heap: { used, limit }, oomKills };
  }
}

/** Creates the directory for reports. Without it exits are explained less well, but that is no reason not to start. */
function createReports({ log, board }: WorkerProcessesParts): FatalReports | undefined {
  if (board === undefined) return undefined;
  try {
    return new FatalReports(board.path);
  } catch (error) {
    log('no reports of fatal errors', { message: messageOf(error) });
    return undefined;
  }
}
