import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Effect } from '../../../../src/primary/fleet/events.ts';
import { Driver, find, logged, workersOf } from '../fleet/driver.ts';

const outcomes = (effects: readonly Effect[]): boolean[] => find(effects, 'answer').map(({ outcome }) => outcome.ok);

describe('a reload', () => {
  test('boots one beside, gives it the slot, parks the old one, goes on, and drains all when it is done', () => {
    const driver = new Driver();
    driver.serve();
    const effects = driver.send({ type: 'operate', kind: 'reload', request: 7 });
    assert.deepEqual(find(effects, 'fork'), [{ do: 'fork', worker: 3, slot: 0, isParked: true, generation: 2 }]);
    const taking = driver.boot(3);
    assert.deepEqual(workersOf(taking, 'accept'), [3]);
    assert.deepEqual(workersOf(taking, 'drain'), []);
    const taken = driver.serving(3);
    assert.deepEqual(workersOf(taken, 'park'), [1]);
    const done = driver.takeOver(4);
    assert.deepEqual(find(done, 'answer'), [
      { do: 'answer', request: 7, outcome: { ok: true, generation: 2, workers: 2, took: 0 } },
    ]);
    assert.deepEqual(workersOf(done, 'drain'), [1, 2]);
    assert.deepEqual(driver.workers, [3, 4]);
  });

  test('boots as many at a time as may be', () => {
    const driver = new Driver({ workers: 5, maxSurge: 2 });
    driver.serve();
    assert.deepEqual(workersOf(driver.send({ type: 'operate', kind: 'reload' }), 'fork'), [6, 7]);
    assert.deepEqual(workersOf(driver.boot(7), 'fork'), [8]);
  });

  test('asks nobody twice to leave, and waits for none of them', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    driver.takeOver(2);
    assert.equal(driver.fleet.running, undefined);
    driver.send({ type: 'operate', kind: 'reload' });
    assert.deepEqual(workersOf(driver.takeOver(3), 'drain'), [2]);
    assert.equal(driver.left({ timer: 'drain', worker: 1 }), 20_000);
  });

  test('lets idle connections be for half of the drain, and closes them over a quarter', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    const [drain] = find(driver.takeOver(2), 'drain');
    assert.deepEqual(drain, { do: 'drain', worker: 1, idle: 10_000, spread: 5000, takenOver: true, successor: 'slot' });
  });

  test('replaces a worker that still boots, by whoever is first', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    driver.exit(1);
    driver.send({ type: 'operate', kind: 'reload' });
    assert.deepEqual(workersOf(driver.takeOver(3), 'terminate'), [2]);
    assert.deepEqual(driver.workers, [3]);
    assert.deepEqual(logged(driver.exit(2, null, 'SIGTERM')), ['worker stopped']);
  });

  test('has nothing to do for a slot that was filled with the new code meanwhile', () => {
    const driver = new Driver();
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    driver.exit(2);
    driver.boot(4);
    assert.deepEqual(logged(driver.takeOver(3)), ['worker ready', 'reload done']);
  });

  test('takes a slot over whose worker crashed meanwhile', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    assert.deepEqual(workersOf(driver.exit(1), 'fork'), []);
    const effects = driver.boot(2);
    assert.ok(logged(effects).includes('reload done'));
    assert.deepEqual(find(effects, 'call'), [{ do: 'call', hook: 'onWorkerRecover', oldPid: 1001, newPid: 1002 }]);
    assert.deepEqual(driver.states, ['serving']);
  });
});

