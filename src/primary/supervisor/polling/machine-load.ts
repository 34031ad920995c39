import { parseStat } from '../../../contract/process-stat.ts';
import { cgroups, readIfThere, type Cgroup, type ReadFile } from '../../../options/machine/cgroup.ts';
import { availableCores } from '../../../options/machine/cores.ts';
import { memoryLimit } from '../../../options/machine/memory.ts';

/** The time between two readings. A reading opens some files of /proc and /sys. */
const PERIOD_MS = 1000;

/** The kernel is believed to throttle for this long after it did. */
const THROTTLED_MS = 3000;

/** What autoscaling has to know of the machine. */
export interface MachineState {
  /** The cores that the processes need, whether they have them or not; undefined until there are two readings, and where /proc is missing. */
  readonly cpu: number | undefined;
  readonly isThrottled: boolean;
  /** The memory limit of the cgroup, bytes; undefined without one. */
  readonly memory: number | undefined;
  readonly cores: number;
}

/** Reads the state of the machine, at most once a second. Owns nothing. */
export class MachineLoad {
  readonly #read: ReadFile;
  #state: MachineState | undefined;
  #readAt = -Infinity;
  #times = new Map<number, number>();
  #throttled: number | undefined;
  #throttledAt = -Infinity;

  constructor(read: ReadFile = readIfThere) {
    this.#read = read;
  }

  /**
   * Returns the state, which may be a second old.
   *
   * @param pids of the processes whose CPU time counts.
   * @param now monotonic, ms.
   */
  look(pids: readonly number[], now: number): MachineState {
    if (this.#state !== undefined && now - this.#readAt < PERIOD_MS) return this.#state;
    const throttled = throttledPeriods(this.#read);
    if (this.#throttled !== undefined && throttled > this.#throttled) this.#throttledAt = now;
    this.#throttled = throttled;
    this.#state = {
      cpu: this.#cpu(pids, now - this.#readAt),
      isThrottled: now - this.#throttledAt < THROTTLED_MS,
      memory: memoryLimit(this.#read),
      cores: availableCores(this.#read),
    };
    this.#readAt = now;
    return this.#state;
  }

  /** Returns the cores in use by the processes that were there at the last reading too. */
  #cpu(pids: readonly number[], elapsed: number): number | undefined {
    const before = this.#times;
    const now = new Map<number, number>();
    for (const pid of pids) {
      const time = timeOf(this.#read, pid);
      if (time !== undefined) now.set(pid, time);
    }
    this.#times = now;
    const used = [...now].flatMap(([pid, time]) => (before.has(pid) ? [time - before.get(pid)!] : []));
    return used.length === 0 ? undefined : used.reduce((sum, time) => sum + time, 0) / elapsed;
  }
}

/** Returns how often the kernel has kept the cgroup, or one around it, from running for the rest of a period. */
function throttledPeriods(read: ReadFile): number {
  return cgroups('cpu', read).reduce((sum, group) => sum + throttledIn(read, group), 0);
}

function throttledIn(read: ReadFile, { path }: Cgroup): number {
  // Both versions name the file, and the line, alike.
  return Number(/^nr_throttled (\d+)$/m.exec(read(`${path}/cpu.stat`) ?? '')?.[1] ?? 0);
}

/**
 * Reads how long the main thread of a process has needed a core, ms: the time that it ran, and the time that it waited for
 * a core which others used. The second matters on a machine that others use too, where it would look like blocking.
 */
function timeOf(read: ReadFile, pid: number): number | undefined {
  const [ran, waited] = (read(`/proc/${pid}/schedstat`) ?? '').split(' ').map(Number);
  if (ran !== undefined && waited !== undefined && ran + waited > 0) return (ran + waited) / 1e6;
  return parseStat(read(`/proc/${pid}/stat`) ?? '')?.cpu;
}
