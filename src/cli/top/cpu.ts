import { readFileSync } from 'node:fs';

/** Of the kernel's interface, whatever its own tick is: USER_HZ is 100 on every architecture that Node runs on. */
const TICK = 10;

/**
 * CPU time that processes have used in their lives, ms, by pid. Without those of which it is not known: where there is no
 * /proc, and in another container, where the pid is another process.
 *
 * @param parent whose children they are.
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
    // It has ended.
    return undefined;
  }
}

/** proc(5): pid, (name), state, parent, ..., utime 14th, stime 15th. The name may hold anything, also brackets. */
export function parseStat(text: string): { parent: number; time: number } {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), time: (Number(fields[11]) + Number(fields[12])) * TICK };
}
