import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_FD, firstWorkers, packed, seedOf } from '../../../src/upgrade/handover.ts';
import { nothing } from './helpers.ts';

test('each descriptor gets the number that the next primary finds it under', () => {
  const { handover, fds } = packed({ ...nothing, notifyFd: 30, admin: { address: '9090', fd: 40 } });
  assert.deepEqual(fds, [30, 40]);
  assert.deepEqual([handover.notifyFd, handover.admin], [FIRST_FD, { address: '9090', fd: FIRST_FD + 1 }]);
});

test('the next primary goes on with the number of workers that a person or the load has chosen', () => {
  const fixed = { workers: 4, range: undefined };
  const ranging = { workers: 2, range: { least: 1, most: 8 } };
  const cases = [
    [undefined, fixed, 4],
    [{ workers: undefined }, fixed, 4],
    [{ workers: 6 }, fixed, 6],
    [{ workers: 6 }, ranging, 6],
    [{ workers: 6, isAutoscaled: false }, ranging, 6],
    [{ workers: 6, isAutoscaled: true }, ranging, 6],
    // The config file had a range, and has a number now.
    [{ workers: 6, isAutoscaled: true }, fixed, 4],
  ] as const;
  for (const [handover, settings, expected] of cases) {
    assert.equal(firstWorkers(handover, settings), expected, JSON.stringify([handover, settings]));
  }
});

test('sticky-ip: the next primary has the seed of this one, and each start another', () => {
  assert.equal(seedOf({ seed: 5 }), 5);
  assert.equal(seedOf({}), 0, 'an older primary has none');
  const seeds = new Set(Array.from({ length: 10 }, () => seedOf(undefined)));
  assert.equal(seeds.size, 10);
  assert.ok([...seeds].every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32));
});

test('what there is not is not passed', () => {
  const { handover, fds } = packed(nothing);
  assert.deepEqual([fds, handover.notifyFd, handover.admin], [[], undefined, undefined]);
});
