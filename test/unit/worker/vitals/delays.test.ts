import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Delays } from '../../../../src/worker/vitals/delays.ts';

function delaysOf(all: Iterable<number>): readonly [p50: number, p99: number] {
  const delays = new Delays();
  for (const ms of all) delays.add(ms);
  return delays.percentiles([0.5, 0.99]);
}

/** The numbers from 1 to `count`, as beats that are later and later. */
const rising = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

const cases: ReadonlyArray<readonly [string, Iterable<number>, [number, number]]> = [
  ['before the first beat', [], [0, 0]],
  ['one', [7], [7, 7]],
  ['two', [1, 9], [1, 9]],
  ['in any order', [5, 1, 4, 2, 3], [3, 5]],
  ['a hundred', rising(100), [50, 99]],
  ['one late beat in a minute is less than one in a hundred', [...rising(239).map(() => 1), 500], [1, 1]],
  ['three of them are more', [...rising(237).map(() => 1), 500, 500, 500], [1, 500]],
  ['what is older than a minute is forgotten', [...rising(240).map(() => 900), ...rising(240).map(() => 1)], [1, 1]],
  ['the oldest first', rising(241), [121, 239]],
];
for (const [what, all, expected] of cases) test(what, () => assert.deepEqual(delaysOf(all), expected));
