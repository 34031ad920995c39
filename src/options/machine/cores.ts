import os from 'node:os';
import { cgroups, readIfThere, type Cgroup, type ReadFile } from './cgroup.ts';

/**
 * Counts the cores that this process may use: those of its CPU affinity, limited by the CPU quota of its cgroup. The
 * quota is rounded up, because a quota of 1.5 keeps two workers busier than one.
 *
 * @returns at least 1.
 */
export function availableCores(read: ReadFile = readIfThere, parallelism: number = os.availableParallelism()): number {
  const cores = affinity(read) ?? parallelism;
  return Math.max(1, Math.min(cores, Math.ceil(cpuQuota(read))));
}

/**
 * Counts the CPUs that the scheduler may put this process on; undefined where the kernel does not say.
 *
 * os.availableParallelism() counts these too. From Node 22.12 on it also includes the quota, rounded down. In some
 * versions it multiplies by the cgroup's CPU weight (libuv 1.49), so that a Kubernetes pod with a small request counts
 * 1.
 */
function affinity(read: ReadFile): number | undefined {
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(read('/proc/self/status') ?? '')?.[1];
  const online = read('/sys/devices/system/cpu/online');
  if (allowed === undefined || online === undefined) return undefined;
  // The allowed CPUs include some that are not there.
  const present = cpuSet(online);
  const count = cpuSet(allowed).filter((cpu) => present.includes(cpu)).length;
  return count === 0 ? undefined : count;
}

/** Parses the kernel's list format, such as `0-3,8`. */
function cpuSet(list: string): number[] {
  return list
    .trim()
    .split(',')
    .flatMap((range) => {
      const [first = NaN, last = first] = range.split('-').map(Number);
      return Array.from({ length: Math.max(0, last - first + 1) || 0 }, (_, index) => first + index);
    });
}

/** Returns the smallest quota of this process's cgroup and those around it, in cores; infinite without one. */
export function cpuQuota(read: ReadFile = readIfThere): number {
  return Math.min(...cgroups('cpu', read).map((group) => quotaOf(read, group)));
}

function quotaOf(read: ReadFile, { version, path }: Cgroup): number {
  return version === 2 ? quotaV2(read, path) : quotaV1(read, path);
}

/** cpu.max holds `200000 100000`, or `max 100000` for no quota. */
function quotaV2(read: ReadFile, group: string): number {
  const [quota, period] = (read(`${group}/cpu.max`) ?? '').split(' ');
  return share(quota, period);
}

/** cpu.cfs_quota_us is -1 for no quota. */
function quotaV1(read: ReadFile, group: string): number {
  return share(read(`${group}/cpu.cfs_quota_us`), read(`${group}/cpu.cfs_period_us`));
}

function share(quota: string | undefined, period: string | undefined): number {
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : Infinity;
}
