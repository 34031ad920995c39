import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFirstToTell } from '../../../../src/worker/last-words/first-to-tell.ts';

test('one of the workers that share a directory tells an error, and each error is told', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-told-'));
  t.after(() => rmSync(directory, { recursive: true }));
  assert.deepEqual([isFirstToTell(directory, 'a'), isFirstToTell(directory, 'a')], [true, false]);
  assert.equal(isFirstToTell(directory, 'b'), true);
  for (const mark of readdirSync(directory)) utimesSync(join(directory, mark), 1, 1);
  assert.equal(isFirstToTell(directory, 'a'), true, 'it was told long ago');
  assert.equal(isFirstToTell(directory, 'a'), false);
});

test('without a directory, or with one that is gone, each is the first', () => {
  for (const directory of ['', '/nowhere/at-all']) {
    assert.deepEqual([isFirstToTell(directory, 'a'), isFirstToTell(directory, 'a')], [true, true]);
  }
});
