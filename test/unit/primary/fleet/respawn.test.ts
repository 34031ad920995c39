import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  backoff,
  crashLoop,
  crashStreak,
  exitsWithin,
  FEWEST_LOOP_CRASHES,
  isHopeless,
  isOverThreshold,
  LONGEST_BACKOFF_MS,
  STABLE_AFTER_MS,
  waitAfter,
} from '../../../../src/primary/fleet/respawn.ts';

const crash = (uptime: number | undefined, isFromOutside = false) => ({ uptime, isFromOutside });

test('a worker that served for a while ends the streak', () => {
  assert.equal(crashStreak(5, crash(STABLE_AFTER_MS)), 0);
  assert.equal(crashStreak(5, crash(STABLE_AFTER_MS - 1)), 6);
  assert.equal(crashStreak(5, crash(undefined)), 6);
});

test('so does one that served and was killed from outside; one that never did changes nothing', () => {
  assert.equal(crashStreak(5, crash(1, true)), 0);
  assert.equal(crashStreak(5, crash(undefined, true)), 5);
});

test('one that is killed from outside while it boots waits for the first step, and no longer', () => {
  assert.equal(waitAfter(crash(undefined, true), 0, 100), 100);
  assert.equal(waitAfter(crash(undefined, true), 4, 100), 400);
  assert.equal(waitAfter(crash(300, true), 0, 100), 0);
  assert.equal(waitAfter(crash(undefined), 1, 100), 0);
});

test('the first crash costs no wait, the next double up to the longest', () => {
  const waits = [0, 1, 2, 3, 4, 5, 50].map((streak) => backoff(streak, 100));
  assert.deepEqual(waits, [0, 0, 100, 200, 400, 800, LONGEST_BACKOFF_MS]);
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

test('a crash loop begins with the first crash while no worker is stable, and ends when one is', () => {
  const first = crashLoop(undefined, crash(300), false, 1000);
  assert.deepEqual(first, { since: 1000, crashes: 1 });
  assert.deepEqual(crashLoop(first, crash(undefined), false, 2000), { since: 1000, crashes: 2 });
  assert.equal(crashLoop(first, crash(300), true, 2000), undefined);
});

test('a kill from outside is no crash of a loop', () => {
  const loop = { since: 0, crashes: 3 };
  assert.equal(crashLoop(loop, crash(300, true), false, 2000), loop);
  assert.equal(crashLoop(undefined, crash(300, true), false, 2000), undefined);
  assert.equal(crashLoop(loop, crash(undefined, true), false, 2000), loop);
});

test('a loop is hopeless after a whole window with enough crashes', () => {
  const crashes = FEWEST_LOOP_CRASHES;
  assert.equal(isHopeless({ since: 0, crashes }, 60_000, 60_000), true);
  assert.equal(isHopeless({ since: 0, crashes }, 59_999, 60_000), false);
  assert.equal(isHopeless({ since: 0, crashes: crashes - 1 }, 600_000, 60_000), false);
});
