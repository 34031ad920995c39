/**
 * The policy of `--workers <min>..<max>`: how many workers there should be, from how busy they are. The function is
 * pure: the caller reads rows, limits and the clock. A change of the policy is a change of this file alone, and
 * docs/autoscaling.md shows what it comes to in the simulation.
 *
 * The demand is the mean utilization of the event loops times the workers: with 4 workers that are busy for half of the
 * time it is 2.
 */

import type { Disturbance, ScaleHold, ScaleReason } from '../../../contract/autoscaling.ts';

/** The numbers of the policy. Shares are of the time of one event loop. */
export interface Rules {
  /** The time over which workers have to be busy before there are more of them. */
  readonly windowMs: number;
  /** The time at the end of the window that says how busy they are now, if that is more. */
  readonly recentMs: number;
  /** There are more workers when the utilization is surely above this, and then as many as bring it down to `upTo`. */
  readonly up: number;
  readonly upTo: number;
  /**
   * Above this the demand is unknown, because a loop cannot be busier than always. The number of workers then grows by
   * the factor of the first row whose lateness of beats (ms) is reached.
   */
  readonly saturated: number;
  readonly growth: ReadonlyArray<readonly [lateMs: number, factor: number]>;
  /** Loops that are saturated and as late as this at each look for so long are overrun: the rest of the window is not waited for. */
  readonly overrunMs: number;
  /** So many looks are the least for that. There are six where the primary has CPU, and few behind a time in which it did not run. */
  readonly overrunLooks: number;
  readonly overrunLate: number;
  /** There are fewer workers when so many, at this utilization, would do for the largest demand of `peaksMs`. */
  readonly downTo: number;
  readonly peaksMs: number;
  /**
   * A regret is a load that comes back so soon after there were fewer workers. Each one doubles `peaksMs`, up to
   * `mostPeaksMs`, for as long as `regretsMs`.
   */
  readonly regretMs: number;
  readonly regretsMs: number;
  readonly mostPeaksMs: number;
  /** The least time that has to be known before there are fewer. */
  readonly knownMs: number;
  /** Those that are left have to be less busy than this by the demand of the moment. */
  readonly restBelow: number;
  /** There are fewer once in this time, by this share of the workers, and at least by one. */
  readonly downEveryMs: number;
  readonly downShare: number;
  /** A worker counts from this age on. */
  readonly youngMs: number;
  /** Nothing is decided for this long after a disturbance. */
  readonly quietMs: number;
}

export const RULES: Rules = {
  windowMs: 3000,
  recentMs: 1000,
  up: 0.75,
  upTo: 0.65,
  saturated: 0.95,
  growth: [
    [300, 4],
    [100, 3],
    [0, 2],
  ],
  overrunMs: 1500,
  overrunLooks: 5,
  overrunLate: 100,
  downTo: 0.7,
  peaksMs: 300_000,
  regretMs: 600_000,
  regretsMs: 3_600_000,
  mostPeaksMs: 1_200_000,
  knownMs: 120_000,
  restBelow: 0.6,
  downEveryMs: 30_000,
  downShare: 0.25,
  youngMs: 10_000,
  quietMs: 10_000,
};

/** The demand is remembered as its mean over steps of this length. */
const STEP_MS = 5000;

/** A worker that serves, as it last said of itself. */
export interface Loop {
  /** The moment from which it serves. */
  readonly since: number;
  /** The share of its last beat in which its event loop was busy. */
  readonly utilization: number;
  /** How late its last beat was, ms. */
  readonly late: number;
}

export interface Limits {
  readonly least: number;
  readonly most: number;
  /** The largest number that fits into the memory of the cgroup; infinite where there is no limit. */
  readonly memory: number;
  /** The cores that this server may use. */
  readonly cores: number;
}

/** The fleet at one moment. Times are monotonic, in ms. */
export interface View {
  readonly at: number;
  /** The slots: workers that serve, and those that are to. */
  readonly workers: number;
  readonly loops: readonly Loop[];
  /** The last disturbance; it is not over when its time is now. */
  readonly disturbed: { readonly by: Disturbance; readonly at: number } | undefined;
  /** Whether the kernel has lately kept the cgroup from running, because its quota was used up. */
  readonly isThrottled: boolean;
  /** How many cores the workers need, whether they have them or not; undefined where that is unknown. */
  readonly cpu: number | undefined;
  readonly limits: Limits;
}

