import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Latencies } from '../../../src/testing/load/latencies.ts';

test('quantiles are within 1 %, and the longest is exact', () => {
  const latencies = new Latencies();
  for (let ms = 1; ms <= 1000; ms++) latencies.add(ms);
  for (const share of [0.01, 0.5, 0.9, 0.99]) {
    const off = Math.abs(latencies.quantile(share) / (share * 1000) - 1);
    assert.ok(off <= 0.011, `${share}: ${latencies.quantile(share)}`);
  }
  assert.equal(latencies.max, 1000);
  assert.ok(latencies.quantile(1) <= 1000);
});

test('what is out of range is counted all the same', () => {
  const latencies = new Latencies();
  assert.equal(latencies.quantile(0.5), 0);
  latencies.add(0);
  latencies.add(10_000_000);
  assert.ok(latencies.quantile(0.5) < 0.011);
  assert.equal(latencies.max, 10_000_000);
});
