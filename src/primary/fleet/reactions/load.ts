/** Applies the policy of `--workers <min>..<max>` to the fleet: makes what it decides an operation `scale`. */
import type { Range } from '../../../options/values/range.ts';
import type { FleetEvent } from '../events.ts';
import { broughtGeneration, workerOf, type FleetSettings } from '../fleet.ts';
import { onOperate } from '../operations/operations.ts';
import { PAUSE_AFTER_FAILURE_MS } from '../respawn.ts';
import type { Step } from '../step.ts';
import { decideWorkers, type Limits, type Loop, type Verdict, type View } from '../autoscale/policy.ts';
import type { Autoscale } from '../autoscale/autoscale.ts';
import { autoscaleOf, change, disturbanceOf } from '../autoscale/state.ts';

type Load = Extract<FleetEvent, { type: 'load' }>;

/** The memory of the primary, with room for what the kernel keeps for its sockets. */
const PRIMARY_BYTES = 64 * 1024 * 1024;

/**
 * A worker that has been silent for this long hangs. One that is silent for less may be overloaded: the requests of many
 * connections come in one turn of its event loop. While it is silent, nothing is decided, unless its loop was busy all
 * the time before.
 */
const HANG_MS = 5000;
const BUSY_UTILIZATION = 0.95;

/** The time for which workers that are not needed any more stay parked. */
const PARK_MS = 60_000;

/** Looks at the load of the workers, and asks for more or fewer. */
export function onLoad(step: Step, load: Load): void {
  const { range } = step.settings;
  if (range === undefined || step.fleet.phase !== 'serving') return;
  noteHang(step, load);
  noteMemory(step, load);
  const state = autoscaleOf(step.fleet);
  const limits = limitsOf(step, state, range, load);
  const verdict = decideWorkers(state.memory, viewOf(step, state, limits, load));
  const { memory, utilization, demand, reason, workers: to } = verdict;
  const from = step.fleet.slots.length;
  const last = reason === undefined ? state.last : { at: step.at, from, to, reason };
  const fitting = fittingIn(step.settings, state, load);
  change(step, { memory, utilization, demand, hold: holdOf(step, state, verdict), last, fitting });
  if (reason === undefined) return;
  // A mistake costs no boot, and no more than the memory for a minute.
  const park = to < from && reason === 'idle' ? { park: PARK_MS } : {};
  onOperate(step, { type: 'operate', kind: 'scale', target: { workers: to, reason, demand, ...park } });
}

function viewOf(step: Step, state: Autoscale, limits: Limits, load: Load): View {
  const { isThrottled, cpu } = load;
  return {
    at: step.at,
    workers: step.fleet.slots.length,
    loops: loopsOf(step, load),
    disturbed: disturbedNow(step, state, load),
    isThrottled,
    cpu,
    limits,
  };
}

function loopsOf({ fleet }: Step, { rows }: Load): Loop[] {
  return rows.flatMap(({ worker: id, utilization, late }) => {
    const worker = workerOf(fleet, id);
    const isSeated = worker?.slot !== undefined && fleet.slots[worker.slot]?.worker === id;
    if (!isSeated || worker.state !== 'serving') return [];
    return [{ since: worker.servingSince ?? worker.neededAt, utilization, late }];
  });
}

function limitsOf(step: Step, state: Autoscale, range: Range, load: Load): Limits {
  const { cores } = load;
  const now = step.fleet.slots.length;
  // A person has chosen the number.
  if (state.paused !== undefined) return { least: now, most: now, memory: Infinity, cores };
  const { least, most, isAsked } = range;
  const ends = { least, most: isAsked ? most : Math.max(least, Math.min(most, cores)) };
  const memory = fittingIn(step.settings, state, load);
  return { ...ends, most: isPausedByFailure(step, state) ? Math.min(ends.most, now) : ends.most, memory, cores };
}

function holdOf(step: Step, state: Autoscale, { hold }: Verdict): Autoscale['hold'] {
  if (state.paused !== undefined) return undefined;
  return hold === 'most' && isPausedByFailure(step, state) ? 'failure' : hold;
}

function isPausedByFailure({ at }: Step, { failedAt }: Autoscale): boolean {
  return at - failedAt < PAUSE_AFTER_FAILURE_MS;
}

/** Returns how many workers fit into the memory, beside spares, those that a reload boots, and one for doubt. */
function fittingIn({ spares, maxSurge }: FleetSettings, { largest: { bytes } }: Autoscale, { memory }: Load): number {
  if (memory === undefined || bytes === 0) return Infinity;
  return Math.max(0, Math.floor((memory - PRIMARY_BYTES) / bytes) - spares - maxSurge - 1);
}

function noteHang(step: Step, load: Load): void {
  if (silentLoads(step, load).some(({ silent }) => silent >= HANG_MS)) {
    change(step, { disturbed: { by: 'hang', at: step.at } });
  }
}

/** Returns the workers whose event loops stand still. */
function silentLoads({ fleet }: Step, { rows }: Load): Load['rows'] {
  return rows.filter(({ worker }) => workerOf(fleet, worker)?.isHung === true);
}

/** Returns what forbids a decision now. */
function disturbedNow(step: Step, { disturbed }: Autoscale, load: Load): View['disturbed'] {
  const { fleet, at } = step;
  // The last decision is still carried out.
  if (fleet.running !== undefined || fleet.pending.length > 0) return { by: disturbanceOf(fleet) ?? 'boot', at };
  const isSilent = silentLoads(step, load).some(({ utilization }) => utilization < BUSY_UTILIZATION);
  return isSilent ? { by: 'hang', at } : disturbed;
}

/**
 * Another generation is another application, whose workers have another size. Those that a reload brings do not count before
 * the reload is done, because it may go back.
 */
function noteMemory(step: Step, { rows }: Load): void {
  if (broughtGeneration(step.fleet) !== undefined) return;
  const { generation } = step.fleet;
  const { largest } = autoscaleOf(step.fleet);
  const before = largest.generation === generation ? largest.bytes : 0;
  const bytes = Math.max(before, ...rows.map(({ rss }) => rss));
  if (bytes !== largest.bytes || generation !== largest.generation) change(step, { largest: { generation, bytes } });
}