/** What the policy remembers: plain data, never changed in place. */
export interface Memory {
  /** The looks of the last `windowMs`. */
  readonly looks: readonly Look[];
  /** The demand in each step of the last `mostPeaksMs`: its sum over so many looks. */
  readonly steps: ReadonlyArray<{ readonly step: number; readonly sum: number; readonly looks: number }>;
  /** The last times when there were to be more workers, and fewer. */
  readonly moreAt: number;
  readonly fewerAt: number;
  /** The times of the regrets that count. */
  readonly regrets: readonly number[];
}

interface Look {
  readonly at: number;
  readonly utilization: number;
  readonly late: number;
  readonly cpu: number | undefined;
}

export const NO_MEMORY: Memory = { looks: [], steps: [], moreAt: -Infinity, fewerAt: -Infinity, regrets: [] };

export interface Verdict {
  readonly memory: Memory;
  /** How many workers there should be. */
  readonly workers: number;
  readonly reason: ScaleReason | undefined;
  readonly hold: ScaleHold | undefined;
  /** Mean utilization over the window, and what it comes to in workers; undefined while no worker counts. */
  readonly utilization: number | undefined;
  readonly demand: number | undefined;
}

export function decideWorkers(before: Memory, view: View, rules: Rules = RULES): Verdict {
  const counted = view.loops.filter(({ since }) => view.at - since >= rules.youngMs);
  const memory = counted.length === 0 ? before : { ...before, looks: looksWith(before, view, counted, rules) };
  if (counted.length === 0) return stay(memory, view, 'young workers');
  const load = loadOf(memory.looks, view.at, rules);
  const figures = { utilization: load.utilization, demand: load.utilization * view.workers };
  const { disturbed } = view;
  if (disturbed !== undefined && view.at - disturbed.at < rules.quietMs)
    return { ...stay(memory, view, disturbed.by), ...figures };
  const now = memory.looks.at(-1)!.utilization * view.workers;
  const known = { ...memory, steps: stepsWith(memory, view.at, now, rules) };
  const choice = bounded(view) ?? more(load, view, rules) ?? fewer(known, figures.demand, view, rules);
  if (choice === undefined) return { ...stay(known, view, undefined), ...figures };
  if (typeof choice === 'string') return { ...stay(known, view, choice), ...figures };
  const { workers, reason } = choice;
  return {
    memory: { ...known, ...changed(known, view, choice, rules) },
    workers,
    reason,
    hold: undefined,
    ...figures,
  };
}

/** Returns what a change leaves to remember. The looks were of another number of workers. */
function changed(
  { moreAt, fewerAt, regrets }: Memory,
  { at, workers }: View,
  change: Change,
  { regretMs, regretsMs }: Rules,
): Omit<Memory, 'steps'> {
  if (change.workers < workers) return { looks: [], moreAt, fewerAt: at, regrets };
  const isRegret = at - fewerAt < regretMs && !regrets.some((regret) => regret > fewerAt);
  const lately = regrets.filter((regret) => at - regret < regretsMs);
  return { looks: [], moreAt: at, fewerAt, regrets: isRegret ? [...lately, at] : lately };
}

interface Change {
  readonly workers: number;
  readonly reason: ScaleReason;
}

/** Keeps to the limits, which may have changed. The least wins, because a person has asked for it. */
function bounded({ workers, limits: { least, most, memory } }: View): Change | undefined {
  if (workers < least) return { workers: least, reason: 'below the least' };
  if (workers > most) return { workers: most, reason: 'above the most' };
  const fitting = Math.max(least, memory);
  return workers > fitting ? { workers: fitting, reason: 'memory' } : undefined;
}

function more(load: Load, view: View, rules: Rules): Change | ScaleHold | undefined {
  if (!load.isOverrun && load.utilization - load.error <= rules.up) return undefined;
  const busy = Math.max(load.utilization, load.recent);
  const isSaturated = busy > rules.saturated;
  const [, factor] = rules.growth.find(([late]) => load.late >= late)!;
  const wanted = Math.max(
    Math.ceil((busy * view.workers) / rules.upTo),
    isSaturated ? Math.ceil(view.workers * factor) : 0,
    view.workers + 1,
  );
  const { workers, hold } = limited(wanted, load, view);
  if (workers <= view.workers) return hold;
  return { workers, reason: isSaturated ? 'saturated' : 'busy' };
}

/** Returns how many of the wanted workers there may be, and what stands against the others. */
function limited(wanted: number, load: Load, view: View): { workers: number; hold: ScaleHold | undefined } {
  const { limits, isThrottled } = view;
  if (isThrottled) return { workers: view.workers, hold: 'throttling' };
  const bounds: ReadonlyArray<readonly [ScaleHold, number]> = [
    ['most', limits.most],
    ['memory', limits.memory],
    ['cores', useful(load, view)],
  ];
  const [hold, bound] = bounds.reduce((least, next) => (next[1] < least[1] ? next : least));
  return bound < wanted ? { workers: bound, hold } : { workers: wanted, hold: undefined };
}

