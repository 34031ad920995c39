import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStat } from '../../../src/contract/process-stat.ts';

test('the fields of /proc/<pid>/stat, whatever the process is called', () => {
  const fields = ['S', '4700', ...Array.from({ length: 48 }, (_, index) => String(index + 5))];
  for (const name of ['node', 'a) b) (c', ') S 1 ', '\n', 'a b'.repeat(9)]) {
    assert.deepEqual(parseStat(`4711 (${name}) ${fields.join(' ')}\n`), {
      name,
      state: 'S',
      parent: 4700,
      cpu: (14 + 15) * 10,
      startedAt: '22',
      environmentAt: 50,
    });
  }
});

test('a text that is no such line', () => {
  assert.equal(parseStat(''), undefined);
  assert.equal(parseStat('4711 node S'), undefined);
});
