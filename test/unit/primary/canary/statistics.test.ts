import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  binomialTail,
  designEffect,
  differenceEffect,
  meanAboveZero,
  moreHits,
  normalTail,
  studentTail,
  workerEffect,
} from '../../../../src/primary/fleet/canary/statistics.ts';

function near(actual: number, expected: number, relative = 1e-6): void {
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${actual}, expected ${expected}`);
}

/** The same sum term by term, for small numbers. */
function tailBySum(trials: number, hits: number, share: number): number {
  let sum = 0;
  for (let count = hits; count <= trials; count++) {
    let term = 1;
    for (let index = 1; index <= count; index++) term *= ((trials - count + index) / index) * share;
    sum += term * (1 - share) ** (trials - count);
  }
  return sum;
}

describe('the tail of a binomial', () => {
  for (const [trials, share] of [
    [1, 0.5],
    [10, 0.1],
    [40, 0.5],
    [60, 0.97],
  ] as const) {
    test(`of ${trials} trials with ${share} is the sum of its terms`, () => {
      for (let hits = 0; hits <= trials; hits++)
        near(binomialTail(trials, hits, share), tailBySum(trials, hits, share));
    });
  }

  test('is exact for counts of a usual watch', () => {
    // From R: pbinom(29, 2000, 0.01, lower.tail = FALSE), and of 600 of 50000.
    near(binomialTail(2000, 30, 0.01), 0.021_5, 0.03);
    near(binomialTail(50_000, 600, 0.01), 6.9e-6, 0.1);
  });

  test('is 1 for no hits, and 0 for more than there are trials', () => {
    assert.equal(binomialTail(10, 0, 0.5), 1);
    assert.equal(binomialTail(10, 11, 0.5), 0);
    assert.equal(binomialTail(0, 0, 0.5), 1);
  });

  test('takes no time, whatever a worker says its counts are', () => {
    const startedAt = performance.now();
    for (const trials of [1e3, 1e6, 1e9, 2 ** 41, Number.MAX_SAFE_INTEGER]) {
      for (const share of [1e-12, 0.01, 0.5, 1 - 1e-12]) {
        for (const hits of [1, trials * share, trials / 2, trials]) {
          const chance = binomialTail(trials, hits, share);
          assert.ok(chance >= 0 && chance <= 1, `${trials} ${hits} ${share}: ${chance}`);
        }
      }
    }
    assert.ok(performance.now() - startedAt < 1000);
  });
});

test('the tails of the normal distribution and of Student’s t', () => {
  near(normalTail(0), 0.5);
  near(normalTail(1.959_963_985), 0.025, 1e-5);
  near(normalTail(-1), 0.841_344_746, 1e-5);
  near(normalTail(5), 2.866_516e-7, 1e-4);
  near(studentTail(2.131_847, 4), 0.05, 1e-5);
  near(studentTail(1, 1), 0.25, 1e-6);
});

test('the mean of pairs', () => {
  // t = 3 / (1.581 / sqrt(5)) = 4.243 with 4 degrees of freedom.
  near(meanAboveZero([1, 2, 3, 4, 5]), 0.006_618, 1e-3);
  assert.equal(meanAboveZero([1]), 1, 'one number has no spread');
  assert.equal(meanAboveZero([-1, -2, -3]), 1);
  assert.equal(meanAboveZero([2, 2, 2]), 0);
});

test('ten failures, all of the canary, are a chance of 1 in 1024 where both have as many requests', () => {
  near(moreHits({ hits: 10, trials: 1000 }, { hits: 0, trials: 1000 }), 2 ** -10);
  near(moreHits({ hits: 3, trials: 100 }, { hits: 0, trials: 300 }), 4 ** -3);
  assert.equal(moreHits({ hits: 0, trials: 0 }, { hits: 0, trials: 0 }), 1);
});

describe('the design effect', () => {
  const steady = Array.from({ length: 20 }, (_, index) => ({ hits: 4 + (index % 3), trials: 100 }));
  const inBursts = Array.from({ length: 20 }, (_, index) => ({ hits: index % 5 === 0 ? 25 : 0, trials: 100 }));
  const none = steady.map(({ trials }) => ({ hits: 0, trials }));

  test('is 1 for hits that come by themselves', () => {
    assert.equal(designEffect(steady), 1);
    assert.equal(designEffect(none), 1);
    assert.equal(differenceEffect(steady.map((canary, index) => ({ canary, baseline: none[index]! }))), 1);
  });

  test('is about the number that come together', () => {
    near(designEffect(inBursts), 22, 0.2);
    near(differenceEffect(inBursts.map((canary, index) => ({ canary, baseline: none[index]! }))), 22, 0.2);
  });

  test('is 1 for bursts that both generations have: they are no difference', () => {
    assert.equal(differenceEffect(inBursts.map((cell) => ({ canary: cell, baseline: cell }))), 1);
  });

  test('shows between the workers of a generation', () => {
    const apart = Array.from({ length: 10 }, () => [
      { hits: 20, trials: 100 },
      { hits: 0, trials: 100 },
    ]);
    assert.ok(workerEffect(apart) > 10);
    assert.equal(
      workerEffect(
        apart.map(() => [
          { hits: 10, trials: 100 },
          { hits: 9, trials: 100 },
        ]),
      ),
      1,
    );
    assert.equal(workerEffect([]), 1);
  });

  test('is not known after three slices', () => {
    assert.equal(designEffect(steady.slice(0, 3)), 10);
  });
});
