import { readFileSync } from 'node:fs';
import { parseStat, type ProcessStat } from '../contract/process-stat.ts';

/** Programs that live on when what they have started ends. */
const LASTING = /^(?:systemd|init|runit|s6-svscan|supervisord|openrc-init)$/;

/** Shells, and the programs that run a script of package.json: they wait for what they have started, and end with it. */
const WAITING = /^(?:sh|bash|dash|ash|npm.*|pnpm.*|yarn.*)$/;

/** How far below process 1 the primary may be: npm starts a shell. */
const MOST_PARENTS = 4;

/** What a container starts begins at once. The unit is that of /proc, a hundredth of a second. */
const AT_ONCE = 200;

/** What has to be known of a process. */
export type ProcessFacts = Pick<ProcessStat, 'name' | 'parent' | 'startedAt'>;

/**
 * Returns the name of process 1 where it ends with this process, as the init of a container does (tini, `docker run --init`). So do a
 * shell and npm that a container was started with.
 *
 * @returns undefined where it lives on, or nothing can be told
 */
export function waitingInit(
  own: number = process.pid,
  factsOf: (pid: number) => ProcessFacts | undefined = readFacts,
): string | undefined {
  const init = factsOf(1);
  if (own === 1 || init === undefined || LASTING.test(init.name)) return undefined;
  let child = factsOf(own);
  for (let height = 0; height < MOST_PARENTS && child !== undefined && child.parent !== 1; height++) {
    child = factsOf(child.parent);
    if (child === undefined || !WAITING.test(child.name)) return undefined;
  }
  // Process 1 also gets the orphans, and does not end with them. It has started what it waits for before anything else.
  const isFirst = child?.parent === 1 && Number(child.startedAt) - Number(init.startedAt) < AT_ONCE;
  return isFirst ? init.name : undefined;
}

function readFacts(pid: number): ProcessFacts | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}
