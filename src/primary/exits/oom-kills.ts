/** Counts how often the kernel's OOM killer ended a process of this cgroup. */
import { cgroups, readIfThere, type ReadFile } from '../../options/machine/cgroup.ts';

/** The count from before the exit that is to be explained, and the present one. */
export interface OomKills {
  readonly before: number;
  readonly after: number;
}

/**
 * How long a kill counts as the cause of exits. The killer takes several workers at once, and their exits arrive one
 * after another.
 */
const RECENT_MS = 2000;

const counters = { 1: 'memory.oom_control', 2: 'memory.events' } as const;

/**
 * Remembers the counter of this process's cgroup. Each look reads one file of the kernel in some 10 µs. The caller
 * should look from time to time even without an exit. Otherwise an old kill, of a process that a worker had started,
 * would explain the next exit.
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
    // The file is that of the process's own group, or the nearest that exists: a kill in a group also counts in the
    // groups around it.
    this.#file = files.find((file) => this.#count(file) !== undefined);
    this.#last = this.#count(this.#file) ?? 0;
    this.#previous = this.#last;
  }

  /**
   * Reads the counter. The result is undefined where no counter exists.
   *
   * @param now the time in ms, on any clock that does not jump.
   */
  look(now: number): OomKills | undefined {
    const count = this.#count(this.#file);
    if (count === undefined) return undefined;
    const isRecent = now - this.#changedAt <= RECENT_MS;
    if (!isRecent) this.#previous = this.#last;
    if (count !== this.#last) this.#changedAt = now;
    this.#last = count;
    return { before: this.#previous, after: count };
  }

  /** Both files have a line such as `oom_kill 3`. cgroup v1 has it from Linux 4.13 on. */
  #count(file: string | undefined): number | undefined {
    if (file === undefined) return undefined;
    const count = /^oom_kill (\d+)$/m.exec(this.#read(file) ?? '')?.[1];
    return count === undefined ? undefined : Number(count);
  }
}
