import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, kinds, lines, logged, workersOf } from '../fleet/driver.ts';

const recycle = (worker: number) =>
  ({ type: 'operate', kind: 'recycle', target: { worker, reason: 'max-memory' } }) as const;

test('a worker that is to be recycled is replaced by one booted beside it', () => {
  const driver = new Driver();
  driver.serve();
  assert.deepEqual(workersOf(driver.send(recycle(2)), 'fork'), [3]);
  assert.deepEqual(workersOf(driver.takeOver(3), 'drain'), [2]);
  assert.deepEqual(driver.workers, [1, 3]);
  const [log] = lines(driver.leave(2));
  assert.equal(log?.text, 'worker stopped');
  assert.equal(log.fields['for'], 'max-memory');
});

test('it is replaced by a spare, if one is ready, and a spare is booted in its place', () => {
  const driver = new Driver({ spares: 1 });
  driver.serve();
  const effects = driver.send(recycle(2));
  assert.deepEqual(workersOf(effects, 'promote'), [3]);
  assert.deepEqual(workersOf(effects, 'fork'), [4]);
  assert.deepEqual(workersOf(driver.serving(3), 'drain'), [2]);
  assert.deepEqual(driver.workers, [1, 3]);
});

test('it is asked for again and again, and done once', () => {
  const driver = new Driver();
  driver.serve();
  driver.send(recycle(2));
  assert.deepEqual(driver.send(recycle(2)), []);
  driver.takeOver(3);
  assert.deepEqual(driver.send(recycle(2)), []);
});

test('one after another', () => {
  const driver = new Driver();
  driver.serve();
  driver.send(recycle(1));
  driver.send(recycle(2));
  assert.deepEqual(workersOf(driver.takeOver(3), 'fork'), [4]);
});

test('one that has crashed while it waited for its turn needs none', () => {
  const driver = new Driver();
  driver.serve();
  driver.send(recycle(1));
  driver.send(recycle(2));
  driver.exit(2);
  assert.ok(!logged(driver.takeOver(3)).includes('recycling'));
  assert.equal(driver.fleet.running, undefined);
});

test('when it fails the old one goes on, and nothing is recycled for a minute', () => {
  const driver = new Driver();
  driver.serve();
  driver.send(recycle(2));
  assert.ok(logged(driver.exit(3)).includes('recycling failed'));
  assert.deepEqual(driver.workers, [1, 2]);
  assert.deepEqual(driver.send(recycle(1)), []);
  driver.at += 60_000;
  assert.ok(kinds(driver.send(recycle(1))).includes('fork'));
});
