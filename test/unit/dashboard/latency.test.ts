import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Latency, quantile } from '../../../src/dashboard/latency.ts';
import { BOUNDS, countDuration, DURATIONS } from '../../../src/scoreboard/durations.ts';

/** Requests by bucket: so many in the first ones, none in the rest. */
function buckets(...counts: readonly number[]): number[] {
  return Array.from({ length: BOUNDS.length + 1 }, (_, at) => counts[at] ?? 0);
}

const cases: ReadonlyArray<readonly [what: string, counts: number[], share: number, ms: number | null]> = [
  ['no requests', buckets(), 0.5, null],
  ['all in the first bucket, from 0 to 0.5 ms', buckets(10), 0.5, 0.25],
  ['the median is the end of the bucket', buckets(5, 5), 0.5, 0.5],
  ['half way into the third, from 1 to 2.5 ms', buckets(1, 1, 2), 0.75, 1.75],
  ['one in a hundred is slow', buckets(98, 0, 0, 0, 0, 0, 2), 0.99, 37.5],
  ['longer than the last bound', [...buckets().slice(1), 3], 0.5, BOUNDS.at(-1)!],
];
for (const [what, counts, share, ms] of cases) {
  test(`quantile ${share}: ${what}`, () => assert.equal(quantile(counts, share), ms));
}

function durations(ms: number, count: number, before?: Float64Array): Float64Array {
  const all = before === undefined ? new Float64Array(DURATIONS) : Float64Array.from(before);
  for (let nth = 0; nth < count; nth++) countDuration(all, 200, ms);
  return all;
}

test('only the requests of the last second count, whenever it is read', () => {
  const latency = new Latency();
  const slow = durations(400, 100);
  assert.deepEqual(latency.read(0, slow), { p50: null, p99: null });
  const mixed = durations(0.1, 10, slow);
  assert.deepEqual(latency.read(600, mixed), { p50: 0.25, p99: 0.495 });
  assert.deepEqual(latency.read(1000, mixed), { p50: 0.25, p99: 0.495 });
  assert.deepEqual(latency.read(1600, mixed), { p50: null, p99: null });
});

test('a worker that ends takes its counts with it for a moment, and nothing is negative', () => {
  const latency = new Latency();
  latency.read(0, durations(1, 100));
  assert.deepEqual(latency.read(500, durations(1, 10)), { p50: null, p99: null });
});
