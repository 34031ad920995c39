/** Processes that are not our children, whose end nobody announces. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** How often is looked, ms. */
const POLL = 20;

export async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await delay(POLL);
}

/** Whether the pid is a process that is not yet dead. A zombie is: in a container nobody may ever bury it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is another user's, since prefork was given one for its workers.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return stateOf(pid) !== 'Z';
}

export function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/** proc(5); undefined where there is no /proc. It stands after the command's name, which may hold anything. */
function stateOf(pid: number): string | undefined {
  try {
    return /^\d+ \(.*\) (\w)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
