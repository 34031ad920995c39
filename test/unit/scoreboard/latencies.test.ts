import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewOf, BLANK, decodeRow, encodeRow } from '../../../src/scoreboard/record.ts';
import { ROW_BYTES, type Row } from '../../../src/scoreboard/layout.ts';
import { countLatency, LATENCIES, LATENCY_BOUNDS } from '../../../src/scoreboard/latencies.ts';

/** Returns the bucket in which a request is counted. */
function bucketOf(ms: number): number {
  const latencies = new Float64Array(LATENCIES);
  countLatency(latencies, ms);
  assert.equal(
    latencies.reduce((sum, count) => sum + count, 0),
    1,
    'counted once',
  );
  return latencies.indexOf(1);
}

test('a bucket is at most an eighth wider than its lower bound', () => {
  for (const [index, bound] of LATENCY_BOUNDS.entries()) {
    if (index > 0) assert.ok(bound / LATENCY_BOUNDS[index - 1]! <= 1.125, String(bound));
  }
  assert.equal(LATENCY_BOUNDS.length, LATENCIES - 1);
  assert.deepEqual([LATENCY_BOUNDS[0], LATENCY_BOUNDS.at(-1)], [1, 4096]);
});

test('each time is in the bucket between its bounds', () => {
  for (let ms = 0.01; ms < 10_000; ms *= 1.003) {
    const bucket = bucketOf(ms);
    assert.ok(ms < (LATENCY_BOUNDS[bucket] ?? Infinity), `${ms} is below the bound`);
    if (bucket > 0) assert.ok(ms >= LATENCY_BOUNDS[bucket - 1]!, `${ms} is not below the bound before`);
  }
});

for (const [ms, bucket] of [
  [0, 0],
  [-1, LATENCIES - 1],
  [Infinity, LATENCIES - 1],
  [NaN, LATENCIES - 1],
] as const) {
  test(`${ms} ms has a bucket too`, () => assert.equal(bucketOf(ms), bucket));
}

test('a count starts again at 0 after 2^32', () => {
  const latencies = BLANK.latencies.map(() => 2 ** 32 + 3);
  const view = viewOf(new Uint8Array(ROW_BYTES));
  encodeRow(view, { ...BLANK, latencies }, 1);
  assert.deepEqual(
    (decodeRow(view) as Row).latencies,
    latencies.map(() => 3),
  );
});
