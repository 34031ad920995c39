/** The process that runs several applications (src/cli/apps), as each of their primaries knows it. */
import { readFileSync } from 'node:fs';
import { parseStat } from '../../contract/process-stat.ts';

/** The variable that tells a primary its parent, as `<pid>:<start time>`. */
export const APPS_PARENT = 'PREFORK_APPS_PARENT';

const POLL_MS = 500;

/** Describes this process for `AppsParent`. */
export function asAppsParent(): string {
  return `${process.pid}:${startOf(process.pid)}`;
}

/**
 * The parent, if this primary has one. A primary runs in a session of its own there, and one that an upgrade has made is no
 * child of the parent. So it looks by itself whether the parent lives. Owns the timer of that, which `close` stops.
 */
export class AppsParent {
  /** The variable for a next primary. */
  readonly env: NodeJS.ProcessEnv;
  readonly #timer: NodeJS.Timeout | undefined;

  /**
   * Reads the variable, and removes it from the environment of the workers.
   *
   * @param gone is called once, when the parent has ended.
   */
  constructor(env: NodeJS.ProcessEnv, gone: () => void) {
    const { [APPS_PARENT]: given } = env;
    delete env[APPS_PARENT];
    this.env = given === undefined ? {} : { [APPS_PARENT]: given };
    const [, pid, start] = /^(\d{1,10}):(\d*)$/.exec(given ?? '') ?? [];
    if (pid === undefined) return;
    this.#timer = setInterval(() => {
      if (isThere(Number(pid), start!)) return;
      this.close();
      gone();
    }, POLL_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

function isThere(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A parent that stays root may not be signalled by a server with --user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return start === '' || startOf(pid) === start;
}

/** Returns when the process was started, in the kernel's ticks, or nothing where there is no /proc. */
function startOf(pid: number): string {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.startedAt ?? '';
  } catch {
    return '';
  }
}
