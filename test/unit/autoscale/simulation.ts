/**
 * Simulates a server whose number of workers a policy chooses, without processes: queues, cores that workers share,
 * boots that need a core, code that is slow at first. A seed makes a run reproducible.
 */
import { Random } from '../../support/random.ts';
import type { Trace } from './traces.ts';

/** A worker as policies see it. */
export interface SeenWorker {
  readonly id: number;
  /** The age since it serves, s. */
  readonly age: number;
  /** The share of the last beat in which its event loop was busy. */
  readonly utilization: number;
  /** How late its last beat was, ms. */
  readonly late: number;
  /** The work that waits for it, s. */
  readonly queue: number;
}

/** The server as policies see it, at each beat. */
export interface Seen {
  /** s */
  readonly at: number;
  readonly workers: readonly SeenWorker[];
  readonly booting: number;
  readonly isReloading: boolean;
  /** Cores in use. */
  readonly cpu: number;
}

/** A policy, made for a server. It is asked at each beat, and answers with the number of workers that there should be. */
export type Policy = (seen: Seen) => number;

export interface Server {
  readonly cores: number;
  readonly least: number;
  readonly most: number;
}

export interface Scaler {
  readonly make: (server: Server) => Policy;
  /** The time for which a worker that is not wanted any more can come back without a boot, s. @default 0 */
  readonly parks?: number;
}

export interface Run {
  /** Worker-hours, with workers that boot or are parked. */
  readonly hours: number;
  /** The share of requests behind 100 ms of queue. */
  readonly slow: number;
  /** Changes of the number. */
  readonly changes: number;
  /** Changes in the other direction within three minutes. */
  readonly flips: number;
  readonly most: number;
}

export interface Moment {
  readonly at: number;
  readonly workers: number;
  /** The load in workers. */
  readonly load: number;
}

const STEP_S = 0.05;
const BEAT_STEPS = 5;
/** What a boot takes: half of its CPU time at least is spent alone on a core. Measured for an application of 1,900 modules. */
const BOOT_CPU_S = 1;
const BOOT_SPEED = 0.5;
/** Code is slow until it is compiled. */
const COLD_S = 5;
const COLD_FACTOR = 2;
/** Clients give up behind this much work, so a queue grows no longer. */
const LONGEST_QUEUE_S = 10;
const SLOW_S = 0.1;
/** The share of what makes queues uneven that levelling moves in a second. */
const LEVELLED_PER_S = 0.8;
const FLIP_S = 180;
const SETTLE_S = 0.5;

interface Worker {
  readonly id: number;
  from: number;
  queue: number;
  busy: number;
  utilization: number;
  late: number;
}

interface Boot {
  readonly id: number;
  left: number;
  settles: number;
  readonly replaces: boolean;
}