describe('a reload whose worker does not boot', () => {
  test('fails, says why, and the old ones go on', () => {
    const driver = new Driver();
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload', request: 7 });
    const lastWords = { error: '', stderr: 'no such module' };
    const effects = driver.send({ type: 'exited', worker: 3, code: 1, signal: null, lastWords });
    const [settle] = find(effects, 'answer');
    assert.equal(settle?.request, 7);
    assert.ok(!settle.outcome.ok);
    assert.equal(settle.outcome.slot, 0);
    assert.equal(settle.outcome.stderr, 'no such module');
    assert.deepEqual(driver.workers, [1, 2]);
    assert.equal(driver.fleet.reloads.failed, 1);
  });

  test('is over when it is killed for not being ready in time', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload', request: 7 });
    assert.deepEqual(workersOf(driver.due({ timer: 'ready', worker: 2 }), 'kill'), [2]);
    assert.deepEqual(outcomes(driver.exit(2, null, 'SIGKILL')), [false]);
    assert.deepEqual(driver.states, ['serving']);
  });

  test('ends the others that boot', () => {
    const driver = new Driver({ workers: 3, maxSurge: 3 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    driver.boot(5);
    const effects = driver.exit(4);
    assert.deepEqual(workersOf(effects, 'terminate'), [6]);
    assert.deepEqual(workersOf(effects, 'drain'), [5], 'it has sockets');
    assert.deepEqual(driver.states, ['serving', 'serving', 'serving']);
  });

  test('never takes a slot: one that has the sockets and does not accept is killed', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload', request: 7 });
    driver.boot(2);
    assert.deepEqual(workersOf(driver.due({ timer: 'ready', worker: 2 }), 'kill'), [2]);
    assert.deepEqual(outcomes(driver.exit(2, null, 'SIGKILL')), [false]);
    assert.deepEqual(driver.workers, [1]);
  });

  test('fails too when it is in a slot of its own, because the old one crashed', () => {
    const driver = new Driver();
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload', request: 7 });
    driver.exit(2);
    const effects = driver.exit(4);
    assert.deepEqual(outcomes(effects), [false]);
    assert.deepEqual(workersOf(effects, 'terminate'), [3]);
    assert.deepEqual(driver.states, ['serving', 'vacant']);
    assert.equal(driver.left({ timer: 'respawn', slot: 1 }), 100);
  });

  test('fills the slot whose worker crashed meanwhile', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload', request: 7 });
    driver.exit(1);
    const effects = driver.exit(2);
    assert.deepEqual(outcomes(effects), [false]);
    assert.deepEqual(workersOf(effects, 'fork'), [3]);
  });

  test('fills every slot whose successor is dismissed and whose own worker crashed meanwhile', () => {
    const driver = new Driver({ maxSurge: 2 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    driver.exit(2);
    const effects = driver.exit(3);
    assert.deepEqual(workersOf(effects, 'terminate'), [4]);
    assert.deepEqual(
      find(effects, 'fork').map(({ slot }) => slot),
      [1],
    );
    assert.deepEqual(driver.states, ['serving', 'booting']);
  });
});

describe('after a reload that failed no slot goes on with its code', () => {
  test('one whose worker crashed meanwhile is filled anew at once, while enough others serve', () => {
    const driver = new Driver();
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload', request: 7 });
    driver.exit(2);
    driver.takeOver(4);
    const effects = driver.exit(3);
    assert.deepEqual(outcomes(effects), [false]);
    assert.ok(logged(effects).includes('slot not kept'));
    assert.deepEqual([workersOf(effects, 'drain'), workersOf(effects, 'fork'), driver.workers], [[4], [5], [1, 5]]);
    const order = effects.map((effect) => effect.do);
    assert.ok(order.indexOf('revert') < order.indexOf('fork'), 'it runs the old code');
  });

  test('one whose new worker still boots as well', () => {
    const driver = new Driver({ workers: 3 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    driver.exit(3);
    const effects = driver.exit(4);
    assert.deepEqual([workersOf(effects, 'terminate'), workersOf(effects, 'fork')], [[5], [6]]);
    assert.deepEqual(driver.workers, [1, 2, 6]);
  });

  test('where too few others serve, the next worker boots beside the one that serves', () => {
    const driver = new Driver({ workers: 4 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    // The parked workers of the first three slots have left, because the new ones have proved themselves.
    for (const worker of [5, 6, 7]) {
      driver.takeOver(worker);
      driver.due({ timer: 'parked', worker: worker - 4 });
    }
    const effects = driver.exit(8);
    assert.deepEqual(driver.workers, [5, 6, 7, 4]);
    assert.deepEqual(workersOf(effects, 'drain'), [], 'all serve on');
    for (const [index, worker] of [9, 10, 11].entries()) {
      assert.deepEqual(driver.fleet.slots[index]!.successor, worker);
      assert.deepEqual(driver.states, ['serving', 'serving', 'serving', 'serving']);
      const taken = driver.takeOver(worker);
      assert.deepEqual(workersOf(taken, 'drain'), [worker - 4]);
    }
    assert.deepEqual(driver.workers, [9, 10, 11, 4]);
    assert.equal(driver.fleet.running, undefined);
  });
});
