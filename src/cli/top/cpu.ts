import { readFileSync } from 'node:fs';
import { parseStat } from '../../contract/process-stat.ts';

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
    return stat?.parent === parent ? stat.cpu : undefined;
  } catch {
    // The process has ended.
    return undefined;
  }
}
