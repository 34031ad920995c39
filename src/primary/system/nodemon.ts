import { readFileSync } from 'node:fs';
import { parseStat } from '../../contract/process-stat.ts';

/** What the log says to a person who has started the server by nodemon. */
export const NODEMON =
  'its SIGUSR2 means a stop here, and not an upgrade, which would outlive it; --watch reloads without it, and keeps connections';

/** How far above this process nodemon may be: it starts a shell, and that may start npm. */
const MOST_PARENTS = 4;

/** Tells by /proc whether nodemon is among the parents. Nodemon is not found where there is no /proc. */
export function isBelowNodemon(): boolean {
  let pid = process.ppid;
  for (let height = 0; height < MOST_PARENTS && pid > 1; height++) {
    try {
      const [, script = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (/(?:^|\/)nodemon(?:\.js)?$/.test(script)) return true;
      pid = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.parent ?? 0;
    } catch {
      return false;
    }
  }
  return false;
}
