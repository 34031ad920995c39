/** Observes processes that are not our children, so that no event announces their end. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
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

/**
 * Reads the state as in proc(5); undefined where there is no /proc. The state stands after the command's name, which
 * may contain anything.
 */
function stateOf(pid: number): string | undefined {
  try {
    return /^\d+ \(.*\) (\w)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
