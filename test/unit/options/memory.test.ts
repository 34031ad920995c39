import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fitMemory, memoryLimit } from '../../../src/options/machine/memory.ts';

type Tree = Readonly<Record<string, string>>;

const MB = 2 ** 20;
const v2 = (path: string): Tree => ({ '/proc/self/cgroup': `0::${path}\n` });
const v1 = (path: string): Tree => ({ '/proc/self/cgroup': `5:memory:${path}\n4:cpu,cpuacct:/c\n0::/s\n` });

const limits: ReadonlyArray<readonly [string, number | undefined, Tree]> = [
  ['no /proc (macOS, Windows)', undefined, {}],
  ['v2: no controller', undefined, v2('/')],
  ['v2: none', undefined, { ...v2('/'), '/sys/fs/cgroup/memory.max': 'max\n' }],
  ['v2: a container with its own namespace', 512 * MB, { ...v2('/'), '/sys/fs/cgroup/memory.max': '536870912\n' }],
  ['v2: 0', 0, { ...v2('/'), '/sys/fs/cgroup/memory.max': '0\n' }],
  ['v2: garbage', undefined, { ...v2('/'), '/sys/fs/cgroup/memory.max': '\n' }],
  [
    'v2: the least of the hierarchy counts',
    256 * MB,
    {
      ...v2('/app.slice/app.service'),
      '/sys/fs/cgroup/app.slice/app.service/memory.max': '536870912\n',
      '/sys/fs/cgroup/app.slice/memory.max': '268435456\n',
    },
  ],
  ["v2: the host's path", 64 * MB, { ...v2('/docker/a1'), '/sys/fs/cgroup/memory.max': '67108864\n' }],
  [
    'v1: none, as the highest number of pages',
    undefined,
    { ...v1('/'), '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n' },
  ],
  [
    'v1: of a parent',
    128 * MB,
    {
      ...v1('/kubepods/pod1/c'),
      '/sys/fs/cgroup/memory/kubepods/pod1/c/memory.limit_in_bytes': '9223372036854771712\n',
      '/sys/fs/cgroup/memory/kubepods/pod1/memory.limit_in_bytes': '134217728\n',
    },
  ],
];

for (const [what, expected, tree] of limits) {
  test(`limit, ${what}`, () =>
    assert.equal(
      memoryLimit((path) => tree[path]),
      expected,
    ));
}

const four = { workers: 4, spares: 0, maxSurge: 1 };

test('without a limit, or one of the cgroup, nothing changes', () => {
  assert.deepEqual(fitMemory({ ...four, maxMemory: 0 }, 100 * MB), { maxMemory: 0, lowered: undefined });
  assert.deepEqual(fitMemory({ ...four, maxMemory: MB }, undefined), { maxMemory: MB, lowered: undefined });
});

test('what fits to the byte is left as it is', () => {
  const fits = { ...four, maxMemory: 100 * MB };
  assert.equal(fitMemory(fits, 564 * MB).lowered, undefined);
  assert.deepEqual(fitMemory(fits, 564 * MB - 1), {
    maxMemory: 99 * MB,
    lowered: "4 workers, 1 more in a reload of 100mb do not fit in the cgroup's 563mb; 99mb do",
  });
});

test('spares and a larger surge count', () => {
  const { maxMemory, lowered } = fitMemory({ workers: 2, spares: 2, maxSurge: 4, maxMemory: 512 * MB }, 1088 * MB);
  assert.equal(maxMemory, 128 * MB);
  assert.match(lowered!, /^2 workers, 2 spares, 4 more in a reload of 512mb /);
});

test('a cgroup too small for its workers is said to be', () => {
  const { maxMemory, lowered } = fitMemory({ ...four, maxMemory: 512 * MB }, 128 * MB);
  assert.equal(maxMemory, 32 * MB);
  assert.match(lowered!, /nor do they at 32mb.*run fewer workers/);
});

test('it is never raised, and fits when it was lowered', () => {
  const counts = fc.record({
    workers: fc.integer({ min: 1, max: 64 }),
    spares: fc.nat(8),
    maxSurge: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(counts, fc.integer({ min: 32 * MB, max: 2 ** 40 }), fc.maxSafeNat(), (count, maxMemory, limit) => {
      const fitted = fitMemory({ ...count, maxMemory }, limit);
      assert.ok(fitted.maxMemory <= maxMemory && fitted.maxMemory >= 32 * MB);
      const processes = count.workers + count.spares + count.maxSurge;
      const isSaid = fitted.lowered?.includes('nor do they') === true;
      assert.ok(isSaid || processes * fitted.maxMemory + 64 * MB <= limit);
    }),
  );
});
