import type { MovesByReason } from '../../../contract/moves.ts';
import { BEAT_MS } from '../../../contract/limits.ts';
import type { ListenerSet } from '../../../listeners/listener-set.ts';
import type { Settings } from '../../../options/index.ts';
import type { Row } from '../../../scoreboard/layout.ts';
import { BLANK } from '../../../scoreboard/record.ts';
import { isOfTheFuture } from '../../../scoreboard/range.ts';
import { BalanceLog } from './balance-log.ts';
import type { FleetEvent, WorkerLoad } from '../../fleet/events.ts';
import type { WorkerId } from '../../fleet/ids.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { DescriptorWatch } from './descriptor-watch.ts';
import { MachineLoad } from './machine-load.ts';
import { IdleBoots } from './idle-boots.ts';
import type { SlowLooks } from './slow-looks.ts';
import type { HandoffCounts } from '../../workers/handoffs.ts';
import type { FigureHistory } from '../../telemetry/figure-history.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Os } from '../../workers/os.ts';
import { judge, look, newWatch, type Watch, type WatchSettings } from '../../fleet/health.ts';

/** The event that says that it is time to look at the workers. */
export interface Look {
  readonly type: 'look';
}

export interface HealthPollerParts {
  readonly settings: () => WatchSettings & Pick<Settings, 'logLevel' | 'ready' | 'range'>;
  readonly log: Log;
  readonly os: Pick<Os, 'now' | 'after' | 'cpuTime'>;
  /** Puts the scoreboard right before it is read. */
  readonly restoreBoard: () => void;
  readonly descriptors: Pick<DescriptorWatch, 'look'>;
  readonly listeners: Pick<ListenerSet, 'unblock'>;
  readonly row: (worker: WorkerId) => Row | undefined;
  readonly handoffs: () => HandoffCounts;
  readonly moves: () => MovesByReason;
  /** Keeps figures of what is seen. The slots of the rows are the fleet's. */
  readonly figures: Pick<FigureHistory, 'look'>;
  readonly post: (event: FleetEvent | Look) => void;
  /** What is looked at only while there is a reason. */
  readonly slow: Pick<SlowLooks, 'look'>;
}

/**
 * Looks at the workers' rows in the scoreboard, again and again, each time in its turn of the queue. Owns the timer, which
 * `close` cancels.
 */
export class HealthPoller {
  readonly #parts: HealthPollerParts;
  /** The log of the balance; undefined where its lines would not be shown. */
  readonly #balanceLog: BalanceLog | undefined;
  readonly #idleBoots: IdleBoots;
  readonly #machine = new MachineLoad();
  #watch: Watch;
  /** The CPU time of this process at the last look, ms. */
  #cpuTime: number;
  /**
   * The last row of each worker. It holds where there is none: a worker whose row was cleared or damaged by another process, and that
   * does not write it again, stands still.
   */
  #seen: ReadonlyMap<WorkerId, Row> = new Map();
  #cancel: () => void = () => {};

  constructor(parts: HealthPollerParts) {
    this.#parts = parts;
    this.#watch = newWatch(parts.os.now());
    this.#cpuTime = parts.os.cpuTime();
    this.#idleBoots = new IdleBoots(parts.log, () => parts.settings().ready);
    if (parts.settings().logLevel === 'debug') this.#balanceLog = new BalanceLog(parts);
  }

  /** Starts the wait for the next look, which comes as an event. */
  start(): void {
    const { os, post } = this.#parts;
    this.#cancel = os.after(BEAT_MS, () => post({ type: 'look' }));
  }

  /** Looks at the workers, and makes events of what there is to say. */
  look(fleet: Fleet): void {
    const { os, row, settings, figures, post, restoreBoard } = this.#parts;
    const rows: Row[] = [];
    const seen = new Map<WorkerId, Row>();
    this.start();
    restoreBoard();
    this.#parts.descriptors.look();
    this.#parts.listeners.unblock();
    const cpuTime = os.cpuTime();
    this.#watch = look(this.#watch, os.now(), cpuTime - this.#cpuTime);
    this.#cpuTime = cpuTime;
    this.#balanceLog?.write(fleet, this.#watch.lookedAt);
    this.#idleBoots.look(fleet, row, this.#watch.lookedAt);
    this.#parts.slow.look(fleet, this.#watch.lookedAt);
    const loads: WorkerLoad[] = [];
    for (const worker of fleet.workers.values()) {
      const beat = this.#believed(row(worker.id)) ?? this.#seen.get(worker.id);
      if (beat === undefined) continue;
      seen.set(worker.id, beat);
      const slot = worker.slot ?? BLANK.slot;
      rows.push(beat.slot === slot ? beat : { ...beat, slot });
      if (worker.state === 'serving') loads.push(this.#loadOf(worker.id, beat));
      for (const event of judge(worker, beat, this.#watch, settings())) post(event);
    }
    this.#seen = seen;
    figures.look(this.#watch.lookedAt, fleet.startedAt, rows);
    if (settings().range !== undefined) this.#tellLoad(fleet, loads);
  }

  /** A beat that is yet to come says nothing: a worker that stands still would seem to beat for ever. */
  #believed(row: Row | undefined): Row | undefined {
    return row === undefined || isOfTheFuture(row.heartbeat, this.#watch.lookedAt) ? undefined : row;
  }

  #loadOf(worker: WorkerId, { utilization, delay, heartbeat, rss }: Row): WorkerLoad {
    return { worker, utilization, late: delay, silent: this.#watch.lookedAt - heartbeat, rss };
  }

  /** Autoscaling decides by this, after what the workers' beats have caused. */
  #tellLoad({ workers }: Fleet, rows: readonly WorkerLoad[]): void {
    const pids = rows.flatMap(({ worker }) => workers.get(worker)?.pid ?? []);
    this.#parts.post({ type: 'load', rows, ...this.#machine.look(pids, this.#watch.lookedAt) });
  }

  close(): void {
    this.#cancel();
  }
}
