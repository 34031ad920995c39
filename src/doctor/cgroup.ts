/** Checks the CPU and memory that the cgroup allows. */
import { cgroups } from '../options/machine/cgroup.ts';
import { cpuQuota } from '../options/machine/cores.ts';
import { memoryLimit } from '../options/machine/memory.ts';
import { findings, type Check } from './finding.ts';
import type { Machine } from './machine.ts';

const MB = 1024 * 1024;

const cpu = findings(
  'cpu quota',
  'A cgroup that has used up its quota stands still for the rest of the period (100 ms), all workers at once.',
);

const quota: Check = ({ read, cores, workers }) => {
  const share = cpuQuota(read);
  if (share >= cores) return cpu.ok(`none below the ${cores} cores, so "auto" is ${workers} workers`);
  const found = `${share} of ${cores} cores, so "auto" is ${workers} workers`;
  return Number.isInteger(share)
    ? cpu.ok(found)
    : cpu.note(
        found,
        `use a whole number: docker run --cpus ${Math.ceil(share)}; in Kubernetes limits.cpu: "${Math.ceil(share)}", or none`,
      );
};

const throttle = findings('cpu throttling', 'Each time, all requests wait for the rest of the period, up to 100 ms.');

const throttling: Check = ({ read }) => {
  const [periods, throttled] = throttledPeriods(read);
  if (periods === 0) return undefined;
  const percent = (100 * throttled) / periods;
  const found = `in ${throttled} of ${periods} periods (${percent.toFixed(1)} %)`;
  const mend = [
    'raise or drop the quota: docker update --cpus; in Kubernetes limits.cpu',
    'or run fewer workers: --workers',
  ];
  if (percent >= 5) return throttle.problem(found, ...mend);
  return percent >= 0.1 ? throttle.note(found, ...mend) : throttle.ok(found);
};

/**
 * Returns the counts of the group that was throttled most, because a quota of any of them throttles. cpu.stat is the
 * same in both versions.
 */
function throttledPeriods(read: Machine['read']): readonly [number, number] {
  const counts = cgroups('cpu', read).map(({ path }): readonly [number, number] => {
    const stat = read(`${path}/cpu.stat`) ?? '';
    return [Number(/^nr_periods (\d+)$/m.exec(stat)?.[1] ?? 0), Number(/^nr_throttled (\d+)$/m.exec(stat)?.[1] ?? 0)];
  });
  return counts.reduce((most, one) => (one[1] > most[1] || most[0] === 0 ? one : most), [0, 0]);
}

const memory = findings(
  'memory limit',
  'At the limit the kernel kills a process of the cgroup, in the middle of its requests.',
);

const headroom: Check = ({ read, workers }) => {
  const limit = memoryLimit(read);
  if (limit === undefined) return memory.ok('none');
  const share = Math.floor(limit / (workers + 1) / MB);
  const found = `${Math.floor(limit / MB)} MB, ${share} MB each for ${workers} workers and one more in a reload`;
  const mend = [
    'run fewer workers: --workers',
    'or give more memory: docker run --memory; in Kubernetes limits.memory; in a systemd unit MemoryMax=',
  ];
  if (share < 64) return memory.problem(`${found}; node alone takes 45`, ...mend);
  return share < 128 ? memory.note(found, ...mend) : memory.ok(found);
};

const heap = findings(
  'heap limit',
  'V8 sizes the heap of each process as if it were alone. It then collects garbage too late, and the kernel kills the process first.',
);

const heaps: Check = ({ read, workers, heapLimit }) => {
  const limit = memoryLimit(read);
  if (limit === undefined) return undefined;
  const found = `${Math.floor(heapLimit / MB)} MB for each of ${workers} workers, in ${Math.floor(limit / MB)} MB`;
  if (heapLimit * workers <= limit) return heap.ok(found);
  // Three quarters go to the heaps. The rest is for buffers, code and the primary.
  const fitting = Math.max(16, Math.floor((0.75 * limit) / (workers + 1) / MB));
  return heap.note(found, `NODE_OPTIONS=--max-old-space-size=${fitting}`, 'and recycle workers earlier: --max-memory');
};

const killer = findings('oom kills', 'The kernel ended processes of this cgroup because it was at its memory limit.');

const oomKills: Check = ({ read }) => {
  for (const { version, path } of cgroups('memory', read)) {
    const text = read(`${path}/${version === 2 ? 'memory.events' : 'memory.oom_control'}`) ?? '';
    const count = /^oom_kill (\d+)$/m.exec(text)?.[1];
    if (count === undefined) continue;
    if (count === '0') return killer.ok('none');
    return killer.note(
      `${count} so far`,
      'recycle workers earlier: --max-memory',
      'or run fewer workers, or give more memory',
    );
  }
  return undefined;
};

export const cgroupChecks: readonly Check[] = [quota, throttling, headroom, heaps, oomKills];
