import assert from 'node:assert/strict';
import os from 'node:os';
import { test } from 'node:test';
import { availableCores } from '../../../src/options/machine/cores.ts';

type Tree = Readonly<Record<string, string>>;

function cores(tree: Tree, parallelism = 8): number {
  return availableCores((path) => tree[path], parallelism);
}

const v2 = (path: string): Tree => ({ '/proc/self/cgroup': `0::${path}\n` });
const v1 = (path: string): Tree => ({
  '/proc/self/cgroup': `5:memory:/m\n4:cpu,cpuacct:${path}\n1:name=systemd:/s\n0::/s\n`,
});
const affinity = (allowed: string, online: string): Tree => ({
  '/proc/self/status': `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${allowed}\nMems_allowed:\t1\n`,
  '/sys/devices/system/cpu/online': `${online}\n`,
});
const quotaV1 = (group: string, quota: number): Tree => ({
  [`/sys/fs/cgroup/cpu${group}/cpu.cfs_quota_us`]: `${quota}\n`,
  [`/sys/fs/cgroup/cpu${group}/cpu.cfs_period_us`]: '100000\n',
});

const cases: ReadonlyArray<readonly [string, number, Tree]> = [
  ['no /proc (macOS, Windows)', 8, {}],
  ['an empty cgroup file', 8, { '/proc/self/cgroup': '' }],
  ['v2: no controller', 8, v2('/')],
  ['v2: no quota', 8, { ...v2('/'), '/sys/fs/cgroup/cpu.max': 'max 100000\n' }],
  ['v2: a container with its own namespace', 2, { ...v2('/'), '/sys/fs/cgroup/cpu.max': '200000 100000\n' }],
  ['v2: a quota is rounded up', 2, { ...v2('/'), '/sys/fs/cgroup/cpu.max': '150000 100000\n' }],
  ['v2: a quarter of a core', 1, { ...v2('/'), '/sys/fs/cgroup/cpu.max': '25000 100000\n' }],
  ['v2: another period', 4, { ...v2('/'), '/sys/fs/cgroup/cpu.max': '200000 50000\n' }],
  ['v2: a quota of more than there is', 8, { ...v2('/'), '/sys/fs/cgroup/cpu.max': '6400000 100000\n' }],
  ['v2: garbage', 8, { ...v2('/'), '/sys/fs/cgroup/cpu.max': 'what\n' }],
  ['v2: a period of 0', 8, { ...v2('/'), '/sys/fs/cgroup/cpu.max': '100000 0\n' }],
  [
    'v2: the least of the hierarchy counts',
    3,
    {
      ...v2('/user.slice/app.service/worker'),
      '/sys/fs/cgroup/user.slice/app.service/worker/cpu.max': '500000 100000\n',
      '/sys/fs/cgroup/user.slice/app.service/cpu.max': '300000 100000\n',
      '/sys/fs/cgroup/user.slice/cpu.max': 'max 100000\n',
    },
  ],
  [
    "v2: the host's path, the container's mount",
    2,
    { ...v2('/docker/a1'), '/sys/fs/cgroup/cpu.max': '200000 100000\n' },
  ],
  ['v2: outside its namespace', 2, { ...v2('/../other'), '/sys/fs/cgroup/cpu.max': '200000 100000\n' }],
  ['v2: a colon in the path', 2, { ...v2('/a:b'), '/sys/fs/cgroup/a:b/cpu.max': '200000 100000\n' }],
  ['v1: no quota', 8, { ...v1('/docker/a1'), ...quotaV1('/docker/a1', -1) }],
  ['v1: a quota', 3, { ...v1('/docker/a1'), ...quotaV1('/docker/a1', 250_000) }],
  [
    'v1: of a parent',
    2,
    { ...v1('/kubepods/pod1/c'), ...quotaV1('/kubepods/pod1/c', -1), ...quotaV1('/kubepods/pod1', 200_000) },
  ],
  ["v1: the host's path, the container's mount", 2, { ...v1('/docker/a1'), ...quotaV1('', 200_000) }],
  ['v1: another controller', 8, { '/proc/self/cgroup': '3:cpuset:/a\n2:cpuacct:/a\n', ...quotaV1('/a', 100_000) }],
  ['affinity: some', 3, affinity('0-1,5', '0-7')],
  ['affinity: CPUs that are not there', 2, affinity('0-127', '0-1')],
  ['affinity: more than libuv says, which takes a quota down', 8, { ...affinity('0-11', '0-7') }],
  [
    'affinity: less than the quota',
    1,
    { ...affinity('3', '0-7'), ...v2('/'), '/sys/fs/cgroup/cpu.max': '200000 100000\n' },
  ],
  [
    'affinity: more than the quota',
    2,
    { ...affinity('0-3', '0-7'), ...v2('/'), '/sys/fs/cgroup/cpu.max': '200000 100000\n' },
  ],
  ['affinity: unreadable', 8, affinity('what', '0-7')],
  ['affinity: the kernel hides which are online', 8, { '/proc/self/status': 'Cpus_allowed_list:\t0-1\n' }],
];

for (const [name, expected, tree] of cases) {
  test(name, () => assert.equal(cores(tree), expected));
}

test('libuv has rounded a quota of 1.5 down to 1, which does not count', () => {
  const tree = { ...affinity('0-7', '0-7'), ...v2('/'), '/sys/fs/cgroup/cpu.max': '150000 100000\n' };
  assert.equal(cores(tree, 1), 2);
});

test('here', () => {
  const count = availableCores();
  assert.ok(Number.isInteger(count) && count >= 1 && count <= os.cpus().length, String(count));
});
