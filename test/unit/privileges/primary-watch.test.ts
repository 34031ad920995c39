import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { PrimaryWatch } from '../../../src/privileges/primary-watch.ts';

const [FIRST, SECOND] = [4711, 4712];

test('a primary is gone when it is missed twice in a row', () => {
  const starts = new Map([[FIRST, '100']]);
  const watch = new PrimaryWatch(FIRST, (pid) => starts.get(pid));
  assert.deepEqual([watch.isGone(), watch.isGone()], [false, false]);
  starts.delete(FIRST);
  assert.deepEqual([watch.isGone(), watch.isGone()], [false, true]);
});

test('its successor may be told of after it was missed once', () => {
  const starts = new Map([[SECOND, '200']]);
  const watch = new PrimaryWatch(FIRST, (pid) => starts.get(pid));
  assert.equal(watch.isGone(), false);
  watch.follow(SECOND);
  assert.deepEqual([watch.isGone(), watch.isGone()], [false, false]);
  starts.clear();
  assert.deepEqual([watch.isGone(), watch.isGone()], [false, true]);
});

test('another process that has got its pid is not it', () => {
  const starts = new Map([[FIRST, '100']]);
  const watch = new PrimaryWatch(FIRST, (pid) => starts.get(pid));
  starts.set(FIRST, '300');
  assert.deepEqual([watch.isGone(), watch.isGone()], [false, true]);
});

test('a process whose time is not told is alive, and the first time that is told is its own', () => {
  const starts = new Map([[FIRST, '']]);
  const watch = new PrimaryWatch(FIRST, (pid) => starts.get(pid));
  const looks = (start: string): boolean[] => {
    starts.set(FIRST, start);
    return [watch.isGone(), watch.isGone()];
  };
  for (const start of ['', '100', '', '100']) assert.deepEqual(looks(start), [false, false], start);
  assert.deepEqual(looks('300'), [false, true]);
});

test('a process that had ended before it was named stays gone', () => {
  const starts = new Map<number, string>();
  const watch = new PrimaryWatch(FIRST, (pid) => starts.get(pid));
  starts.set(FIRST, '300');
  assert.deepEqual([watch.isGone(), watch.isGone()], [false, true]);
});

test('the system tells of a process that lives and of one that has ended', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const watch = new PrimaryWatch(child.pid!);
  assert.deepEqual([watch.isGone(), watch.isGone()], [false, false]);
  child.stdin.end();
  await once(child, 'exit');
  assert.deepEqual([watch.isGone(), watch.isGone()], [false, true]);
});
