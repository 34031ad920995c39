/** What a system cost, from the kernel's accounts: CPU time and memory of all of its processes. */

import { readdirSync, readFileSync } from 'node:fs';
import { type Process, readProcess, tree } from './processes.ts';

/** USER_HZ, what /proc counts in; 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU time, seconds. */
export interface Cpu {
  readonly tree: number;
  /** Of the supervising process alone. */
  readonly supervisor: number;
  /** Of the whole machine, whoever used it, with what the hypervisor took away. */
  readonly machine: number;
  /** Of this bench and its children that ended: the load generator. */
  readonly bench: number;
}

/**
 * All of the tree's CPU time: of those that live, and, through the parent that waited for them, of those that ended.
 * Nothing is counted twice: the account of a child moves to its parent's `childTicks` when it is gone.
 */
export function readCpu(roots: readonly number[]): Cpu {
  const members = tree(roots);
  const total = (process: Process): number => process.ticks + process.childTicks;
  const [supervisor] = members;
  const self = readProcess(process.pid);
  // cpu user nice system idle iowait irq softirq steal: all but idle and iowait. (guest is within user.)
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = readFileSync('/proc/stat', 'latin1')
    .split('\n')[0]!
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return {
    tree: members.reduce((sum, process) => sum + total(process), 0) / TICKS_PER_SECOND,
    supervisor: (supervisor?.ticks ?? 0) / TICKS_PER_SECOND,
    machine: (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND,
    bench: (self === undefined ? 0 : total(self)) / TICKS_PER_SECOND,
  };
}

export interface CpuUsed extends Cpu {
  /** Seconds of CPU that neither the system nor the bench used: other programs, or the hypervisor. */
  readonly others: number;
}

export function cpuBetween(before: Cpu, after: Cpu): CpuUsed {
  const used = {
    tree: after.tree - before.tree,
    supervisor: after.supervisor - before.supervisor,
    machine: after.machine - before.machine,
    bench: after.bench - before.bench,
  };
  return { ...used, others: Math.max(0, used.machine - used.tree - used.bench) };
}

/**
 * The CPU time of each process of the tree, ms, to the nanosecond: the scheduler's own account of its threads. For what
 * needs less than a tick; threads and processes that end in between are not in it.
 */
export function readFineCpu(roots: readonly number[]): Map<number, number> {
  return new Map(tree(roots).map(({ pid }) => [pid, fineCpu(pid)]));
}

function fineCpu(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const nanoseconds = threads.map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]),
    );
    return nanoseconds.reduce((sum, time) => sum + time, 0) / 1e6;
  } catch {
    return NaN;
  }
}

export interface Memory {
  /** Proportional set size of the tree, MB: a page that n processes map counts 1/n for each. */
  readonly pss: number;
  /** Resident size of the supervising process alone, MB. */
  readonly supervisorRss: number;
  readonly processes: number;
}

const field = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);

function rollup(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  } catch {
    return '';
  }
}

/**
 * Walking a process's pages takes the kernel milliseconds, on this process's account but on the same cores: never done
 * while something is being timed.
 */
export function readMemory(roots: readonly number[]): Memory {
  const rollups = tree(roots).map(({ pid }) => rollup(pid));
  const megabytes = (kilobytes: number): number => kilobytes / 1024;
  return {
    pss: megabytes(rollups.reduce((sum, text) => sum + field(text, 'Pss'), 0)),
    supervisorRss: megabytes(field(rollups[0] ?? '', 'Rss')),
    processes: rollups.length,
  };
}

/** The highest memory seen while something goes on. */
export async function peakMemory(roots: readonly number[], during: Promise<unknown>, everyMs: number): Promise<Memory> {
  let peak = readMemory(roots);
  const timer = setInterval(() => {
    const now = readMemory(roots);
    if (now.pss > peak.pss) peak = now;
  }, everyMs);
  try {
    await during;
  } finally {
    clearInterval(timer);
  }
  return peak;
}
