import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Spread } from '../../../../src/worker/draining/spread.ts';

/** @returns how many are due at each of these times, when `count` things are to be done by 1000. */
function pace(count: number, times: readonly number[]): number[] {
  const spread = new Spread(0);
  let left = count;
  return times.map((now) => {
    const due = spread.due(left, now, 1000);
    left -= due;
    return due;
  });
}

const every = (step: number): number[] => Array.from({ length: 1000 / step }, (_, index) => (index + 1) * step);

test('many are done evenly', () => {
  assert.deepEqual(pace(1000, every(100)), Array(10).fill(100));
});

test('few are done one by one', () => {
  const done = pace(4, every(25));
  assert.deepEqual(
    done.flatMap((due, index) => (due > 0 ? [[(index + 1) * 25, due]] : [])),
    [
      [250, 1],
      [500, 1],
      [750, 1],
      [1000, 1],
    ],
  );
});

test('one is done at the end, and none never', () => {
  assert.deepEqual(pace(1, [500, 999, 1000]), [0, 0, 1]);
  assert.deepEqual(pace(0, [500, 1000]), [0, 0]);
});

test('who comes by late does what was due meanwhile', () => {
  assert.deepEqual(pace(100, [10, 600, 2000]), [1, 59, 40]);
});

test('when the time is over all are done at once', () => {
  const spread = new Spread(5000);
  assert.equal(spread.due(7, 5000, 5000), 7);
  assert.equal(spread.due(3, 6000, 5000), 3);
});

test('what is added is spread over the rest of the time', () => {
  const spread = new Spread(0);
  assert.equal(spread.due(10, 500, 1000), 5);
  assert.equal(spread.due(100, 750, 1000), 50);
  assert.equal(spread.due(50, 1000, 1000), 50);
});
