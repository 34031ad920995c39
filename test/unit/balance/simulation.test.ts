import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skewOf } from '../../../src/balance/skew.ts';
import { simulate, type Outcome } from './simulation.ts';

const seeds = [1, 2, 3];
const sizes = [2, 4, 8, 32, 128];

function spread({ loads }: Outcome): number {
  return Math.max(...loads) - Math.min(...loads);
}

for (const workers of sizes) {
  for (const perWorker of [2, 8, 64]) {
    test(`a trickle of ${perWorker} a worker over ${workers} ends with a difference of at most 1`, () => {
      for (const seed of seeds) {
        const outcome = simulate({ seed, workers, connections: perWorker * workers, gap: 5 });
        assert.ok(spread(outcome) <= 1, `seed ${seed}: ${outcome.loads.join(' ')}`);
        assert.deepEqual([outcome.served, outcome.servedTwice], [perWorker * workers, 0]);
      }
    });
  }

  test(`bursts of 64 a worker over ${workers} are more even than the kernel makes them`, () => {
    for (const seed of seeds) {
      const options = { seed, workers, connections: 64 * workers, gap: 0 };
      const [balanced, hashed] = [simulate(options), simulate({ ...options, isBalanced: false })];
      assert.equal(balanced.served, 64 * workers);
      // More than a hundred workers that decide in the same microseconds get in each other's way.
      assert.ok(skewOf(balanced.loads) <= (workers < 128 ? 1.1 : 1.3), `seed ${seed}: ${balanced.loads.join(' ')}`);
      assert.ok(workers === 2 || skewOf(balanced.loads) < skewOf(hashed.loads));
    }
  });
}

/**
 * Measures the greatest difference between two of eight workers. Each has 250 connections that come and go, once that
 * is reached.
 */
function greatestDifference(seed: number, isBalanced: boolean): { most: number; rate: number } {
  let most = 0;
  const take = (now: number, loads: readonly number[]): void => {
    if (now > 20_000 && now < 100_000) most = Math.max(most, Math.max(...loads) - Math.min(...loads));
  };
  const connections = 20_000;
  const flow = { seed, workers: 8, connections, gap: 5, life: 10_000, isBalanced, sample: { every: 50, take } };
  const { handoffs, served } = simulate(flow);
  assert.equal(served, connections);
  return { most, rate: handoffs / 8 / ((connections * 5) / 1000) };
}

test('while connections come and go differences stay small, from first to last: it does not oscillate', () => {
  for (const seed of seeds) {
    const balanced = greatestDifference(seed, true);
    const hashed = greatestDifference(seed, false);
    assert.ok(balanced.most < hashed.most / 3, `${balanced.most} against ${hashed.most}`);
    assert.ok(balanced.rate < 12, `${balanced.rate} moved by each per second`);
  }
});

test('connections that last a moment are left where they are', () => {
  for (const workers of [2, 8, 32]) {
    const connections = 20_000 * Math.min(workers, 8);
    const { handoffs, served } = simulate({ seed: 1, workers, connections, gap: 0.2 / workers, life: 5 });
    assert.equal(served, connections);
    // The limit allows a second's worth. Until the rates are known, each worker decides as if connections were to stay.
    assert.ok(handoffs < 110 * workers, `${workers} workers: ${handoffs} of ${connections}`);
  }
});

test('a pool of connections that all end and come back is spread as exactly as at first', () => {
  for (const seed of seeds) {
    for (const [workers, burst] of [
      [4, 16],
      [8, 64],
    ] as const) {
      const outcome = simulate({ seed, workers, connections: 4 * burst, burst, gap: 2000 / burst, isPool: true });
      assert.ok(spread(outcome) <= 1, `seed ${seed}: ${outcome.loads.join(' ')}`);
    }
  }
});

test('a slow worker gets no more than the others', () => {
  for (const seed of seeds) {
    const outcome = simulate({ seed, workers: 8, connections: 512, gap: 2, slow: [3] });
    assert.ok(spread(outcome) <= 2, outcome.loads.join(' '));
  }
});

test('while workers are killed every connection is served once, or was of one that was killed', () => {
  for (const seed of seeds) {
    const connections = 50_000;
    const outcome = simulate({ seed, workers: 8, connections, gap: 1, burst: 20, life: 300, slow: [3], kills: 500 });
    assert.ok(outcome.killed > 50 && outcome.handoffs > 100, JSON.stringify(outcome));
    assert.deepEqual([outcome.served + outcome.lost, outcome.servedTwice], [connections, 0]);
    assert.ok(outcome.lost < 20 * outcome.killed, `${outcome.lost} of ${outcome.killed}`);
  }
});

test('a hung worker is not sent anything from when it can be known, and what was on its way is served', () => {
  for (const seed of seeds) {
    const outcome = simulate({ seed, workers: 8, connections: 1600, gap: 5, hung: { 2: 2000 } });
    assert.deepEqual([outcome.served, outcome.servedTwice, outcome.sentToHung], [1600, 0, 0]);
    const others = outcome.loads.filter((_, slot) => slot !== 2);
    assert.ok(Math.max(...others) - Math.min(...others) <= 1 + 8, outcome.loads.join(' '));
  }
});
