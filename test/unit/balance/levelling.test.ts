import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFilling, isRestless, transfersFrom, type Transfer } from '../../../src/balance/levelling.ts';
import { Random } from '../../support/random.ts';
import { levelOut } from './levelling-simulation.ts';

const slotsOf = (loads: readonly number[]) => loads.map((load, slot) => ({ slot, load, isFresh: true }));

function planOf(loads: readonly number[]): Transfer[][] {
  return loads.map((_, own) => transfersFrom(own, slotsOf(loads)));
}

function carriedOut(loads: readonly number[]): number[] {
  const after = [...loads];
  for (const [from, transfers] of planOf(loads).entries()) {
    for (const { to, count } of transfers) {
      after[from]! -= count;
      after[to]! += count;
    }
  }
  return after;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const difference = (loads: readonly number[]): number => Math.max(...loads) - Math.min(...loads);

test('the parts of one plan, which each works out for itself, make all even, and move as few as that takes', () => {
  const random = new Random(1);
  for (let nth = 0; nth < 2000; nth++) {
    const loads = Array.from({ length: random.between(1, 12) }, () => random.between(0, 40));
    const after = carriedOut(loads);
    assert.ok(difference(after) <= 1, `${loads.join(' ')} became ${after.join(' ')}`);
    const moved = sum(planOf(loads).flatMap((transfers) => transfers.map(({ count }) => count)));
    const share = sum(loads) / loads.length;
    const fewest = Math.max(
      sum(loads.map((load) => Math.max(0, load - Math.ceil(share)))),
      sum(loads.map((load) => Math.max(0, Math.floor(share) - load))),
    );
    assert.equal(moved, fewest, loads.join(' '));
  }
});

const even: ReadonlyArray<readonly number[]> = [[5], [0, 0], [3, 4], [4, 3, 4, 3], [64, 64, 63]];
for (const loads of even) {
  test(`nothing moves: ${loads.join(' ')}`, () => assert.deepEqual(planOf(loads).flat(), []));
}

test('what comes and goes within two seconds is left alone', () => {
  assert.equal(isRestless(0, 0), false);
  assert.equal(isRestless(8, 64), false);
  assert.equal(isRestless(9, 64), true);
  assert.equal(isRestless(1, 1), true);
});

test('a worker fills as long as more than one in 32 of its connections came from a worker that leaves within a beat', () => {
  assert.equal(isFilling(0, 0, 1), false);
  assert.equal(isFilling(2, 64, 1), false);
  assert.equal(isFilling(3, 64, 1), true);
  assert.equal(isFilling(1, 1, 0), true);
});

/** A drain that keeps its pace is over after so many beats. */
const SLOWEST_DRAIN = 14;
for (const others of [1, 2, 3, 7, 15]) {
  test(`a drain to ${others} fills each of them from its beginning to its end`, () => {
    const had = 1000;
    for (let beat = 1; beat <= SLOWEST_DRAIN; beat++) {
      const came = Math.floor(had / SLOWEST_DRAIN / others);
      assert.ok(isFilling(came, had + came * beat, others), `beat ${beat}: ${came}`);
    }
    assert.ok(!isFilling(0, had, others));
  });
}

/** With views as old as a beat, and moves that take their time: see levelling-simulation.ts. */
const HALF_A_SECOND = 500;
for (const workers of [2, 4, 8, 32]) {
  for (const connections of [16, 64, 512]) {
    test(`${connections} at once over ${workers} are even after two beats, and none goes to and fro`, () => {
      for (let seed = 1; seed <= 20; seed++) {
        const { loads, moves, fewest } = levelOut({ seed, workers, connections, until: HALF_A_SECOND });
        assert.ok(difference(loads) <= 1, `seed ${seed}: ${loads.join(' ')}`);
        assert.equal(sum(loads), connections);
        assert.ok(moves <= fewest + workers, `seed ${seed}: ${moves} moves, of which ${fewest} were needed`);
      }
    });

    test(`${connections} at once over ${workers}, which are busy now and then: after some beats`, () => {
      for (let seed = 1; seed <= 20; seed++) {
        const { loads, moves, fewest } = levelOut({ seed, workers, connections, isBusy: true, until: 3000 });
        assert.ok(difference(loads) <= 1, `seed ${seed}: ${loads.join(' ')}`);
        assert.ok(moves <= 1.5 * fewest + workers, `seed ${seed}: ${moves} moves, of which ${fewest} were needed`);
      }
    });
  }
}

test('a trickle never lets a worker have much more than its share', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { loads, moves } = levelOut({ seed, workers: 8, connections: 512, gap: 5, until: 512 * 5 + HALF_A_SECOND });
    assert.ok(difference(loads) <= 1, `seed ${seed}: ${loads.join(' ')}`);
    assert.ok(moves <= 512, `seed ${seed}: ${moves} moves`);
  }
});

test('half of the connections of one worker end: it is even again after two beats', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { loads } = levelOut({ seed, workers: 4, connections: 256, halved: 2000, until: 2000 + HALF_A_SECOND });
    assert.ok(difference(loads) <= 1, `seed ${seed}: ${loads.join(' ')}`);
  }
});
