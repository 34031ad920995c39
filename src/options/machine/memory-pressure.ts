import { cgroups, readIfThere, type Cgroup, type ReadFile } from './cgroup.ts';

const MB = 1024 * 1024;

/** A cgroup is tight when less than this share of its limit is left. */
const LEAST_SHARE = 0.1;

/** A large cgroup is not tight while this much is left. */
const LEAST_ROOM_BYTES = 256 * MB;

/** cgroup v1 expresses "no limit" as the highest number of pages, in bytes. No machine has an exbibyte. */
const NO_LIMIT_BYTES = 2 ** 60;

const files = {
  1: { used: 'memory.usage_in_bytes', limits: ['memory.limit_in_bytes'], idle: 'total_inactive_file' },
  2: { used: 'memory.current', limits: ['memory.max', 'memory.high'], idle: 'inactive_file' },
} as const;

/**
 * Says why this process's cgroup, or one around it, is short of memory: `the cgroup has 950mb of 1000mb in use`. Pages of files that
 * the kernel would give back do not count as in use. At `memory.high` the kernel slows the processes down, so that is a limit too.
 *
 * @returns undefined when none is, and where there is no limit.
 */
export function whyTight(read: ReadFile = readIfThere): string | undefined {
  for (const group of cgroups('memory', read)) {
    const limit = limitOf(group, read);
    const used = usedBy(group, read);
    if (limit === undefined || used === undefined) continue;
    if (limit - used < Math.min(limit * LEAST_SHARE, LEAST_ROOM_BYTES)) {
      return `the cgroup has ${inMb(used)} of ${inMb(limit)} in use`;
    }
  }
  return undefined;
}

function limitOf({ version, path }: Cgroup, read: ReadFile): number | undefined {
  const limits = files[version].limits.map((name) => numberIn(read(`${path}/${name}`)) ?? Infinity);
  const least = Math.min(...limits);
  return least < NO_LIMIT_BYTES ? least : undefined;
}

function usedBy({ version, path }: Cgroup, read: ReadFile): number | undefined {
  const { used: name, idle } = files[version];
  const used = numberIn(read(`${path}/${name}`));
  if (used === undefined) return undefined;
  const [, reclaimable = '0'] = new RegExp(`^${idle} (\\d+)$`, 'm').exec(read(`${path}/memory.stat`) ?? '') ?? [];
  return Math.max(0, used - Number(reclaimable));
}

function numberIn(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? '';
  return /^\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}

function inMb(bytes: number): string {
  return `${Math.floor(bytes / MB)}mb`;
}
