import { cgroups, readIfThere, type Cgroup, type ReadFile } from './cgroup.ts';
import type { Settings } from '../types.ts';

const MB = 1024 * 1024;

/** The memory of the primary, with room for what the kernel keeps for its sockets. */
const PRIMARY_BYTES = 64 * MB;

/** The lowest `maxMemory` there is. Below it, workers would be replaced as soon as they are ready. */
const LEAST_BYTES = 32 * MB;

/** cgroup v1 expresses "no limit" as the highest number of pages, in bytes. No machine has an exbibyte. */
const NO_LIMIT_BYTES = 2 ** 60;

/** Returns the smallest memory limit of this process's cgroup and those around it, in bytes; undefined without one. */
export function memoryLimit(read: ReadFile = readIfThere): number | undefined {
  const least = Math.min(...cgroups('memory', read).map((group) => limitOf(read, group)));
  return least < NO_LIMIT_BYTES ? least : undefined;
}

/** memory.max holds bytes, or `max` for no limit. An empty or missing file means no limit too. */
function limitOf(read: ReadFile, { version, path }: Cgroup): number {
  const text = read(`${path}/${version === 2 ? 'memory.max' : 'memory.limit_in_bytes'}`)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : Infinity;
}

/** The limit in force for each worker, in bytes, 0 for none. `lowered` says for the log why it was lowered. */
export interface FittedMemory {
  readonly maxMemory: number;
  readonly lowered: string | undefined;
}

type MemorySettings = Pick<Settings, 'maxMemory' | 'workers' | 'spares' | 'maxSurge'>;

/**
 * Lowers `maxMemory` so that all workers, the spares and those that a reload boots beside them fit into the cgroup's
 * limit at the same time. The kernel's OOM killer is no substitute: it takes any worker, in the middle of its requests.
 */
export function fitMemory(settings: MemorySettings, limit: number | undefined): FittedMemory {
  const { maxMemory, workers, spares, maxSurge } = settings;
  if (maxMemory === 0 || limit === undefined) return { maxMemory, lowered: undefined };
  const processes = workers + spares + maxSurge;
  const share = Math.floor((limit - PRIMARY_BYTES) / processes / MB) * MB;
  if (share >= maxMemory) return { maxMemory, lowered: undefined };
  const fitted = Math.min(maxMemory, Math.max(share, LEAST_BYTES));
  return { maxMemory: fitted, lowered: whyLowered(settings, fitted, limit, share < LEAST_BYTES) };
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
    ? `${cause}, nor do they at ${inMb(LEAST_BYTES)}, the least that makes sense: run fewer workers, or raise the cgroup's limit`
    : `${cause}; ${inMb(fitted)} do`;
}

function inMb(bytes: number): string {
  return `${Math.floor(bytes / MB)}mb`;
}
