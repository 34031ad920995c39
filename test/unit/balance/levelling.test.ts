import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isChance,
  isFilling,
  isLasting,
  isRestless,
  transfersFrom,
  type Transfer,
} from '../../../src/balance/levelling.ts';
import { Random } from '../../support/random.ts';
import { levelOut } from './levelling-simulation.ts';

const slotsOf = (loads: readonly number[]) => loads.map((load, slot) => ({ slot, load, isFresh: true }));

/** @param fixed how many of a slot's cannot move */
function planOf(loads: readonly number[], fixed: readonly number[] = []): Transfer[][] {
  return loads.map((_, own) => transfersFrom(own, slotsOf(loads), () => fixed[own] ?? 0));
}

function carriedOut(loads: readonly number[], fixed: readonly number[] = []): number[] {
  const after = [...loads];
  for (const [from, transfers] of planOf(loads, fixed).entries()) {
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

test('with connections that cannot move: none of these goes, and nobody gets more of the others than somebody had, give or take one', () => {
  const random = new Random(2);
  for (let nth = 0; nth < 20000; nth++) {
    const fixed = Array.from({ length: random.between(2, 12) }, () => random.between(0, 1) * random.between(0, 300));
    const movable = fixed.map(() => random.between(0, 40));
    const after = carriedOut(
      movable.map((count, slot) => count + fixed[slot]!),
      fixed,
    ).map((load, slot) => load - fixed[slot]!);
    const what = `${movable.join(' ')} became ${after.join(' ')} beside ${fixed.join(' ')}`;
    assert.ok(Math.min(...after) >= 0, what);
    assert.ok(Math.max(...after) <= Math.max(...movable) + 1, what);
  }
});

test('what cannot move is counted only where there is something to give', () => {
  const slots = slotsOf([10, 0, 5]);
  const counted = [0, 1, 2].filter((own) => {
    let isCounted = false;
    transfersFrom(own, slots, () => ((isCounted = true), 0));
    return isCounted;
  });
  assert.deepEqual(counted, [0]);
});

test('connections last when no more than a quarter of those that were followed are gone after a beat', () => {
  assert.equal(isLasting(0, 0), false);
  assert.equal(isLasting(0, 1), true);
  assert.equal(isLasting(1, 3), false);
  assert.equal(isLasting(1, 4), true);
  assert.equal(isLasting(17, 64), false);
});

test('beside those that come and go only what is more than chance is given', () => {
  const transfers = [
    { to: 1, count: 3 },
    { to: 2, count: 3 },
  ];
  assert.equal(isChance([], 0), true);
  assert.equal(isChance(transfers, 0), false);
  assert.equal(isChance(transfers, 8), false);
  assert.equal(isChance(transfers, 9), true);
});

test('so many ends that all may come and go within two seconds ask for a closer look', () => {
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

/** An attacker has 150 connections that cannot move on each of all workers but the last. */
for (const workers of [2, 3, 8]) {
  test(`idle connections that cannot move do not send the others to one worker of ${workers}`, () => {
    const fixed = Array.from({ length: workers }, (_, slot) => (slot < workers - 1 ? 150 : 0));
    for (let seed = 1; seed <= 50; seed++) {
      const connections = 10 * workers;
      const { loads, accepted } = levelOut({ seed, workers, connections, fixed, until: 5000 });
      const what = `seed ${seed}: ${accepted.join(' ')} became ${loads.join(' ')}`;
      const spared = workers - 1;
      // What it accepted itself stays with it, since others have more in all.
      assert.ok(loads[spared]! <= Math.max(accepted[spared]!, 1 + Math.max(...loads.slice(0, spared))), what);
      assert.ok(Math.max(...loads) <= Math.max(...accepted), what);
    }
  });

  test(`a new one of ${workers} workers gets its share of those that can move, where the others have more that cannot`, () => {
    const loads = Array.from({ length: workers }, (_, slot) => (slot < workers - 1 ? 12 : 0));
    const fixed = loads.map((load) => (load > 0 ? 150 : 0));
    let now = loads.map((load, slot) => load + fixed[slot]!);
    for (let beat = 0; beat < 8; beat++) now = carriedOut(now, fixed);
    const after = now.map((load, slot) => load - fixed[slot]!);
    assert.ok(difference(after) <= 1, after.join(' '));
  });
}
