import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Latency } from '../../../src/dashboard/latency.ts';
import { countDuration, DURATIONS } from '../../../src/scoreboard/durations.ts';

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
