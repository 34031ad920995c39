import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  backoff,
  crashStreak,
  exitsWithin,
  isOverThreshold,
  LONGEST_BACKOFF,
  STABLE_AFTER,
} from '../../../src/primary/respawn.ts';

test('a worker that served for a while ends the streak', () => {
  assert.equal(crashStreak(5, STABLE_AFTER), 0);
  assert.equal(crashStreak(5, STABLE_AFTER - 1), 6);
  assert.equal(crashStreak(5, undefined), 6);
});

test('the first crash costs no wait, the next double up to the longest', () => {
  const waits = [0, 1, 2, 3, 4, 5, 50].map((streak) => backoff(streak, 100));
  assert.deepEqual(waits, [0, 0, 100, 200, 400, 800, LONGEST_BACKOFF]);
});

test('an interval of 0 never waits', () => {
  assert.equal(backoff(20, 0), 0);
});

test('exits count within the window only', () => {
  assert.deepEqual(exitsWithin([0, 500, 900], 1000, 500), [900, 1000]);
});

test('the threshold is what is recovered from; 0 is none', () => {
  assert.equal(isOverThreshold([1, 2, 3], 3), false);
  assert.equal(isOverThreshold([1, 2, 3, 4], 3), true);
  assert.equal(isOverThreshold([1, 2, 3, 4], 0), false);
});
