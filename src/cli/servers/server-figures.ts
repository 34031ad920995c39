import { dirname } from 'node:path';
import type { Status } from '../../control/controls.ts';
import { roster } from '../top/roster.ts';

/** What the list tells of a server. It is small, because another user's server can send a status of megabytes. */
export interface ServerFigures {
  readonly pid: number;
  /** The directory of the program, or the server's working directory where an older server does not tell its program. */
  readonly directory: string;
  readonly addresses: readonly string[];
  /** The operation that runs now, or else the phase. */
  readonly state: string;
  readonly generation: number;
  readonly workers: Status['workers'];
  /** The resident memory of all workers in bytes. */
  readonly memory: number;
  /** ms. */
  readonly uptime: number;
  readonly prefork: string;
}

/** The length of a text that another process has chosen, in characters. */
const LONGEST_TEXT = 200;

const MOST_ADDRESSES = 20;

export function figuresOf(status: Status): ServerFigures {
  const { pid, generation, workers, uptime, prefork, phase, operation } = status;
  return {
    pid,
    generation,
    uptime,
    workers: { wanted: workers.wanted, serving: workers.serving },
    directory: cut(directoryOf(status)),
    addresses: status.addresses.slice(0, MOST_ADDRESSES).map(cut),
    state: cut(operation ?? phase),
    memory: roster(status).reduce((sum, { worker }) => sum + (worker?.vitals?.rss ?? 0), 0),
    prefork: cut(prefork),
  };
}

function directoryOf({ entry, directory }: Partial<Pick<Status, 'entry' | 'directory'>>): string {
  return entry === undefined || entry === '' ? (directory ?? '') : dirname(entry);
}

function cut(text: string): string {
  // A copy, since a slice would keep the whole text.
  return text.length <= LONGEST_TEXT ? text : `${Buffer.from(text.slice(0, LONGEST_TEXT)).toString()}…`;
}
