import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { DescriptorWatch } from '../../../../src/primary/supervisor/polling/descriptor-watch.ts';

/** Returns at which of the counts all workers are asked. */
function asks(counts: readonly number[]): boolean[] {
  const asked: boolean[] = [];
  let nth = 0;
  const watch = new DescriptorWatch(
    (onlyOverdue) => void asked.push(!onlyOverdue),
    () => counts[nth]!,
  );
  for (nth = 1; nth < counts.length; nth++) watch.look();
  return asked;
}

test('all are asked when there are many descriptors more than at the last question, or than since then', () => {
  assert.deepEqual(asks([20, 84, 85, 149, 150, 30, 94, 95]), [false, true, false, true, false, false, true]);
});

test('they are asked where there is none left to count with', () => {
  assert.deepEqual(asks([20, Infinity, 20, Infinity]), [true, false, true]);
});

test('it counts those of this process', { skip: process.platform !== 'linux' && 'only Linux tells them' }, () => {
  let asked = 0;
  const watch = new DescriptorWatch((onlyOverdue) => void (asked += onlyOverdue ? 0 : 1));
  const opened = Array.from({ length: 80 }, () => openSync('/dev/null', 'r'));
  watch.look();
  for (const fd of opened) closeSync(fd);
  assert.equal(asked, 1);
  watch.look();
  assert.equal(asked, 1);
});
