/** How often the kernel's memory killer ended a process of this cgroup. */
import { cgroups, readIfThere, type ReadFile } from '../../options/machine/cgroup.ts';

/** A count from before the exit that is to be explained, and the one of now. */
export interface OomKills {
  readonly before: number;
  readonly after: number;
}

/**
 * How long a kill counts as the cause of exits, ms: the killer takes several workers at once, and their exits come one
 * after another.
 */
const RECENT = 2000;

const counters = { 1: 'memory.oom_control', 2: 'memory.events' } as const;

/**
 * Remembers the counter of this process's cgroup. Each look reads one file of the kernel's, some 10 µs; look from time to
 * time also without an exit, lest a kill of long ago, of a process that a worker had started, explains the next one.
 */
export class OomCounter {
  readonly #read: ReadFile;
  readonly #file: string | undefined;
  #last: number;
  #previous: number;
  #changedAt = -Infinity;

  constructor(read: ReadFile = readIfThere) {
    this.#read = read;
    const files = cgroups('memory', read).map(({ version, path }) => `${path}/${counters[version]}`);
    // Its own group's, or the nearest that is there: what counts in a group counts in those around it.
    this.#file = files.find((file) => this.#count(file) !== undefined);
    this.#last = this.#count(this.#file) ?? 0;
    this.#previous = this.#last;
  }

  /** @param now ms, of any clock that does not jump. Undefined where nothing counts. */
  look(now: number): OomKills | undefined {
    const count = this.#count(this.#file);
    if (count === undefined) return undefined;
    const isRecent = now - this.#changedAt <= RECENT;
    if (!isRecent) this.#previous = this.#last;
    if (count !== this.#last) this.#changedAt = now;
    this.#last = count;
    return { before: this.#previous, after: count };
  }

  /** Both files have a line `oom_kill 3`; of cgroup v1's only from Linux 4.13 on. */
  #count(file: string | undefined): number | undefined {
    if (file === undefined) return undefined;
    const count = /^oom_kill (\d+)$/m.exec(this.#read(file) ?? '')?.[1];
    return count === undefined ? undefined : Number(count);
  }
}
