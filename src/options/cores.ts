import { readFileSync } from 'node:fs';
import os from 'node:os';
import { posix } from 'node:path';

/** Reads a file of /proc or /sys; undefined when it is not there. */
export type ReadFile = (path: string) => string | undefined;

/**
 * The cores that this process may use: those of its CPU affinity, but no more than the CPU quota of its cgroup allows,
 * rounded up, since a quota of 1.5 keeps two workers busier than one.
 *
 * @returns at least 1.
 */
export function availableCores(read: ReadFile = readIfThere, parallelism: number = os.availableParallelism()): number {
  const cores = affinity(read) ?? parallelism;
  return Math.max(1, Math.min(cores, Math.ceil(cpuQuota(read))));
}

/**
 * How many CPUs the scheduler may put this process on; undefined where the kernel does not say.
 *
 * os.availableParallelism() is this too, but from Node 22.12 on with the quota in it, rounded down, and in some versions
 * multiplied by the cgroup's CPU weight (libuv 1.49: a Kubernetes pod with a small request counts 1).
 */
function affinity(read: ReadFile): number | undefined {
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(read('/proc/self/status') ?? '')?.[1];
  const online = read('/sys/devices/system/cpu/online');
  if (allowed === undefined || online === undefined) return undefined;
  // What is allowed includes CPUs that are not there.
  const present = cpuSet(online);
  const count = cpuSet(allowed).filter((cpu) => present.includes(cpu)).length;
  return count === 0 ? undefined : count;
}

/** Reads the kernel's `0-3,8`. */
function cpuSet(list: string): number[] {
  return list
    .trim()
    .split(',')
    .flatMap((range) => {
      const [first = NaN, last = first] = range.split('-').map(Number);
      return Array.from({ length: Math.max(0, last - first + 1) || 0 }, (_, index) => first + index);
    });
}

/** The least quota of this process's cgroup and those around it, in cores; infinite without one. */
function cpuQuota(read: ReadFile): number {
  const quotas = (read('/proc/self/cgroup') ?? '').split('\n').flatMap((line) => {
    // hierarchy:controllers:path, see cgroups(7); hierarchy 0 is cgroup v2.
    const [, hierarchy, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (hierarchy === '0') return ancestry(path).map((group) => quotaV2(read, `/sys/fs/cgroup${group}`));
    if (!controllers!.split(',').includes('cpu')) return [];
    return ancestry(path).map((group) => quotaV1(read, `/sys/fs/cgroup/cpu${group}`));
  });
  return Math.min(...quotas);
}

/**
 * The group and all around it. A container that sees its cgroup under the host's name finds its own at the root, where
 * the others do not exist for it.
 */
function ancestry(path: string): string[] {
  return path === '/' ? [''] : [path, ...ancestry(posix.dirname(path))];
}

/** cpu.max: `200000 100000`, or `max 100000` for none. */
function quotaV2(read: ReadFile, group: string): number {
  const [quota, period] = (read(`${group}/cpu.max`) ?? '').split(' ');
  return share(quota, period);
}

/** cpu.cfs_quota_us is -1 for none. */
function quotaV1(read: ReadFile, group: string): number {
  return share(read(`${group}/cpu.cfs_quota_us`), read(`${group}/cpu.cfs_period_us`));
}

function share(quota: string | undefined, period: string | undefined): number {
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : Infinity;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
