import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longestFirstBoots } from '../../../../src/primary/fleet/first-boots.ts';
import { Driver, stop, workersOf } from './driver.ts';

const forked = (driver: Driver): number => driver.fleet.workersForked;

test('no more workers boot at a time than may, and the next boots when one has booted, not when it has settled', () => {
  const driver = new Driver({ workers: 5, maxBoots: 2, settle: 500 });
  assert.deepEqual(workersOf(driver.send({ type: 'start' }), 'fork'), [1, 2]);
  assert.deepEqual(driver.workers, [1, 2, undefined, undefined, undefined]);
  assert.deepEqual(workersOf(driver.boot(2), 'fork'), [3]);
  assert.deepEqual(workersOf(driver.boot(1), 'fork'), [4]);
  driver.boot(3);
  driver.boot(4);
  driver.boot(5);
  for (const worker of [1, 2, 3, 4, 5]) driver.due({ timer: 'settle', worker });
  assert.equal(driver.fleet.phase, 'serving');
  assert.equal(forked(driver), 5);
});

test('a worker that waits for something outside does not count, but alone is alone', () => {
  const driver = new Driver({ workers: 4, maxBoots: 2 });
  driver.send({ type: 'start' });
  assert.deepEqual(workersOf(driver.send({ type: 'idle', worker: 1 }), 'fork'), [3]);
  assert.deepEqual(workersOf(driver.send({ type: 'idle', worker: 1 }), 'fork'), []);
  assert.deepEqual(workersOf(driver.send({ type: 'idle', worker: 3 }), 'fork'), [4]);

  const cached = new Driver({ workers: 4, maxBoots: 2, compileCache: '/cache' });
  cached.send({ type: 'start' });
  assert.deepEqual(workersOf(cached.send({ type: 'idle', worker: 1 }), 'fork'), []);
  assert.deepEqual(workersOf(cached.boot(1), 'fork'), [2, 3]);
});

test('boots in turn may take the ready timeout for each turn, which an upgrade waits for', () => {
  const times = { maxBoots: 2, compileCache: undefined, readyTimeout: 30_000 };
  assert.equal(longestFirstBoots(2, times), 30_000);
  assert.equal(longestFirstBoots(5, times), 90_000);
  assert.equal(longestFirstBoots(5, { ...times, compileCache: '/cache' }), 90_000);
  assert.equal(longestFirstBoots(1, { ...times, compileCache: '/cache' }), 30_000);
});

test('a start that fails boots no further worker', () => {
  const driver = new Driver({ workers: 3, maxBoots: 1 });
  driver.send({ type: 'start' });
  driver.boot(1);
  assert.equal(forked(driver), 2);
  driver.exit(2);
  assert.equal(driver.fleet.error?.code, 'ERR_BOOT_FAILED');
  driver.leave(1);
  assert.equal(driver.fleet.phase, 'stopped');
  assert.equal(forked(driver), 2);
});

test('a stop during the start boots no further worker', () => {
  const driver = new Driver({ workers: 3, maxBoots: 1 });
  driver.send({ type: 'start' });
  driver.send(stop);
  driver.exit(1, 0);
  assert.equal(driver.fleet.phase, 'stopped');
  assert.equal(forked(driver), 1);
});

test('more workers boot in turn too, and none of them when fewer are wanted after all', () => {
  const driver = new Driver({ workers: 1, maxBoots: 1 });
  driver.serve();
  assert.deepEqual(
    workersOf(driver.send({ type: 'operate', kind: 'scale', target: { workers: 4 }, request: 1 }), 'fork'),
    [2],
  );
  assert.deepEqual(workersOf(driver.boot(2), 'fork'), [3]);
  const failed = driver.exit(3);
  assert.deepEqual(driver.fleet.unfilled, []);
  assert.equal(driver.fleet.slots.length, 1);
  assert.ok(failed.some((effect) => effect.do === 'answer' && !effect.outcome.ok));
  assert.equal(forked(driver), 3);
});

test('with a compile cache the first worker of a generation boots alone, and the others together after it', () => {
  const driver = new Driver({ workers: 4, maxBoots: 8, maxSurge: 3, compileCache: '/cache' });
  assert.deepEqual(workersOf(driver.send({ type: 'start' }), 'fork'), [1]);
  assert.deepEqual(workersOf(driver.boot(1), 'fork'), [2, 3, 4]);
  for (const worker of [2, 3, 4]) driver.boot(worker);
  assert.equal(driver.fleet.phase, 'serving');
  assert.deepEqual(workersOf(driver.send({ type: 'operate', kind: 'reload' }), 'fork'), [5]);
  assert.deepEqual(workersOf(driver.boot(5), 'fork'), [6, 7, 8]);
});

test('where the generation is warm, more workers boot together', () => {
  const driver = new Driver({ workers: 2, compileCache: '/cache' });
  driver.serve();
  driver.send({ type: 'operate', kind: 'scale', target: { workers: 5 } });
  assert.equal(forked(driver), 5);
});
