import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, find, kinds, logged, workersOf } from './driver.ts';

const hung = (worker: number) => ({ type: 'hung', worker, silent: 1000 }) as const;
const silent = (worker: number) => ({ type: 'silent', worker, silent: 30_000 }) as const;
const beating = (worker: number) => ({ type: 'beating', worker }) as const;

test('others accept for a worker that hangs, until it beats again', () => {
  const driver = new Driver();
  driver.serve();
  assert.deepEqual(find(driver.send(hung(1)), 'rescue'), [{ do: 'rescue', worker: 1, isHung: true }]);
  assert.deepEqual(driver.send(hung(1)), []);
  assert.deepEqual(find(driver.send(beating(1)), 'rescue'), [{ do: 'rescue', worker: 1, isHung: false }]);
  assert.deepEqual(driver.send(beating(1)), []);
  assert.deepEqual(driver.states, ['serving', 'serving']);
});

test('one that is silent for too long is looked into, and killed when its stack is known', () => {
  const driver = new Driver({ hangStack: 'on' });
  driver.serve();
  driver.send(hung(1));
  const effects = driver.send(silent(1));
  assert.deepEqual(find(effects, 'diagnose'), [{ do: 'diagnose', worker: 1 }]);
  assert.deepEqual(workersOf(effects, 'kill'), []);
  assert.deepEqual(driver.send(silent(1)), []);
  const found = driver.send({ type: 'diagnosed', worker: 1, stack: 'at loop (app.js:1)' });
  assert.deepEqual(kinds(found), ['tell', 'kill']);
  assert.deepEqual(workersOf(driver.exit(1, null, 'SIGKILL'), 'fork'), [3]);
});

test('one that is not to be looked into is killed at once', () => {
  const driver = new Driver();
  driver.serve();
  assert.deepEqual(kinds(driver.send(silent(1))), ['tell', 'kill']);
  assert.deepEqual(driver.send(silent(1)), []);
});

test('one that cannot be looked into is killed all the same', () => {
  const driver = new Driver({ hangStack: 'on' });
  driver.serve();
  driver.send(silent(1));
  assert.deepEqual(workersOf(driver.due({ timer: 'kill', worker: 1 }), 'kill'), [1]);
  assert.equal(driver.at, 5000);
});

test('one that beats again when it was given up is killed all the same, and gets nothing back before', () => {
  const driver = new Driver({ hangStack: 'on' });
  driver.serve();
  driver.send(hung(1));
  driver.send(silent(1));
  assert.deepEqual(driver.send(beating(1)), []);
  assert.deepEqual(workersOf(driver.due({ timer: 'kill', worker: 1 }), 'kill'), [1]);
});

test('one that beats again while it drains has its sockets no more, and is as any other from then on', () => {
  const driver = new Driver();
  driver.serve();
  driver.send(hung(1));
  driver.send({ type: 'stop', signal: 'SIGTERM', idle: 0 });
  assert.deepEqual(kinds(driver.send(beating(1))), ['tell']);
  assert.deepEqual(driver.send(beating(1)), []);
});

test('one that is given up while it drains is killed when its time is over, however its drain ends', () => {
  const driver = new Driver({ hangStack: 'on' });
  driver.serve();
  driver.send({ type: 'stop', signal: 'SIGTERM', idle: 0 });
  const givenUpAt = driver.at;
  driver.send(silent(1));
  // The worker beats again while it is looked into, and has no connection left.
  assert.deepEqual(workersOf(driver.send({ type: 'drained', worker: 1 }), 'terminate'), []);
  assert.equal(driver.left({ timer: 'drain', worker: 1 }), undefined);
  assert.deepEqual(workersOf(driver.due({ timer: 'kill', worker: 1 }), 'kill'), [1]);
  assert.equal(driver.at - givenUpAt, 5000);
});

test('only one that serves can hang', () => {
  const driver = new Driver({ spares: 1 });
  driver.serve();
  driver.exit(1);
  for (const worker of [3, 4]) {
    assert.deepEqual(driver.send(hung(worker)), []);
    assert.deepEqual(driver.send(silent(worker)), []);
  }
});

test('what was found out of one that was not given up is of no use', () => {
  const driver = new Driver();
  driver.serve();
  assert.deepEqual(driver.send({ type: 'diagnosed', worker: 1, stack: '' }), []);
});

test('one that hangs is replaced by a reload like any other, and has its deadlines', () => {
  const driver = new Driver({ workers: 1 });
  driver.serve();
  driver.send(hung(1));
  driver.send({ type: 'operate', kind: 'reload' });
  assert.ok(logged(driver.takeOver(2)).includes('reload done'));
  driver.due({ timer: 'drain', worker: 1 });
  assert.deepEqual(driver.send(silent(1)), [], 'it was told to end, and has its time for that');
  assert.deepEqual(workersOf(driver.due({ timer: 'kill', worker: 1 }), 'kill'), [1]);
});

for (const hangStack of ['off', 'on'] as const) {
  test(`one that is silent for too long as it drains is not waited for, with --hang-stack ${hangStack}`, () => {
    const driver = new Driver({ workers: 1, hangStack });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    driver.takeOver(2);
    const effects = driver.send(silent(1));
    assert.deepEqual(logged(effects), ['worker given up']);
    const killing = hangStack === 'off' ? effects : driver.send({ type: 'diagnosed', worker: 1, stack: 'at loop' });
    assert.deepEqual(workersOf(killing, 'kill'), [1]);
    assert.deepEqual(workersOf(driver.exit(1, null, 'SIGKILL'), 'fork'), [], 'its slot is another worker’s');
    assert.deepEqual(driver.workers, [2]);
  });
}