export function simulate(
  trace: Trace,
  { make, parks = 0 }: Scaler,
  cores: number,
  seed: number,
  watch: (moment: Moment) => void = () => {},
): Run {
  const random = new Random(seed);
  const { load, seconds, requestMs = 5, cpuShare = 1, reloadEvery } = trace;
  const most = Math.max(1, Math.ceil(cores * (trace.most ?? 1)));
  const policy = make({ cores, least: 1, most });
  const request = requestMs / 1000;
  let ids = 0;
  let workers: Worker[] = [];
  let boots: Boot[] = [];
  let parked: Array<{ readonly worker: Worker; readonly until: number }> = [];
  let toReload = 0;
  // Every server starts with a worker for each core, as prefork does.
  for (let nth = 0; nth < cores; nth++) {
    workers.push({ id: ids++, from: -60, queue: 0, busy: 0, utilization: 0, late: 0 });
  }
  const run = { hours: 0, slow: 0, changes: 0, flips: 0, most: 0 };
  let requests = 0;
  let direction = 0;
  let changedAt = -Infinity;
  let pace = 1;
  let cpuUsed = 0;

  const steps = Math.round(seconds / STEP_S);
  for (let step = 0; step < steps; step++) {
    const at = step * STEP_S;
    const wanted = load(at) * cores;
    // Arrivals.
    const mean = ((wanted / request) * STEP_S) / workers.length;
    for (const worker of workers) {
      const count = poisson(random, mean);
      requests += count;
      if (worker.queue > SLOW_S) run.slow += count;
      worker.queue = Math.min(LONGEST_QUEUE_S, worker.queue + count * request);
    }
    level(workers);
    // Work. What needs a core gets as much of it as there is for all.
    let cpu = 0;
    for (const worker of workers) {
      const factor = at - worker.from < COLD_S ? COLD_FACTOR : 1;
      const slowness = factor * (cpuShare / pace + 1 - cpuShare);
      const busy = Math.min(STEP_S, worker.queue * slowness);
      worker.queue -= busy / slowness;
      if (worker.queue < 1e-9) worker.queue = 0;
      worker.busy += busy;
      cpu += (busy / slowness) * factor * cpuShare;
    }
    let wantedCpu = workers.reduce((sum, worker) => {
      const factor = at - worker.from < COLD_S ? COLD_FACTOR : 1;
      return sum + Math.min(STEP_S * cpuShare, (worker.queue + mean * request) * factor * cpuShare);
    }, 0);
    for (const boot of boots) {
      if (boot.left > 0) {
        boot.left -= BOOT_SPEED * STEP_S * pace;
        cpu += BOOT_SPEED * STEP_S * pace;
        wantedCpu += BOOT_SPEED * STEP_S;
      } else boot.settles -= STEP_S;
    }
    cpuUsed += cpu;
    pace = Math.min(1, (cores * STEP_S) / Math.max(1e-9, wantedCpu));
    for (const boot of boots.filter(({ left, settles }) => left <= 0 && settles <= 0)) {
      boots = boots.filter((other) => other !== boot);
      const fresh = { id: boot.id, from: at, queue: 0, busy: 0, utilization: 1, late: 0 };
      if (boot.replaces) {
        const oldest = workers.reduce((old, worker) => (worker.from < old.from ? worker : old));
        workers = workers.map((worker) => (worker === oldest ? { ...fresh, queue: worker.queue } : worker));
      } else workers.push(fresh);
    }
    // A reload replaces one worker after another.
    if (reloadEvery !== undefined && step > 0 && step % Math.round(reloadEvery / STEP_S) === 0)
      toReload = workers.length;
    if (toReload > 0 && boots.length === 0) {
      toReload--;
      boots.push({ id: ids++, left: BOOT_CPU_S, settles: SETTLE_S, replaces: true });
    }
    parked = parked.filter(({ until }) => until > at);
    const have = workers.length + boots.filter(({ replaces }) => !replaces).length;
    run.hours += ((have + parked.length) * STEP_S) / 3600;
    run.most = Math.max(run.most, have);
    if (step % BEAT_STEPS !== 0) continue;
    for (const worker of workers) {
      worker.utilization = Math.min(1, worker.busy / (BEAT_STEPS * STEP_S));
      worker.busy = 0;
      // A loop that has much to do comes to its timers late.
      worker.late = worker.utilization > 0.9 ? Math.min(worker.queue, 0.8) * 1000 * random.next() : 0;
    }
    if (step % (BEAT_STEPS * 4) === 0) watch({ at, workers: have, load: wanted });
    const seen = workers.map(({ id, from, utilization, late, queue }) => ({
      id,
      age: at - from,
      utilization,
      late,
      queue,
    }));
    const isReloading = toReload > 0 || boots.some(({ replaces }) => replaces);
    const asked = policy({
      at,
      workers: seen,
      booting: boots.length,
      isReloading,
      cpu: cpuUsed / (BEAT_STEPS * STEP_S),
    });
    cpuUsed = 0;
    const next = Math.max(1, Math.min(most, asked));
    if (next === have) continue;
    run.changes++;
    const way = Math.sign(next - have);
    if (direction !== 0 && way !== direction && at - changedAt < FLIP_S) run.flips++;
    direction = way;
    changedAt = at;
    for (let nth = have; nth < next; nth++) {
      const back = parked.pop();
      if (back === undefined) boots.push({ id: ids++, left: BOOT_CPU_S, settles: SETTLE_S, replaces: false });
      else workers.push({ ...back.worker, queue: 0 });
    }
    for (let nth = have; nth > next && workers.length > 1; nth--) {
      const worker = workers.pop()!;
      workers[0]!.queue += worker.queue;
      if (parks > 0) parked.push({ worker, until: at + parks });
    }
  }
  const hours = seconds / 3600;
  return { ...run, slow: run.slow / Math.max(1, requests), changes: run.changes / hours, flips: run.flips / hours };
}

/** Connections move, and with them what their clients wait for. */
function level(workers: readonly Worker[]): void {
  const mean = workers.reduce((sum, { queue }) => sum + queue, 0) / workers.length;
  for (const worker of workers) worker.queue += (mean - worker.queue) * LEVELLED_PER_S * STEP_S;
}

function poisson(random: Random, mean: number): number {
  if (mean > 30) {
    const normal = Math.sqrt(-2 * Math.log(random.next() + 1e-12)) * Math.cos(2 * Math.PI * random.next());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.next(); product > limit; product *= random.next()) count++;
  return count;
}
