import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ADDRESS, Driver, find, lines, logged, workersOf } from './driver.ts';

const HEALTH = '127.0.0.1:8081';
const settle = (worker: number) => ({ timer: 'settle', worker }) as const;

/** Makes a worker that serves a port for health checks and then its own, and a reload whose next worker boots. */
function reloading(changes: ConstructorParameters<typeof Driver>[0] = {}): Driver {
  const driver = new Driver({ workers: 1, settle: 500, ...changes });
  driver.serve();
  driver.opens(1, HEALTH);
  driver.at = 5000;
  driver.send({ type: 'operate', kind: 'reload', request: 7 });
  driver.send({ type: 'forked', worker: 2, pid: 1002 });
  return driver;
}

describe('the first start', () => {
  test('is over when every worker has lasted for the settling time', () => {
    const driver = new Driver({ settle: 500 });
    driver.send({ type: 'start' });
    driver.boot(1);
    assert.deepEqual(logged(driver.boot(2)), []);
    assert.equal(driver.left(settle(1)), 500);
    driver.due(settle(1));
    assert.deepEqual(driver.states, ['serving', 'taking']);
    assert.deepEqual(logged(driver.due(settle(2))), ['worker ready', 'ready']);
  });

  test('fails with a worker that ends while it settles, and drains what accepts', () => {
    const driver = new Driver({ settle: 500 });
    driver.send({ type: 'start' });
    driver.boot(1);
    driver.boot(2);
    const lastWords = { error: 'Error: EADDRINUSE', stderr: '' };
    const effects = driver.send({ type: 'exited', worker: 1, code: 1, signal: null, lastWords });
    assert.match(driver.fleet.error?.message ?? '', /slot 0 ended before it was ready: uncaught Error: EADDRINUSE/);
    assert.deepEqual(workersOf(effects, 'drain'), [2]);
  });

  test('of a primary that succeeds another is not over before the addresses of that one are served', () => {
    const driver = new Driver({ workers: 1 }, [ADDRESS, HEALTH]);
    driver.send({ type: 'start' });
    driver.opens(1, HEALTH);
    assert.equal(driver.fleet.phase, 'starting');
    driver.opens(1, ADDRESS);
    driver.serving(1);
    assert.equal(driver.fleet.phase, 'serving');
  });

  test('of a primary that succeeds another: nothing is accepted before it has settled', () => {
    const driver = new Driver({ workers: 1, settle: 500 }, [ADDRESS]);
    const [fork] = find(driver.send({ type: 'start' }), 'fork');
    assert.equal(fork?.isParked, true);
    assert.deepEqual(workersOf(driver.boot(1), 'accept'), []);
    assert.deepEqual(workersOf(driver.due(settle(1)), 'accept'), [1]);
    assert.equal(driver.fleet.phase, 'starting', 'it does not accept yet');
    driver.serving(1);
    assert.equal(driver.fleet.phase, 'serving');
  });

  test('of a primary whose predecessor is gone early: what is there accepts at once', () => {
    const driver = new Driver({ workers: 1, settle: 500 }, [ADDRESS]);
    driver.send({ type: 'start' });
    driver.boot(1);
    assert.deepEqual(workersOf(driver.send({ type: 'left-alone' }), 'accept'), [1]);
    driver.serving(1);
    assert.equal(driver.fleet.phase, 'serving');

    const early = new Driver({ workers: 1 }, [ADDRESS]);
    early.send({ type: 'left-alone' });
    assert.equal(find(early.send({ type: 'start' }), 'fork')[0]?.isParked, false);
  });
});

