import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADDRESS, Driver, find, kinds, logged, workersOf } from './driver.ts';

test('the deadline is armed before each fork, and the sockets are the slots’ own', () => {
  const effects = new Driver().send({ type: 'start' });
  assert.deepEqual(kinds(effects), ['arm', 'fork', 'arm', 'fork']);
  assert.deepEqual(find(effects, 'fork'), [
    { do: 'fork', worker: 1, slot: 0, isParked: false, generation: 1 },
    { do: 'fork', worker: 2, slot: 1, isParked: false, generation: 1 },
  ]);
});

test('it is ready when every worker is', () => {
  const driver = new Driver();
  driver.send({ type: 'start' });
  driver.send({ type: 'forked', worker: 1, pid: 11 });
  driver.send({ type: 'forked', worker: 2, pid: 12 });
  assert.deepEqual(logged(driver.send({ type: 'booted', worker: 2 })), ['worker ready']);
  const effects = driver.send({ type: 'booted', worker: 1 });
  assert.deepEqual(logged(effects), ['worker ready', 'ready']);
  assert.deepEqual(find(effects, 'call').at(-1), { do: 'call', hook: 'onPrimaryReady', pids: [11, 12] });
});

test('onWorkerSpawn hears of each pid', () => {
  const driver = new Driver();
  driver.send({ type: 'start' });
  const calls = find(driver.send({ type: 'forked', worker: 1, pid: 11 }), 'call');
  assert.deepEqual(calls, [{ do: 'call', hook: 'onWorkerSpawn', pid: 11 }]);
});

test('no deadline is left of one that serves but the sweep’s', () => {
  const driver = new Driver({ workers: 1 });
  driver.serve();
  assert.deepEqual(driver.armed, [{ timer: 'sweep', slot: 0 }]);
  assert.deepEqual(driver.due({ timer: 'sweep', slot: 0 }), [{ do: 'sweep', slot: 0 }]);
});

for (const type of ['booted', 'serving'] as const) {
  test(`${type} once more changes nothing`, () => {
    const driver = new Driver();
    driver.serve();
    assert.deepEqual(driver.send({ type, worker: 1 }), []);
  });
}

test('an address that is open already changes nothing', () => {
  const driver = new Driver();
  driver.serve();
  const before = driver.fleet;
  driver.send({ type: 'opened', worker: 1, address: ADDRESS });
  assert.equal(driver.fleet, before);
});

test('a worker that cannot boot ends it at once: the one that serves drains, the one that boots is killed', () => {
  const driver = new Driver({ workers: 3 });
  driver.send({ type: 'start' });
  driver.boot(1);
  const effects = driver.exit(2);
  assert.deepEqual(workersOf(effects, 'drain'), [1]);
  assert.deepEqual(workersOf(effects, 'terminate'), [3]);
  assert.deepEqual(workersOf(driver.due({ timer: 'kill', worker: 3 }), 'kill'), [3]);
  assert.ok(driver.at <= 250, 'at once, but for what it may have to print');
  driver.exit(3, null, 'SIGKILL');
  const [finish] = find(driver.exit(1, 0), 'finish');
  assert.equal(finish?.error?.code, 'ERR_BOOT_FAILED');
});

test('an entry that ends without listening is told so', () => {
  const driver = new Driver({ workers: 1 });
  driver.send({ type: 'start' });
  const [finish] = find(driver.exit(1, 0), 'finish');
  assert.equal(finish?.error?.code, 'ERR_BOOT_FAILED');
  assert.match(finish.error.message, /neither listened nor said/);
});

test('so does a crash of one that was ready, while others still boot', () => {
  const driver = new Driver();
  driver.send({ type: 'start' });
  driver.boot(1);
  assert.deepEqual(workersOf(driver.exit(1), 'terminate'), [2]);
  assert.equal(driver.fleet.error?.code, 'ERR_BOOT_FAILED');
});

test('one that is not ready in time ends it', () => {
  const driver = new Driver();
  driver.send({ type: 'start' });
  driver.boot(1);
  const effects = driver.due({ timer: 'ready', worker: 2 });
  assert.equal(driver.at, 30_000);
  assert.match(driver.fleet.error?.message ?? '', /did not listen.*within 30s/);
  assert.deepEqual(workersOf(effects, 'terminate'), [2]);
  assert.deepEqual(workersOf(driver.due({ timer: 'kill', worker: 2 }), 'kill'), [2]);
});

test('a process that cannot be forked is a boot that failed', () => {
  const driver = new Driver({ workers: 1 });
  driver.send({ type: 'start' });
  const error = new Error('spawn EAGAIN');
  const effects = driver.send({ type: 'exited', worker: 1, code: null, signal: null, error });
  assert.match(find(effects, 'finish')[0]?.error?.message ?? '', /EAGAIN/);
});

test('what is asked for while it starts is done when it serves', () => {
  const driver = new Driver({ workers: 1 });
  driver.send({ type: 'start' });
  assert.deepEqual(driver.send({ type: 'operate', kind: 'reload' }), []);
  assert.ok(logged(driver.boot(1)).includes('reloading'));
});

test('nothing is said of a worker that is not known', () => {
  const driver = new Driver();
  driver.serve();
  assert.deepEqual(driver.send({ type: 'forked', worker: 99, pid: 99 }), []);
  assert.deepEqual(driver.send({ type: 'booted', worker: 99 }), []);
  assert.deepEqual(driver.send({ type: 'drained', worker: 99 }), []);
});
