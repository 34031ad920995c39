import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BOUNDS,
  countDuration,
  DURATIONS,
  durationsByClass,
  durationsOfAll,
  quantile,
} from '../../../src/scoreboard/durations.ts';
import { PLACED_ROW } from '../../../src/scoreboard/layout.ts';

/** The bucket of each duration is that of the first bound that it does not exceed. */
const cases: ReadonlyArray<readonly [status: number, ms: number, statusClass: string, bucket: number]> = [
  [200, 0, '2xx', 0],
  [200, 0.5, '2xx', 0],
  [204, 0.500_001, '2xx', 1],
  [299, 10_000, '2xx', 12],
  [301, 10_001, '3xx', 13],
  [404, Infinity, '4xx', 13],
  [503, 3, '5xx', 3],
  [599, 999.9, '5xx', 10],
];
for (const [status, ms, statusClass, bucket] of cases) {
  test(`${status} after ${ms} ms`, () => {
    const durations = new Float64Array(DURATIONS);
    countDuration(durations, status, ms);
    for (const { status: name, counts, count, sum } of durationsByClass(durations)) {
      const isIt = name === statusClass;
      assert.deepEqual(
        counts,
        [...BOUNDS, Infinity].map((_, index) => (isIt && index === bucket ? 1 : 0)),
      );
      assert.deepEqual([count, sum], isIt ? [1, ms] : [0, 0]);
    }
  });
}

for (const status of [0, 100, 101, 199, 600, 999, -1, NaN]) {
  test(`${status} is in no class, and counts nowhere`, () => {
    const durations = new Float64Array(DURATIONS);
    countDuration(durations, status, 1);
    assert.deepEqual(durations, new Float64Array(DURATIONS));
  });
}

test('sums of two workers are those of all their requests', () => {
  const [one, other, both] = [0, 0, 0].map(() => new Float64Array(DURATIONS)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let nth = 0; nth < 1000; nth++) {
    const [status, ms] = [200 + 100 * (nth % 4), nth / 4];
    countDuration(nth % 3 === 0 ? one : other, status, ms);
    countDuration(both, status, ms);
  }
  const sum = one.map((count, index) => count + other[index]!);
  assert.deepEqual(sum, both);
  assert.equal(
    durationsOfAll(sum).reduce((sum, count) => sum + count, 0),
    1000,
  );
  assert.deepEqual(durationsOfAll(sum).slice(0, 3), [3, 2, 6], '0 to 0.5, 0.75 to 1, 1.25 to 2.5 ms in steps of 0.25');
});

test('a row of the scoreboard has room for them, and bounds rise', () => {
  assert.equal(PLACED_ROW.find(({ name }) => name === 'durations')!.count, DURATIONS);
  assert.deepEqual(
    BOUNDS,
    BOUNDS.toSorted((one, next) => one - next),
  );
});

/** Makes counts by bucket: the given ones first, and zeros in the rest. */
function buckets(...counts: readonly number[]): number[] {
  return Array.from({ length: BOUNDS.length + 1 }, (_, at) => counts[at] ?? 0);
}

const quantiles: ReadonlyArray<readonly [what: string, counts: number[], share: number, ms: number | undefined]> = [
  ['no requests', buckets(), 0.5, undefined],
  ['all in the first bucket, from 0 to 0.5 ms', buckets(10), 0.5, 0.25],
  ['the median is the end of the bucket', buckets(5, 5), 0.5, 0.5],
  ['half way into the third, from 1 to 2.5 ms', buckets(1, 1, 2), 0.75, 1.75],
  ['one in a hundred is slow', buckets(98, 0, 0, 0, 0, 0, 2), 0.99, 37.5],
  ['longer than the last bound', [...buckets().slice(1), 3], 0.5, BOUNDS.at(-1)!],
];
for (const [what, counts, share, ms] of quantiles) {
  test(`quantile ${share}: ${what}`, () => assert.equal(quantile(counts, share), ms));
}
