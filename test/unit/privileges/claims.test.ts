/** Checks that SECURITY.md names the test of each of its claims, because a claim without a test would be a hope. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inRoot } from '../../support/paths.ts';

const rows = readFileSync(inRoot('SECURITY.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
  .map((line) => line.slice(2, -2).split(' | '));

/** The rows of the tables whose last column is the test. */
const claims = rows.filter(([, last, more]) => more === undefined && last !== 'Test');

test('there are claims', () => assert.ok(claims.length > 20));

for (const [claim, tests] of claims) {
  test(`has a test: ${claim}`, () => {
    const names = [...tests!.matchAll(/`([\w/-]+)`/g)].map(([, name]) => name!);
    assert.notEqual(names.length, 0);
    for (const name of names) {
      const path = name.includes('/') ? `test/${name}` : `test/security/${name}`;
      assert.ok(existsSync(inRoot(path)) || existsSync(inRoot(`${path}.test.ts`)), path);
    }
  });
}
