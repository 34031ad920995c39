import { parseStat } from '../../contract/process-stat.ts';
import { readIfThere, type ReadFile } from '../../options/machine/cgroup.ts';
import type { Row } from '../../scoreboard/layout.ts';

/** The time between two readings of one process. A reading opens two files of /proc, which takes some 40 µs. */
const PERIOD_MS = 1000;

/** What the kernel says of a process: its resident memory now and at its largest, in bytes, and the CPU time that it has used, ms. */
export type Seen = Pick<Row, 'rss' | 'cpu'> & { readonly peak: number };

interface Reading {
  readonly at: number;
  readonly seen: Seen | undefined;
}

/**
 * What the kernel says of workers. A worker could write any numbers into its row, and autoscaling and the judge of a canary
 * decide by them. Owns nothing but the last readings.
 */
export class KernelFigures {
  readonly #read: ReadFile;
  readonly #parent: number;
  readonly #readings = new Map<number, Reading>();

  /** @param parent only children of this process are looked at. */
  constructor(read: ReadFile = readIfThere, parent: number = process.pid) {
    this.#read = read;
    this.#parent = parent;
  }

  /**
   * Returns what is known of a process, which may be a second old.
   *
   * @param now monotonic, ms.
   * @returns undefined where there is no /proc, or it hides the process. Then there is nothing but the worker's word.
   */
  of(pid: number, now: number): Seen | undefined {
    const last = this.#readings.get(pid);
    if (last !== undefined && now - last.at < PERIOD_MS) return last.seen;
    // A process that has ended had what was seen last.
    const seen = this.#look(pid) ?? last?.seen;
    this.#readings.set(pid, { at: now, seen });
    return seen;
  }

  gone(pid: number): void {
    this.#readings.delete(pid);
  }

  #look(pid: number): Seen | undefined {
    const stat = parseStat(this.#read(`/proc/${pid}/stat`) ?? '');
    if (stat?.parent !== this.#parent) return undefined;
    const status = this.#read(`/proc/${pid}/status`) ?? '';
    const rss = bytesOf('VmRSS', status);
    return rss === undefined ? undefined : { rss, peak: bytesOf('VmHWM', status) ?? rss, cpu: stat.cpu };
  }
}

function bytesOf(name: 'VmRSS' | 'VmHWM', status: string): number | undefined {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
