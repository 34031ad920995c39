/** Makes the fleet's status, as `prefork status` shows it. The functions are pure. */
import type { Figure } from '../../contract/figures.ts';
import type { MovesByReason } from '../../contract/moves.ts';
import type { Balance } from '../../contract/modes.ts';
import { VITALS, type Vitals } from '../../contract/vitals.ts';
import { skewOf } from '../../balance/skew.ts';
import type { AutoscaleStatus } from '../../contract/autoscaling.ts';
import type {
  BalanceStatus,
  CanaryStatus,
  ExitStatus,
  KeptStatus,
  SlotStatus,
  Status,
  WorkerStatus,
} from '../../control/controls.ts';
import type { Settings } from '../../options/index.ts';
import { BOUNDS, durationsOfAll } from '../../scoreboard/durations.ts';
import type { Row } from '../../scoreboard/layout.ts';
import { connectionsOf } from '../supervisor/connections.ts';
import type { HandoffCounts } from '../workers/handoffs.ts';
import type { Autoscale } from '../fleet/autoscale/autoscale.ts';
import { autoscaleOf } from '../fleet/autoscale/state.ts';
import type { WorkerId } from '../fleet/ids.ts';
import { watchedCanary } from '../fleet/operations/canary.ts';
import {
  leavers,
  parked,
  servingSlots,
  spares,
  workerOf,
  type Fleet,
  type LastExit,
  type Slot,
  type Worker,
} from '../fleet/fleet.ts';

/** The facts that the fleet does not know. */
export interface StatusFacts extends Pick<
  Status,
  'name' | 'pid' | 'prefork' | 'node' | 'directory' | 'entry' | 'sharing' | 'addresses'
> {
  readonly balance: Balance;
  /** The range in which the number of workers changes by itself; undefined when it is fixed. */
  readonly range: Settings['range'];
  readonly handoffs: HandoffCounts;
  readonly moves: MovesByReason;
  /** Returns the row of a worker in the scoreboard. */
  readonly row: (worker: WorkerId) => Row | undefined;
  /** The moment on the monotonic clock, ms. */
  readonly now: number;
  /** The same moment, ms since the Unix epoch. */
  readonly epoch: number;
}

export function statusOf(fleet: Fleet, facts: StatusFacts): Status {
  const { row, now, epoch, range, balance, handoffs, moves, ...names } = facts;
  const time = (at: number): string => new Date(epoch - (now - at)).toISOString();
  const worker = (one: Worker): WorkerStatus => workerStatus(one, row(one.id), now);
  const { done, failed, back, last } = fleet.reloads;
  return {
    version: 1,
    ...names,
    balance: { ...balanceStatus(balance, connectionsOf(fleet, row), handoffs), moves },
    phase: phaseOf(fleet),
    generation: fleet.generation,
    startedAt: time(fleet.startedAt),
    uptime: Math.round(now - fleet.startedAt),
    workers: { wanted: fleet.slots.length, serving: servingSlots(fleet) },
    slots: fleet.slots.map((slot) => slotStatus(fleet, slot, worker, time)),
    spares: spares(fleet).map(worker),
    leaving: leavers(fleet).map(worker),
    parked: parked(fleet).map(worker),
    kept: keptStatus(fleet, row, time),
    canary: canaryStatus(fleet, now),
    autoscale: range === undefined ? null : autoscaleStatus(autoscaleOf(fleet), range, time),
    operation: fleet.running?.operation.kind ?? null,
    reloads: {
      done,
      failed,
      rolledBack: back,
      last: last && {
        generation: last.generation,
        outcome: last.outcome.ok ? 'done' : 'failed',
        reason: last.outcome.ok ? undefined : last.outcome.reason,
        at: time(last.at),
      },
    },
    durationBounds: BOUNDS,
  };
}

function autoscaleStatus(
  { utilization, demand, hold, fitting, paused, last }: Autoscale,
  { least, most }: NonNullable<Settings['range']>,
  time: (at: number) => string,
): AutoscaleStatus {
  return {
    least,
    most,
    utilization: rounded(utilization),
    demand: rounded(demand),
    fitting: Number.isFinite(fitting) ? fitting : null,
    hold: hold ?? null,
    paused: paused === undefined ? null : { by: paused.by, at: time(paused.at) },
    last: last === undefined ? null : { from: last.from, to: last.to, reason: last.reason, at: time(last.at) },
  };
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Number(value.toFixed(3));
}

