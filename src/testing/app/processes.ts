/** Observes processes that are not our children, so that no event announces their end. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseStat } from '../../contract/process-stat.ts';
import { systemCode } from '../../contract/system-code.ts';

/** How often a process is checked. */
const POLL_MS = 20;

export async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await delay(POLL_MS);
}

/**
 * Tells whether the pid is a process that is not yet dead. A zombie counts as dead, because in a container it may never
 * be reaped.
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM means that the process belongs to another user, which prefork was given for its workers.
    return systemCode(error) === 'EPERM';
  }
  return stateOf(pid) !== 'Z';
}

export function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended meanwhile.
  }
}

/** Reads the state of a process; undefined where there is no /proc. */
function stateOf(pid: number): string | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.state;
  } catch {
    return undefined;
  }
}
