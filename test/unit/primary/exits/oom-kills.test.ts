import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OomCounter } from '../../../../src/primary/exits/oom-kills.ts';

const events = (kills: number): string => `low 0\nhigh 3\nmax 9\noom 7\noom_kill ${kills}\noom_group_kill 1\n`;

function counter(tree: Record<string, string>): { tree: Record<string, string>; oom: OomCounter; reads: string[] } {
  const reads: string[] = [];
  const oom = new OomCounter((path) => {
    reads.push(path);
    return tree[path];
  });
  return { tree, oom, reads };
}

const file = '/sys/fs/cgroup/app/memory.events';
const v2 = (kills: number): Record<string, string> => ({ '/proc/self/cgroup': '0::/app\n', [file]: events(kills) });

test('without a counter there is nothing to see', () => {
  for (const tree of [
    {},
    { '/proc/self/cgroup': '0::/\n' },
    { '/proc/self/cgroup': '3:memory:/\n', '/sys/fs/cgroup/memory/memory.oom_control': 'under_oom 0\n' },
  ]) {
    assert.equal(counter(tree).oom.look(0), undefined);
  }
});

test('kills of before are no news', () => assert.deepEqual(counter(v2(5)).oom.look(0), { before: 5, after: 5 }));

test('a new one is, for all exits that follow at once', () => {
  const { tree, oom } = counter(v2(5));
  tree[file] = events(7);
  assert.deepEqual(oom.look(10_000), { before: 5, after: 7 });
  assert.deepEqual(oom.look(12_000), { before: 5, after: 7 });
});

test('but not for those of later', () => {
  const { tree, oom } = counter(v2(5));
  tree[file] = events(6);
  oom.look(10_000);
  assert.deepEqual(oom.look(12_001), { before: 6, after: 6 });
});

test('kills one after another count together', () => {
  const { tree, oom } = counter(v2(0));
  tree[file] = events(1);
  oom.look(1000);
  tree[file] = events(2);
  assert.deepEqual(oom.look(2500), { before: 0, after: 2 });
  assert.deepEqual(oom.look(4000), { before: 0, after: 2 });
  assert.deepEqual(oom.look(5000), { before: 2, after: 2 });
});

test('a counter that goes away is none', () => {
  const { tree, oom } = counter(v2(0));
  delete tree[file];
  assert.equal(oom.look(0), undefined);
});

test('cgroup v1', () => {
  const control = '/sys/fs/cgroup/memory/docker/a1/memory.oom_control';
  const text = (kills: number): string => `oom_kill_disable 0\nunder_oom 0\noom_kill ${kills}\n`;
  const { tree, oom } = counter({ '/proc/self/cgroup': '4:memory:/docker/a1\n0::/\n', [control]: text(0) });
  tree[control] = text(1);
  assert.deepEqual(oom.look(0), { before: 0, after: 1 });
});

test("a container that sees the host's path finds its own at the root", () => {
  const root = '/sys/fs/cgroup/memory.events';
  const { tree, oom } = counter({ '/proc/self/cgroup': '0::/docker/a1\n', [root]: events(0) });
  tree[root] = events(1);
  assert.deepEqual(oom.look(0), { before: 0, after: 1 });
});

test('a look reads one file', () => {
  const { oom, reads } = counter(v2(0));
  reads.length = 0;
  oom.look(0);
  assert.deepEqual(reads, [file]);
});
