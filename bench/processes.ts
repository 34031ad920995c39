/** The processes of a system, as the kernel lists them in /proc. */

import { readdirSync, readFileSync } from 'node:fs';

/** One line of /proc/<pid>/stat, the fields that are wanted here. Times in clock ticks (10 ms on every Linux). */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** When it started: tells a process from a later one with the same pid. */
  readonly started: number;
  /** Its own CPU time: user and system, all threads. */
  readonly ticks: number;
  /** The CPU time of the children that it has waited for, and of theirs. */
  readonly childTicks: number;
}

/** Undefined when the process is gone. */
export function readProcess(pid: number): Process | undefined {
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name is in parentheses and may hold blanks and parentheses itself; what follows the last one is regular.
  const fields = line
    .slice(line.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  // proc(5) numbers the fields from 1, and the first one here is its third.
  const field = (number: number): number => fields[number - 3] ?? 0;
  return {
    pid,
    parent: field(4),
    session: field(6),
    started: field(22),
    ticks: field(14) + field(15),
    childTicks: field(16) + field(17),
  };
}

function everyProcess(): Process[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => readProcess(Number(pid))).filter((process) => process !== undefined);
}

/**
 * The processes that descend from one of the roots, or are in a session that one of them leads: a worker whose parent
 * died is then still counted. The roots first, then in the order of their start.
 */
export function tree(roots: readonly number[]): Process[] {
  const all = everyProcess();
  const members = new Set(roots);
  for (let before = -1; before !== members.size;) {
    before = members.size;
    for (const { pid, parent, session } of all) if (members.has(parent) || roots.includes(session)) members.add(pid);
  }
  const rank = (process: Process): number => (roots.includes(process.pid) ? 0 : 1);
  return all
    .filter(({ pid }) => members.has(pid))
    .toSorted((a, b) => rank(a) - rank(b) || a.started - b.started || a.pid - b.pid);
}

export function childrenOf(pid: number): number[] {
  return everyProcess()
    .filter((process) => process.parent === pid)
    .map((process) => process.pid);
}

/** The processes that were started with this in their environment, wherever they went since. */
export function marked(variable: string): number[] {
  return everyProcess()
    .map(({ pid }) => pid)
    .filter((pid) => {
      try {
        return pid !== process.pid && readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(variable);
      } catch {
        return false;
      }
    });
}
