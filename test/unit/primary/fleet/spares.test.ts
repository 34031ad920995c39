import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spares } from '../../../../src/primary/fleet/fleet.ts';
import { Driver, find, logged, workersOf } from './driver.ts';

const respawn = { timer: 'respawn-spares' } as const;

test('spares are booted when every slot serves, without a slot', () => {
  const driver = new Driver({ spares: 2 });
  assert.deepEqual(workersOf(driver.send({ type: 'start' }), 'fork'), [1, 2]);
  driver.boot(1);
  assert.deepEqual(
    find(driver.boot(2), 'fork').map(({ worker, slot, isParked }) => [worker, slot, isParked]),
    [
      [3, undefined, false],
      [4, undefined, false],
    ],
  );
});

test('one that is ready waits, without a deadline', () => {
  const driver = new Driver({ spares: 1 });
  driver.serve();
  assert.deepEqual(
    spares(driver.fleet).map(({ state }) => state),
    ['standby'],
  );
  assert.equal(driver.left({ timer: 'ready', worker: 3 }), undefined);
});

test('takes the slot of one that crashed, in its place a new one is booted, and the hook hears of both pids', () => {
  const driver = new Driver({ spares: 1 });
  driver.serve();
  driver.at = 5000;
  const effects = driver.exit(1);
  assert.deepEqual(find(effects, 'promote'), [{ do: 'promote', worker: 3, slot: 0, isParked: false }]);
  assert.equal(driver.left({ timer: 'ready', worker: 3 }), 30_000);
  assert.deepEqual(
    find(effects, 'fork').map(({ worker, slot }) => [worker, slot]),
    [[4, undefined]],
  );
  const calls = find(driver.serving(3), 'call');
  assert.deepEqual(calls, [{ do: 'call', hook: 'onWorkerRecover', oldPid: 1001, newPid: 1003 }]);
  assert.deepEqual(driver.workers, [3, 2]);
});

test('a slot that kills every spare that takes it has its backoff', () => {
  const driver = new Driver({ spares: 1 });
  driver.serve();
  driver.at = 60_000;
  driver.exit(1);
  for (const [worker, wait] of [
    [3, undefined],
    [4, 100],
    [5, 200],
  ] as const) {
    // The next spare is ready, and has been for long, when this one dies.
    driver.boot(worker + 1);
    driver.at += 60_000;
    driver.serving(worker);
    driver.exit(worker, null, 'SIGSEGV');
    assert.equal(driver.left({ timer: 'respawn', slot: 0 }), wait);
    const effects = wait === undefined ? [] : driver.due({ timer: 'respawn', slot: 0 });
    if (wait !== undefined) assert.deepEqual(workersOf(effects, 'promote'), [worker + 1]);
  }
});

test('one that still boots is not waited for', () => {
  const driver = new Driver({ spares: 1 });
  driver.send({ type: 'start' });
  driver.boot(1);
  driver.boot(2);
  const [fork] = find(driver.exit(1), 'fork');
  assert.deepEqual([fork?.worker, fork?.slot], [4, 0]);
});

test('those that do not boot are tried again, after a while', () => {
  const driver = new Driver({ spares: 1 });
  driver.send({ type: 'start' });
  driver.boot(1);
  driver.boot(2);
  assert.deepEqual(workersOf(driver.exit(3), 'fork'), [4]);
  assert.deepEqual(workersOf(driver.exit(4), 'fork'), []);
  assert.equal(driver.left(respawn), 100);
  assert.deepEqual(workersOf(driver.due(respawn), 'fork'), [5]);
  driver.exit(5);
  assert.equal(driver.left(respawn), 200);
});

test('those that crash as soon as they are ready have their backoff too, until one lasts', () => {
  const driver = new Driver({ spares: 1 });
  driver.serve();
  const waits: Array<number | undefined> = [];
  for (const worker of [3, 4, 5]) {
    if (worker > 3) driver.boot(worker);
    driver.exit(worker);
    waits.push(driver.left(respawn));
    if (waits.at(-1) !== undefined) driver.due(respawn);
  }
  assert.deepEqual(waits, [undefined, 100, 200]);
  driver.boot(6);
  driver.at += 10_000;
  assert.deepEqual(workersOf(driver.exit(6), 'fork'), [7]);
});

test('those of the old code go when a reload is done, and new ones come', () => {
  const driver = new Driver({ workers: 1, spares: 1 });
  driver.serve();
  driver.send({ type: 'operate', kind: 'reload' });
  const effects = driver.takeOver(3);
  assert.ok(logged(effects).includes('reload done'));
  assert.deepEqual(workersOf(effects, 'terminate'), [2]);
  assert.deepEqual(
    find(effects, 'fork').map(({ slot, generation }) => [slot, generation]),
    [[undefined, 2]],
  );
});

test('one of the old code takes no slot during a reload', () => {
  const driver = new Driver({ spares: 1 });
  driver.serve();
  driver.send({ type: 'operate', kind: 'reload' });
  const effects = driver.exit(2);
  assert.deepEqual(workersOf(effects, 'promote'), []);
  assert.deepEqual(
    find(effects, 'fork').map(({ slot, generation }) => [slot, generation]),
    [[1, 2]],
  );
});

test('one of the old code takes a slot after a reload that failed', () => {
  const driver = new Driver({ spares: 1 });
  driver.serve();
  driver.send({ type: 'operate', kind: 'reload' });
  driver.exit(4);
  assert.deepEqual(workersOf(driver.exit(2), 'promote'), [3]);
});

test('crashes of spares are no reason to give up while the slots serve', () => {
  const driver = new Driver({ workers: 1, spares: 1, recoverThreshold: 1 });
  driver.send({ type: 'start' });
  driver.boot(1);
  for (const spare of [2, 3]) driver.exit(spare);
  assert.equal(driver.fleet.error, undefined);
  driver.exit(1);
  assert.equal(driver.fleet.error, undefined, 'the first that counts');
});
