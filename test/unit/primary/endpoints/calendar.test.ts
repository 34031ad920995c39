import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Calendar } from '../../../../src/primary/endpoints/calendar.ts';

/**
 * Returns the time that each look finds at the monotonic moment 1000. @param looks a monotonic moment, and what the
 * calendar shows
 */
function seen(looks: ReadonlyArray<readonly [now: number, time: number]>): string[] {
  const calendar = new Calendar();
  return looks.map(([now, time]) => (calendar.at(now, time) - (now - 1000)).toFixed(3));
}

test('a moment stays where it is, however the two clocks tick', () => {
  const looks = [
    [1000.7, 50_001],
    [2000.2, 51_000],
    [3000.9, 51_999],
    [1_000_000, 1_049_500],
  ] as const;
  assert.deepEqual(new Set(seen(looks)), new Set(['50000.300']));
});

test('a calendar that is set moves it', () => {
  const looks = [
    [1000, 50_000],
    [2000, 9_051_000],
  ] as const;
  assert.deepEqual(seen(looks), ['50000.000', '9050000.000']);
});
