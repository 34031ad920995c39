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

  test('is tried again within a second, when nobody else serves', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    const waits: number[] = [];
    for (let worker = 1; worker <= 8; worker++) {
      driver.at += 300;
      driver.exit(worker);
      const timer = { timer: 'respawn', slot: 0 } as const;
      waits.push(driver.left(timer) ?? 0);
      if (waits.at(-1) !== 0) driver.due(timer);
      driver.boot(worker + 1);
    }
    assert.deepEqual(waits, [0, 100, 200, 400, 800, 1000, 1000, 1000]);
  });

  test('last of all has the slot filled whose backoff ends first, and that one alone', () => {
    const driver = new Driver({ workers: 3, recoverInterval: 5000 });
    driver.serve();
    const timers = [0, 1, 2].map((slot) => ({ timer: 'respawn', slot }) as const);
    driver.exit(1);
    driver.exit(4);
    driver.at += 1000;
    driver.exit(2);
    driver.exit(5);
    assert.deepEqual(
      timers.map((timer) => driver.left(timer)),
      [4000, 5000, undefined],
    );
    // A worker is on its way. It is slot 2's next one, which fails as well.
    driver.exit(3);
    assert.deepEqual(
      timers.map((timer) => driver.left(timer)),
      [4000, 5000, undefined],
    );
    driver.exit(6);
    assert.deepEqual(
      timers.map((timer) => driver.left(timer)),
      [4000, 5000, 1000],
    );
    driver.due(timers[2]!);
    driver.exit(7);
    assert.deepEqual(
      timers.map((timer) => driver.left(timer)),
      [3000, 4000, 1000],
    );
  });

  test('is replaced at once, however often, when it served and another process killed it', () => {
    const driver = new Driver();
    driver.serve();
    for (const worker of [1, 3, 4, 5, 6]) {
      const next = worker === 1 ? 3 : worker + 1;
      assert.deepEqual(workersOf(driver.exit(worker, null, 'SIGKILL'), 'fork'), [next]);
      driver.boot(next);
      assert.deepEqual(driver.states, ['serving', 'serving']);
    }
  });

  test('by a signal of its own fault has the backoff', () => {
    const driver = new Driver();
    driver.serve();
    driver.exit(1, null, 'SIGSEGV');
    driver.boot(3);
    driver.exit(3, null, 'SIGSEGV');
    assert.equal(driver.left({ timer: 'respawn', slot: 0 }), 100);
  });

  test('in a loop that no worker outlives ends it all after a window, by default', () => {
    const driver = new Driver({ workers: 1, recoverThreshold: 'auto' });
    driver.serve();
    for (let worker = 1; driver.fleet.error === undefined; worker++) {
      driver.at += 300;
      driver.exit(worker);
      assert.ok(driver.at < 70_000, 'it ends');
      if (driver.left({ timer: 'respawn', slot: 0 }) !== undefined) driver.due({ timer: 'respawn', slot: 0 });
      driver.boot(worker + 1);
    }
    assert.ok(driver.at >= 60_000);
    assert.equal(driver.fleet.error?.code, 'ERR_OVER_RECOVERY');
    assert.match(driver.fleet.error.message, /no worker has lasted for 60s/);
  });

  test('is no such loop while another slot’s worker lasts', () => {
    const driver = new Driver({ recoverThreshold: 'auto' });
    driver.serve();
    let worker = 2;
    for (driver.at = 300; driver.at < 600_000; worker++) {
      driver.exit(worker);
      if (driver.left({ timer: 'respawn', slot: 1 }) !== undefined) driver.due({ timer: 'respawn', slot: 1 });
      driver.boot(worker + 1);
      driver.at += 300;
    }
    assert.equal(driver.fleet.error, undefined);
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