/**
 * Returns how many workers the cores are enough for. Workers that compute all the time are of no use beyond the cores.
 * Those that block on something else while they are busy, such as a synchronous read, use a part of a core each.
 */
function useful({ utilization, cpu }: Load, { workers, limits: { cores } }: View): number {
  if (cpu === undefined) return Infinity;
  const each = Math.min(1, cpu / (utilization * workers));
  return Math.max(cores, Math.floor(cores / each));
}

function fewer(memory: Memory, demand: number, view: View, rules: Rules): Change | ScaleHold | undefined {
  const { workers, limits } = view;
  const steps = stepsToMind(memory, view.at, rules);
  const peak = Math.max(...steps.map(({ sum, looks }) => sum / looks));
  const target = Math.max(limits.least, Math.ceil(peak / rules.downTo));
  if (target >= workers) return undefined;
  if (steps.length * STEP_MS < rules.knownMs) return 'short history';
  // What was needed a moment ago may be needed again, whatever the mean of a step says.
  if (view.at - memory.moreAt < rules.peaksMs || view.at - memory.fewerAt < rules.downEveryMs) return 'pace';
  const step = Math.max(1, Math.floor(workers * rules.downShare));
  const next = Math.max(target, workers - step);
  return demand / next < rules.restBelow ? { workers: next, reason: 'idle' } : undefined;
}

/** The load of an event loop over the window. */
interface Load {
  readonly utilization: number;
  /** How far the mean may be off by chance: its standard error. */
  readonly error: number;
  /** The mean of what came last, and the mean lateness of the beats then. */
  readonly recent: number;
  readonly late: number;
  readonly cpu: number | undefined;
  readonly isOverrun: boolean;
}

function loadOf(looks: readonly Look[], at: number, rules: Rules): Load {
  const utilization = meanOf(looks.map((look) => look.utilization));
  const variance = meanOf(looks.map((look) => (look.utilization - utilization) ** 2));
  // A single look says nothing about how far it is off.
  const error = looks.length < 2 ? 1 : Math.sqrt(variance / looks.length);
  const cpu = looks.flatMap((look) => look.cpu ?? []);
  const last = looks.filter((look) => look.at > at - rules.recentMs);
  return {
    utilization,
    error,
    recent: meanOf(last.map((look) => look.utilization)),
    late: meanOf(last.map(({ late }) => late)),
    cpu: cpu.length === 0 ? undefined : meanOf(cpu),
    isOverrun: isOverrun(looks, at, rules),
  };
}

/** A single request that takes long is one late look, and not five of them. */
function isOverrun(looks: readonly Look[], at: number, rules: Rules): boolean {
  const last = looks.filter((look) => look.at > at - rules.overrunMs);
  if (last.length < rules.overrunLooks || last.length === looks.length) return false;
  return last.every((look) => look.utilization > rules.saturated && look.late >= rules.overrunLate);
}

function looksWith({ looks }: Memory, { at, cpu }: View, counted: readonly Loop[], { windowMs }: Rules): Look[] {
  const utilization = meanOf(counted.map((loop) => loop.utilization));
  const late = meanOf(counted.map((loop) => loop.late));
  return [...looks.filter((look) => look.at > at - windowMs), { at, utilization, late, cpu }];
}

function stepsWith({ steps }: Memory, at: number, demand: number, { mostPeaksMs }: Rules): Memory['steps'] {
  const step = Math.floor(at / STEP_MS);
  const last = steps.at(-1);
  if (last?.step === step) return [...steps.slice(0, -1), { step, sum: last.sum + demand, looks: last.looks + 1 }];
  return [...steps.filter((one) => one.step > step - mostPeaksMs / STEP_MS), { step, sum: demand, looks: 1 }];
}

/** Returns the steps whose demand there have to be workers for. */
function stepsToMind({ steps, regrets }: Memory, at: number, rules: Rules): Memory['steps'] {
  const lately = regrets.filter((regret) => at - regret < rules.regretsMs).length;
  const within = Math.min(rules.mostPeaksMs, rules.peaksMs * 2 ** lately);
  return steps.filter(({ step }) => (step + 1) * STEP_MS > at - within);
}

function stay(memory: Memory, { workers }: View, hold: ScaleHold | undefined): Verdict {
  return { memory, workers, reason: undefined, hold, utilization: undefined, demand: undefined };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
