import { cgroups, readIfThere, type Cgroup, type ReadFile } from './cgroup.ts';
import type { Settings } from '../types.ts';

const MB = 1024 * 1024;

/** What the primary itself takes, with room for the kernel's own bookkeeping of its sockets. */
const PRIMARY = 64 * MB;

/** The lowest `maxMemory` there is: below it, workers would be replaced as soon as they are ready. */
const LEAST = 32 * MB;

/** cgroup v1 says "none" as the highest number of pages, in bytes; nobody has an exbibyte. */
const NONE = 2 ** 60;

/** The memory limit of this process's cgroup and those around it, in bytes, the least wins; undefined without one. */
export function memoryLimit(read: ReadFile = readIfThere): number | undefined {
  const least = Math.min(...cgroups('memory', read).map((group) => limitOf(read, group)));
  return least < NONE ? least : undefined;
}

/** memory.max is bytes, or `max` for none; an empty or missing file is none too. */
function limitOf(read: ReadFile, { version, path }: Cgroup): number {
  const text = read(`${path}/${version === 2 ? 'memory.max' : 'memory.limit_in_bytes'}`)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : Infinity;
}

/** The limit in force for each worker, in bytes, 0 for none; and where it was lowered, why, for the log. */
export interface FittedMemory {
  readonly maxMemory: number;
  readonly lowered: string | undefined;
}

type MemorySettings = Pick<Settings, 'maxMemory' | 'workers' | 'spares' | 'maxSurge'>;

/**
 * Lowers `maxMemory` to what all workers, the spares and those that a reload boots beside them may have at the same time
 * within the cgroup's limit. The kernel's killer is no replacement for a planned one: it takes any worker, in the middle of
 * its requests.
 */
export function fitMemory(settings: MemorySettings, limit: number | undefined): FittedMemory {
  const { maxMemory, workers, spares, maxSurge } = settings;
  if (maxMemory === 0 || limit === undefined) return { maxMemory, lowered: undefined };
  const processes = workers + spares + maxSurge;
  const share = Math.floor((limit - PRIMARY) / processes / MB) * MB;
  if (share >= maxMemory) return { maxMemory, lowered: undefined };
  const fitted = Math.min(maxMemory, Math.max(share, LEAST));
  return { maxMemory: fitted, lowered: whyLowered(settings, fitted, limit, share < LEAST) };
}

function whyLowered(
  { maxMemory, workers, spares, maxSurge }: MemorySettings,
  fitted: number,
  limit: number,
  isTooSmall: boolean,
): string {
  const parts = [`${workers} workers`, ...(spares === 0 ? [] : [`${spares} spares`]), `${maxSurge} more in a reload`];
  const cause = `${parts.join(', ')} of ${inMb(maxMemory)} do not fit in the cgroup's ${inMb(limit)}`;
  return isTooSmall
    ? `${cause}, nor do they at ${inMb(LEAST)}, the least that makes sense: run fewer workers, or raise the cgroup's limit`
    : `${cause}; ${inMb(fitted)} do`;
}

function inMb(bytes: number): string {
  return `${Math.floor(bytes / MB)}mb`;
}