describe('a successor', () => {
  test('is not ready before it listens wherever the old worker does', () => {
    const driver = reloading();
    driver.opens(2, HEALTH);
    driver.at += 25_000;
    assert.deepEqual(
      driver.armed.filter(({ timer }) => timer === 'settle'),
      [],
    );
    assert.deepEqual(driver.workers, [1]);
    driver.opens(2, ADDRESS);
    assert.equal(driver.left(settle(2)), 500);
    assert.deepEqual(workersOf(driver.due(settle(2)), 'accept'), [2]);
    assert.deepEqual(driver.workers, [1], 'it does not accept yet');
    assert.deepEqual(workersOf(driver.serving(2), 'drain'), [1]);
    assert.deepEqual(driver.workers, [2]);
  });

  test('that dies while it settles fails the reload, and nothing else has happened', () => {
    const driver = reloading();
    driver.opens(2, HEALTH);
    driver.opens(2, ADDRESS);
    const effects = driver.exit(2);
    assert.equal(find(effects, 'answer')[0]?.outcome.ok, false);
    assert.deepEqual(workersOf(effects, 'drain'), []);
    assert.deepEqual(driver.states, ['serving']);
    assert.deepEqual(find(effects, 'sweep'), [{ do: 'sweep', slot: 0 }], 'what it alone had opened is closed');
  });

  test('that closes a server while it settles is looked at again', () => {
    const driver = reloading();
    driver.opens(2, HEALTH);
    driver.opens(2, ADDRESS);
    driver.send({ type: 'closed', worker: 2, address: ADDRESS });
    assert.deepEqual(workersOf(driver.due(settle(2)), 'accept'), []);
    driver.opens(2, ADDRESS);
    assert.deepEqual(workersOf(driver.due(settle(2)), 'accept'), [2]);
  });

  test('that never opens an address is taken as it is after the ready timeout, and no other waits for that again', () => {
    const driver = new Driver({ settle: 500 });
    driver.serve();
    for (const worker of [1, 2]) driver.opens(worker, HEALTH);
    driver.send({ type: 'operate', kind: 'reload', request: 7 });
    driver.boot(3);
    const effects = driver.due({ timer: 'ready', worker: 3 });
    assert.equal(driver.at, 30_500);
    assert.deepEqual(logged(effects), ['address given up']);
    assert.equal(lines(effects)[0]?.fields['address'], HEALTH);
    driver.due(settle(3));
    driver.serving(3);
    driver.boot(4);
    assert.equal(driver.left(settle(4)), 500);
  });

  test('that gives up addresses which were invented, again and again, leaves a bounded number, and those of its slot', () => {
    const driver = new Driver({ workers: 1, settle: 0 });
    driver.serve();
    for (let round = 0; round < 5; round++) {
      const worker = round + 1;
      for (let nth = 0; nth < 1000; nth++) driver.opens(worker, `${round}.invented:${nth}`);
      driver.send({ type: 'exited', worker, code: 1, signal: null });
      if (driver.left({ timer: 'respawn', slot: 0 }) !== undefined) driver.due({ timer: 'respawn', slot: 0 });
      driver.boot(worker + 1);
      driver.due({ timer: 'ready', worker: worker + 1 });
      driver.serving(worker + 1);
      const { dropped } = driver.fleet;
      assert.ok(dropped.length <= 1024, `${dropped.length} after round ${round}`);
      assert.ok([0, 999].every((nth) => dropped.includes(`${round}.invented:${nth}`)));
    }
  });

  test('is not kept waiting for what the old worker opened long after it had booted', () => {
    const driver = new Driver({ workers: 1, settle: 500 });
    driver.serve();
    driver.at = 60_000;
    driver.opens(1, HEALTH);
    driver.send({ type: 'operate', kind: 'reload' });
    driver.boot(2);
    assert.equal(driver.left(settle(2)), 500);
  });

  test('is waited for again by the next reload: its code may be another', () => {
    const driver = reloading({ settle: 0 });
    driver.opens(2, ADDRESS);
    driver.due({ timer: 'ready', worker: 2 });
    driver.serving(2);
    assert.deepEqual(driver.fleet.dropped, [HEALTH]);
    driver.opens(2, HEALTH);
    driver.send({ type: 'operate', kind: 'reload' });
    driver.boot(3);
    assert.deepEqual(workersOf(driver.opens(3, ADDRESS), 'accept'), []);
  });

  test('that listens nowhere and says that it is ready, after one that listened nowhere, is', () => {
    const driver = new Driver({ workers: 1 });
    driver.send({ type: 'start' });
    driver.send({ type: 'booted', worker: 1 });
    driver.send({ type: 'operate', kind: 'reload' });
    assert.deepEqual(workersOf(driver.send({ type: 'booted', worker: 2 }), 'accept'), [2]);
    driver.send({ type: 'serving', worker: 2 });
    assert.deepEqual(driver.workers, [2]);
  });
});

test('a successor accepts at once when the worker that it is to replace is gone, and serves when it is ready', () => {
  const driver = reloading();
  assert.deepEqual(workersOf(driver.exit(1), 'accept'), [2]);
  driver.send({ type: 'serving', worker: 2 });
  driver.opens(2, HEALTH);
  driver.opens(2, ADDRESS);
  assert.deepEqual(driver.states, ['vacant']);
  assert.deepEqual(workersOf(driver.due(settle(2)), 'accept'), []);
  assert.deepEqual([driver.workers, driver.fleet.reloads.done], [[2], 1]);
});

describe('a worker that fills a vacant slot', () => {
  test('serves when it listens wherever the one before it did, at once after one that did well', () => {
    const driver = new Driver();
    driver.serve();
    driver.opens(1, HEALTH);
    driver.at = 20_000;
    driver.exit(1);
    driver.boot(3);
    assert.deepEqual(driver.states, ['taking', 'serving']);
    driver.opens(3, HEALTH);
    assert.deepEqual(driver.states, ['serving', 'serving']);
  });

  test('settles longer, the more workers of its code have died there', () => {
    const driver = new Driver({ settle: 500 });
    driver.serve();
    const times: Array<number | undefined> = [];
    for (const worker of [1, 3, 4, 5, 6, 7, 8]) {
      driver.exit(worker);
      const timer = { timer: 'respawn', slot: 0 } as const;
      if (driver.left(timer) !== undefined) driver.due(timer);
      const next = driver.fleet.workersForked;
      driver.boot(next);
      times.push(driver.left(settle(next)));
    }
    assert.deepEqual(times, [1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
  });
});

describe('--ready message', () => {
  test('takes the word for it, wherever it listens', () => {
    const driver = new Driver({ workers: 1, ready: 'message' });
    driver.send({ type: 'start' });
    driver.boot(1);
    assert.equal(driver.fleet.phase, 'starting');
    driver.send({ type: 'booted', worker: 1 });
    assert.equal(driver.fleet.phase, 'serving');
    driver.send({ type: 'operate', kind: 'reload' });
    driver.boot(2);
    assert.deepEqual(workersOf(driver.send({ type: 'booted', worker: 2 }), 'accept'), [2]);
  });

  test('fails the start of one that does not say it in time', () => {
    const driver = new Driver({ workers: 1, ready: 'message' });
    driver.send({ type: 'start' });
    driver.boot(1);
    driver.due({ timer: 'ready', worker: 1 });
    assert.match(
      driver.fleet.error?.message ?? '',
      /did not call process\.send\('ready'\) within 30s \(--ready message/,
    );
  });
});

test('--ready start needs nothing but code that runs, and lasts', () => {
  const driver = new Driver({ workers: 1, ready: 'start', settle: 500 });
  driver.send({ type: 'start' });
  driver.send({ type: 'forked', worker: 1, pid: 1001 });
  driver.send({ type: 'started', worker: 1 });
  assert.deepEqual(logged(driver.due(settle(1))), ['worker ready', 'ready']);
});
