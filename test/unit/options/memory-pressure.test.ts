import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyTight } from '../../../src/options/machine/memory-pressure.ts';

const MB = 1024 * 1024;

/** Reads from a cgroup whose files are as given. */
function cgroup(version: 1 | 2, files: Readonly<Record<string, string | number>>) {
  const directory = version === 2 ? '/sys/fs/cgroup/app' : '/sys/fs/cgroup/memory/app';
  return (path: string): string | undefined => {
    if (path === '/proc/self/cgroup') return version === 2 ? '0::/app\n' : '4:memory:/app\n';
    const value = path.startsWith(`${directory}/`) ? files[path.slice(directory.length + 1)] : undefined;
    return value === undefined ? undefined : `${value}\n`;
  };
}

const v2 = { 'memory.max': 1000 * MB, 'memory.high': 'max', 'memory.stat': 'anon 1\ninactive_file 0\nx 3' };

test('a cgroup is tight when a tenth of its limit is left, and not sooner', () => {
  assert.equal(whyTight(cgroup(2, { ...v2, 'memory.current': 899 * MB })), undefined);
  assert.equal(whyTight(cgroup(2, { ...v2, 'memory.current': 901 * MB })), 'the cgroup has 901mb of 1000mb in use');
});

test('a large one is tight when 256 MB are left', () => {
  const large = { ...v2, 'memory.max': 10_000 * MB };
  assert.equal(whyTight(cgroup(2, { ...large, 'memory.current': 9700 * MB })), undefined);
  assert.match(whyTight(cgroup(2, { ...large, 'memory.current': 9800 * MB })) ?? '', /9800mb of 10000mb/);
});

test('memory.high is a limit too', () => {
  assert.match(whyTight(cgroup(2, { ...v2, 'memory.high': 500 * MB, 'memory.current': 460 * MB })) ?? '', /of 500mb/);
});

test('pages of files that the kernel would give back do not count', () => {
  const files = { ...v2, 'memory.stat': `anon 1\ninactive_file ${200 * MB}`, 'memory.current': 990 * MB };
  assert.equal(whyTight(cgroup(2, files)), undefined);
});

test('version 1 is read as well, and its highest number is no limit', () => {
  const files = { 'memory.usage_in_bytes': 950 * MB, 'memory.stat': 'total_inactive_file 0' };
  assert.match(whyTight(cgroup(1, { ...files, 'memory.limit_in_bytes': 1000 * MB })) ?? '', /950mb of 1000mb/);
  assert.equal(whyTight(cgroup(1, { ...files, 'memory.limit_in_bytes': 9_223_372_036_854_771_712 })), undefined);
});

test('without a cgroup, or without its files, nothing is tight', () => {
  assert.equal(
    whyTight(() => undefined),
    undefined,
  );
  assert.equal(whyTight(cgroup(2, {})), undefined);
});
