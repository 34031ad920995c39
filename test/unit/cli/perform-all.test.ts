import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparisonOf, type Done } from '../../../src/cli/operation.ts';
import { performAll } from '../../../src/cli/servers/perform-all.ts';
import type { Comparison, ComparisonRow } from '../../../src/contract/canary.ts';
import type { RunningServer } from '../../../src/control/client.ts';

const row: ComparisonRow = { figure: 'p99', unit: 'ms', baseline: 1, canary: 2, limit: null, verdict: 'ok' };
const comparison: Comparison = { baseline: 1, canary: 2, verdict: 'undecided', reasons: [], table: [row] };
const done: Done = { ok: true, generation: 2, workers: 1, took: 1 };

test('one user’s answer that cannot be read stops no other user’s operation', async () => {
  const servers: RunningServer[] = [1001, 1002].map((uid) => ({
    name: 's',
    path: `/${uid}`,
    owner: { uid, gid: uid },
  }));
  const asked: Array<number | undefined> = [];
  const code = await performAll('reload', servers, async ({ owner }) => {
    if (owner?.uid === 1001) throw new TypeError('its answer');
    await new Promise((resolve) => setImmediate(resolve));
    asked.push(owner?.uid);
    return done;
  });
  assert.equal(code, 1);
  assert.deepEqual(asked, [1002]);
});

test('a comparison that another process has made up is not shown', () => {
  const made: readonly unknown[] = [
    null,
    1,
    { ...comparison, table: [null] },
    { ...comparison, table: [{ ...row, figure: undefined }] },
    { ...comparison, table: [{ ...row, canary: '2' }] },
    { ...comparison, table: Array.from({ length: 100_000 }, () => row) },
    { ...comparison, baseline: {} },
  ];
  for (const one of made) assert.deepEqual(comparisonOf({ ...done, comparison: one as Comparison }), []);
});

test('a comparison of a newer server may have other units, and its words are one line each', () => {
  const table = [row, { ...row, figure: 'a\nb', unit: 'furlongs' as 'ms' }];
  const lines = comparisonOf({ ...done, comparison: { ...comparison, table } });
  assert.equal(lines.length, 3);
  assert.match(lines[2]!, /^a\\u000ab +1 +2/);
});
