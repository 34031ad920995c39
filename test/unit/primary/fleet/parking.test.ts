import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Driver, find, kinds, logged, stop, workersOf } from './driver.ts';

const settle = (worker: number) => ({ timer: 'settle', worker }) as const;
const parked = (worker: number) => ({ timer: 'parked', worker }) as const;

/** Makes two slots. A reload has given the first to worker 3. Worker 1 is parked, and worker 4 boots for the second. */
function halfway(): Driver {
  const driver = new Driver({ settle: 500 });
  driver.serve();
  driver.send({ type: 'operate', kind: 'reload', request: 7 });
  driver.boot(3);
  driver.due(settle(3));
  driver.serving(3);
  assert.deepEqual([driver.workers, driver.fleet.slots[0]?.previous], [[3, 2], 1]);
  return driver;
}

test('while one settles the next one boots, and all settle side by side', () => {
  const driver = new Driver({ workers: 4, settle: 500 });
  driver.serve();
  driver.send({ type: 'operate', kind: 'reload' });
  for (let worker = 5; worker < 8; worker++) assert.deepEqual(workersOf(driver.boot(worker), 'fork'), [worker + 1]);
  driver.boot(8);
  for (let worker = 5; worker <= 8; worker++) driver.due(settle(worker));
  assert.equal(driver.at, 1000, 'after the start, which took as long');
  for (let worker = 5; worker <= 8; worker++) driver.serving(worker);
  assert.equal(driver.fleet.reloads.done, 1);
});

describe('a reload that loses a new worker', () => {
  test('which boots: slots that were done go back to their parked workers', () => {
    const driver = halfway();
    const effects = driver.exit(4);
    assert.equal(find(effects, 'answer')[0]?.outcome.ok, false);
    assert.deepEqual(workersOf(effects, 'accept'), [1]);
    assert.deepEqual(workersOf(effects, 'drain'), [3]);
    assert.ok(kinds(effects).indexOf('accept') < kinds(effects).indexOf('drain'));
    assert.ok(logged(effects).includes('worker back'));
    assert.deepEqual(
      [driver.workers, driver.states],
      [
        [1, 2],
        ['serving', 'serving'],
      ],
    );
    assert.equal(driver.left(parked(1)), undefined);
  });

  test('which had its slot already: that one goes back too, and nothing is booted in its place', () => {
    const driver = halfway();
    const effects = driver.exit(3);
    assert.equal(find(effects, 'answer')[0]?.outcome.ok, false);
    assert.deepEqual(workersOf(effects, 'accept'), [1]);
    assert.deepEqual(workersOf(effects, 'terminate'), [4]);
    assert.deepEqual(workersOf(effects, 'fork'), []);
    assert.deepEqual(driver.workers, [1, 2]);
    assert.equal(driver.fleet.slots[0]?.crashes, 1);
  });

  test('which had proved itself: that was an accident, and the reload goes on', () => {
    const driver = halfway();
    assert.deepEqual(workersOf(driver.due(parked(1)), 'drain'), [1]);
    const effects = driver.exit(3);
    assert.deepEqual(find(effects, 'answer'), []);
    assert.deepEqual(workersOf(effects, 'fork'), [5]);
    driver.boot(4);
    driver.due(settle(4));
    driver.serving(4);
    driver.boot(5);
    assert.equal(driver.fleet.reloads.done, 1);
  });
});

test('a parked worker that ends is missed by nobody, and its slot is filled anew when the reload fails', () => {
  const driver = halfway();
  assert.deepEqual(logged(driver.exit(1)), ['worker exited']);
  assert.equal(driver.fleet.slots[0]?.crashes, 0);
  const effects = driver.exit(4);
  assert.deepEqual(workersOf(effects, 'accept'), []);
  assert.deepEqual([workersOf(effects, 'drain'), driver.workers], [[3], [5, 2]]);
});

test('a worker that hangs is no one to go back to: it drains at once', () => {
  const driver = new Driver({ workers: 1 });
  driver.serve();
  driver.send({ type: 'hung', worker: 1, silent: 1000 });
  driver.send({ type: 'operate', kind: 'reload' });
  assert.deepEqual(workersOf(driver.takeOver(2), 'park'), []);
  assert.equal(driver.fleet.workers.get(1)?.state, 'draining');
});

test('a stop halfway ends the parked workers with all others', () => {
  const driver = halfway();
  driver.send(stop);
  assert.deepEqual(
    [...driver.fleet.workers.values()].map(({ state }) => state),
    ['draining', 'draining', 'draining', 'ending'],
  );
  for (const worker of [1, 2, 3]) driver.leave(worker);
  assert.deepEqual(driver.exit(4, null, 'SIGTERM').at(-1), { do: 'finish', error: undefined });
});
