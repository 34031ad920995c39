import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Driver, find, logged, workersOf } from './driver.ts';

describe('a worker that ends unasked', () => {
  test('is replaced at once, and the hook hears of both pids when the new one serves', () => {
    const driver = new Driver();
    driver.serve();
    driver.at = 5000;
    const [fork] = find(driver.exit(1), 'fork');
    assert.deepEqual(fork, { do: 'fork', worker: 3, slot: 0, isParked: false, generation: 1 });
    const calls = find(driver.boot(3), 'call');
    assert.deepEqual(calls, [{ do: 'call', hook: 'onWorkerRecover', oldPid: 1001, newPid: 1003 }]);
  });

  test('again and again is replaced after a backoff, the other slot untouched', () => {
    const driver = new Driver();
    driver.serve();
    const waits: number[] = [];
    let worker = 1;
    for (let crash = 0; crash < 5; crash++) {
      let effects = driver.exit(worker);
      const timer = { timer: 'respawn', slot: 0 } as const;
      const wait = driver.left(timer) ?? 0;
      waits.push(wait);
      if (wait > 0) effects = driver.due(timer);
      [worker] = workersOf(effects, 'fork') as [number];
    }
    assert.deepEqual(waits, [0, 100, 200, 400, 800]);
    assert.deepEqual(driver.states, ['booting', 'serving']);
  });

  test('is replaced at once, however often, when nobody else serves and it did', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    for (let worker = 1; worker <= 5; worker++) {
      driver.at += 300;
      assert.deepEqual(workersOf(driver.exit(worker), 'fork'), [worker + 1]);
      driver.boot(worker + 1);
    }
  });

  test('more often than the threshold within the window gives up', () => {
    const driver = new Driver({ recoverThreshold: 2 });
    driver.serve();
    driver.at = 70_000;
    driver.exit(1);
    driver.exit(2);
    driver.boot(3);
    driver.boot(4);
    driver.exit(3);
    assert.equal(driver.fleet.error?.code, 'ERR_OVER_RECOVERY');
    assert.equal(driver.fleet.phase, 'stopping');
  });

  test('before the window does not count', () => {
    const driver = new Driver({ recoverThreshold: 1 });
    driver.serve();
    driver.exit(1);
    driver.boot(3);
    driver.at = 60_000;
    driver.exit(3);
    assert.equal(driver.fleet.error, undefined);
  });

  test('and is not known changes nothing', () => {
    const driver = new Driver();
    driver.serve();
    assert.deepEqual(driver.exit(99), []);
  });

  test('is counted in its slot, with how it ended', () => {
    const driver = new Driver();
    driver.serve();
    driver.at = 5000;
    driver.exit(1, null, 'SIGSEGV');
    const [slot] = driver.fleet.slots;
    assert.equal(slot?.crashes, 1);
    const { pid, generation, at } = slot.lastExit!;
    assert.deepEqual({ pid, generation, at }, { pid: 1001, generation: 1, at: 5000 });
  });

  test('leaves no deadline behind', () => {
    const driver = new Driver();
    driver.serve();
    driver.exit(1);
    driver.send({ type: 'silent', worker: 2, silent: 30_000 });
    driver.exit(2);
    const left = driver.armed.filter((timer) => 'worker' in timer && timer.worker <= 2);
    assert.deepEqual(left, []);
  });
});

test('one that is not ready in time is killed, and its exit is a crash', () => {
  const driver = new Driver();
  driver.serve();
  driver.exit(1);
  const effects = driver.due({ timer: 'ready', worker: 3 });
  assert.deepEqual(logged(effects), ['worker not ready']);
  assert.deepEqual(workersOf(effects, 'kill'), [3]);
  assert.deepEqual(driver.states, ['booting', 'serving']);
  driver.exit(3, null, 'SIGKILL');
  assert.deepEqual(driver.states, ['vacant', 'serving']);
  assert.equal(driver.left({ timer: 'respawn', slot: 0 }), 100);
});