function balanceStatus(
  mode: Balance,
  connections: number[],
  { taken, ...rest }: HandoffCounts,
): Omit<BalanceStatus, 'moves'> {
  return { mode, skew: Number(skewOf(connections).toFixed(3)), handoffs: { done: taken, ...rest } };
}

function keptStatus({ kept, slots }: Fleet, row: StatusFacts['row'], time: (at: number) => string): KeptStatus | null {
  if (kept === undefined) return null;
  const workers = slots.flatMap((slot) => slot.kept ?? []);
  const rss = workers.reduce((sum, id) => sum + (row(id)?.rss ?? 0), 0);
  return { generation: kept.generation, workers: workers.length, rss, until: time(kept.until) };
}

function canaryStatus(fleet: Fleet, now: number): CanaryStatus | null {
  const canary = watchedCanary(fleet);
  if (canary === undefined) return null;
  const { slots, watch, onDoubt, since, comparison } = canary;
  return {
    baseline: comparison?.baseline ?? fleet.generation - 1,
    canary: fleet.generation,
    slots,
    elapsed: Math.round(now - since),
    total: watch,
    onDoubt,
    verdict: comparison?.verdict ?? 'undecided',
    reasons: comparison?.reasons ?? [],
    table: comparison?.table ?? [],
  };
}

function phaseOf({ phase }: Fleet): Status['phase'] {
  if (phase === 'serving') return 'serving';
  return phase === 'idle' || phase === 'starting' ? 'starting' : 'stopping';
}

function slotStatus(
  fleet: Fleet,
  slot: Slot,
  statusOfWorker: (worker: Worker) => WorkerStatus,
  time: (at: number) => string,
): SlotStatus {
  const worker = workerOf(fleet, slot.worker);
  const successor = workerOf(fleet, slot.successor);
  return {
    slot: slot.index,
    state: fleet.unfilled.includes(slot.index) ? 'empty' : slotState(fleet, worker),
    worker: worker === undefined ? null : statusOfWorker(worker),
    successor: successor === undefined ? null : statusOfWorker(successor),
    crashes: slot.crashes,
    lastExit: slot.lastExit === undefined ? null : exitStatus(slot.lastExit, time),
  };
}

/**
 * The state of a slot without a worker, by phase. In the other phases, starting and serving among them, such a slot has
 * lost its worker, and waits.
 */
const stateOfEmpty: Readonly<Partial<Record<Fleet['phase'], SlotStatus['state']>>> = {
  idle: 'empty',
  stopping: 'stopped',
  stopped: 'stopped',
};

function slotState({ phase }: Fleet, worker: Worker | undefined): SlotStatus['state'] {
  if (worker === undefined) return stateOfEmpty[phase] ?? 'waiting';
  if (worker.state === 'serving') return 'serving';
  return worker.state === 'draining' || worker.state === 'ending' ? 'stopped' : 'booting';
}

function workerStatus(worker: Worker, row: Row | undefined, now: number): WorkerStatus {
  const { pid, slot, generation, state, isHung, forkedAt } = worker;
  return {
    pid: pid ?? null,
    slot: slot ?? null,
    generation,
    state: isHung && state === 'serving' ? 'hung' : state,
    uptime: Math.round(now - forkedAt),
    vitals: row === undefined ? null : vitalsOf(row, now),
  };
}

function vitalsOf(row: Row, now: number): Vitals {
  return Object.fromEntries(VITALS.map(({ name, figure }) => [name, vitalOf(row, figure, now)])) as unknown as Vitals;
}

/**
 * Returns a vital. A time becomes its age, ms: a time on the monotonic clock of this machine says nothing to others.
 */
function vitalOf(row: Row, { name, range }: Figure, now: number): Vitals[keyof Vitals] {
  const value = row[name as keyof Row];
  if (typeof value === 'object') return durationsOfAll(value);
  return range === 'time' ? Math.max(0, Math.round(now - Number(value))) : Number(value);
}

function exitStatus({ pid, generation, reason, text, at }: LastExit, time: (at: number) => string): ExitStatus {
  return { pid: pid ?? null, generation, reason, text, at: time(at) };
}
