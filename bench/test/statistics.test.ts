import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOfMedian, median, overlap, quantile, spread } from '../statistics.ts';

test('the median is the middle one, or between the two', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(quantile([0, 10], 0.25), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test('one outlier does not lead the error of the median, and equal values do not make it nothing', () => {
  assert.ok(errorOfMedian([10, 10.1, 9.9, 10, 1000]) < 150);
  assert.ok(errorOfMedian([10, 10, 10, 11, 10]) > 0);
  assert.ok(Number.isNaN(errorOfMedian([1])));
});

test('spreads agree when they overlap', () => {
  assert.ok(overlap(spread([1, 2, 3]), spread([3, 4, 5])));
  assert.ok(!overlap(spread([1, 2, 3]), spread([4, 5, 6])));
});
