import { readFileSync } from 'node:fs';

/**
 * The kernel's interface counts in USER_HZ, whatever its own tick is. USER_HZ is 100 on every architecture that Node
 * supports.
 */
const TICK_MS = 10;

/**
 * Reads the CPU time in ms that each process has used in its life, by pid. The map lacks a process whose time is not
 * known: where there is no /proc, and in another container, where the pid is another process.
 *
 * @param parent the pid of the process whose children they are.
 */
export function cpuTimes(pids: readonly number[], parent: number): Map<number, number> {
  if (process.platform !== 'linux') return new Map();
  const times = new Map<number, number>();
  for (const pid of pids) {
    const time = timeOf(pid, parent);
    if (time !== undefined) times.set(pid, time);
  }
  return times;
}

function timeOf(pid: number, parent: number): number | undefined {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return stat.parent === parent ? stat.time : undefined;
  } catch {
    // The process has ended.
    return undefined;
  }
}

/**
 * Parses a line as proc(5) has it: pid, (name), state, parent, ..., utime 14th, stime 15th. The name may contain
 * anything, even brackets.
 */
export function parseStat(text: string): { parent: number; time: number } {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), time: (Number(fields[11]) + Number(fields[12])) * TICK_MS };
}
