import { readFileSync } from 'node:fs';
import type { FleetEvent } from '../fleet/events.ts';

export const NODEMON =
  'its SIGUSR2 means a stop here, and not an upgrade, which would outlive it; --watch reloads without it, and keeps connections';

/** How far above this process nodemon may be: it starts a shell, and that may start npm. */
const MOST_PARENTS = 4;

/**
 * nodemon ends a server by SIGUSR2, which otherwise upgrades the primary: the next one would serve on beside the one that
 * nodemon starts.
 */
export class Nodemon {
  readonly isThere: boolean;
  readonly #idle: number;

  /** @param gracePeriod the shutdown grace period in ms. */
  constructor(gracePeriod: number, isThere: boolean = isAbove(process.ppid)) {
    this.isThere = isThere;
    this.#idle = Math.min(1000, gracePeriod / 2);
  }

  /** Returns what a signal means: a stop instead of an upgrade where nodemon has started this process. */
  meaning(event: FleetEvent): FleetEvent {
    const isUpgrade = event.type === 'operate' && event.kind === 'upgrade';
    return this.isThere && isUpgrade ? { type: 'stop', signal: 'SIGUSR2', idle: this.#idle } : event;
  }
}

/** Tells by /proc whether nodemon is among the parents. Where there is no /proc it is not found. */
function isAbove(parent: number): boolean {
  let pid = parent;
  for (let height = 0; height < MOST_PARENTS && pid > 1; height++) {
    try {
      const [, script = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (/(?:^|\/)nodemon(?:\.js)?$/.test(script)) return true;
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The fields stand after the command's name, which is in brackets and may contain anything (proc(5)).
      pid = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
    } catch {
      return false;
    }
  }
  return false;
}
