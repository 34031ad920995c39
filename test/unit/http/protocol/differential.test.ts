/** Tests a sample of test/soak/http-differential.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences } from './differential.ts';

test('of mutated requests none is taken here that node:http refuses, or reads otherwise', async (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  t.diagnostic(`seed ${seed}`);
  assert.deepEqual(await differences(seed, 5000), [], `SEED=${seed}`);
});
