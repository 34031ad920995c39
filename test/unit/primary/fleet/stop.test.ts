import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PreforkError } from '../../../../src/errors.ts';
import { Driver, find, kinds, lines, logged, stop, workersOf } from './driver.ts';

/** The stop that the control socket asks for. */
const command = { type: 'stop', idle: 5000 } as const;

describe('a stop', () => {
  test('drains workers, terminates those that are drained, and is over with the last one', () => {
    const driver = new Driver();
    driver.serve();
    const effects = driver.send(stop);
    assert.deepEqual(
      find(effects, 'drain').map(({ worker, idle }) => [worker, idle]),
      [
        [1, 5000],
        [2, 5000],
      ],
    );
    assert.ok(kinds(effects).indexOf('close-listeners') < kinds(effects).indexOf('drain'));
    assert.deepEqual(workersOf(driver.send({ type: 'drained', worker: 1 }), 'terminate'), [1]);
    assert.equal(driver.left({ timer: 'kill', worker: 1 }), 10_000);
    assert.deepEqual(find(driver.exit(1, null, 'SIGTERM'), 'finish'), []);
    assert.deepEqual(driver.exit(2, 0).at(-1), { do: 'finish', error: undefined });
    assert.equal(driver.fleet.phase, 'stopped');
    assert.deepEqual(driver.armed, []);
  });

  test('terminates those that still drain near the end, and kills them at the end', () => {
    const driver = new Driver();
    driver.serve();
    driver.send(stop);
    for (const worker of [1, 2]) {
      assert.deepEqual(workersOf(driver.due({ timer: 'drain', worker }), 'terminate'), [worker]);
    }
    assert.equal(driver.at, 9000);
    const effects = driver.due({ timer: 'grace' });
    assert.equal(driver.at, 10_000);
    assert.deepEqual(logged(effects), ['killing workers']);
    assert.deepEqual(workersOf(effects, 'kill'), [1, 2]);
  });

  test('asked for by a second signal is now', () => {
    const driver = new Driver();
    driver.serve();
    driver.send(stop);
    assert.deepEqual(kinds(driver.send({ ...stop, signal: 'SIGINT' })), ['tell', 'kill', 'kill']);
  });

  test('that may have been passed on is no second one, and no first one either', () => {
    const driver = new Driver();
    driver.serve();
    driver.send({ ...stop, isPassedOn: true });
    assert.deepEqual(driver.send(stop), []);
    assert.deepEqual(driver.send({ ...stop, isPassedOn: true }), []);
    assert.deepEqual(workersOf(driver.send(stop), 'kill'), [1, 2]);
  });

  test('asked for by commands, however many, and then by one signal, has its grace', () => {
    const driver = new Driver({ drainDelay: 3000 });
    driver.serve();
    for (const request of [1, 2, 3]) driver.send({ ...command, request });
    driver.due({ timer: 'delay' });
    for (const event of [{ ...command, request: 4 }, stop, { ...command, request: 5 }]) {
      assert.deepEqual(driver.send(event), []);
    }
    assert.deepEqual(workersOf(driver.send(stop), 'kill'), [1, 2]);
  });

  test('asked for now is now', () => {
    const driver = new Driver();
    driver.serve();
    assert.deepEqual(workersOf(driver.send({ ...stop, isNow: true }), 'kill'), [1, 2]);
  });

  test('fills no slot that is in its backoff', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    driver.exit(1);
    driver.exit(2);
    assert.deepEqual(driver.states, ['vacant']);
    assert.deepEqual(find(driver.send(stop), 'finish'), [{ do: 'finish', error: undefined }]);
    assert.deepEqual(driver.send({ type: 'due', timer: { timer: 'respawn', slot: 0 } }), []);
  });

  test('ends a worker that still boots; that it is ready now is too late', () => {
    const driver = new Driver({ workers: 1 });
    driver.send({ type: 'start' });
    assert.deepEqual(workersOf(driver.send(stop), 'terminate'), [1]);
    assert.equal(driver.left({ timer: 'ready', worker: 1 }), undefined);
    assert.deepEqual(driver.send({ type: 'booted', worker: 1 }), []);
    assert.deepEqual(find(driver.exit(1, null, 'SIGTERM'), 'finish'), [{ do: 'finish', error: undefined }]);
  });

  test('fills no slot that had only a successor', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    driver.exit(1);
    const effects = driver.send(stop);
    assert.deepEqual(workersOf(effects, 'terminate'), [2]);
    assert.deepEqual(workersOf(effects, 'fork'), []);
  });

  test('ends spares and successors too', () => {
    const driver = new Driver({ workers: 1, spares: 1 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    assert.deepEqual(workersOf(driver.send(stop), 'terminate'), [3, 2]);
    for (const worker of [3, 2]) assert.deepEqual(find(driver.exit(worker, 0), 'finish'), []);
    assert.equal(driver.exit(1, 0).at(-1)?.do, 'finish');
  });

  test('answers everyone who asked for it, at the end', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    driver.at = 5000;
    driver.send({ ...stop, request: 1 });
    driver.at = 5100;
    driver.send({ ...stop, request: 2 });
    const effects = driver.exit(1, 0);
    const outcome = { ok: true, generation: 1, workers: 0, took: 100 };
    assert.deepEqual(lines(effects).at(-1)?.fields, { in: '100ms' });
    assert.deepEqual(find(effects, 'answer'), [
      { do: 'answer', request: 1, outcome },
      { do: 'answer', request: 2, outcome },
    ]);
    const late = { ...outcome, took: 0 };
    assert.deepEqual(find(driver.send({ ...stop, request: 3 }), 'answer'), [
      { do: 'answer', request: 3, outcome: late },
    ]);
  });
});

describe('a delayed stop', () => {
  test('goes on accepting until the delay is over', () => {
    const driver = new Driver({ drainDelay: 3000 });
    driver.serve();
    assert.deepEqual(workersOf(driver.send(stop), 'drain'), []);
    assert.equal(driver.fleet.phase, 'delaying');
    assert.deepEqual(workersOf(driver.due({ timer: 'delay' }), 'drain'), [1, 2]);
    assert.equal(driver.at, 3000);
  });

  test('replaces who crashes meanwhile', () => {
    const driver = new Driver({ drainDelay: 3000 });
    driver.serve();
    driver.send(stop);
    assert.deepEqual(workersOf(driver.exit(1), 'fork'), [3]);
  });

  test('replaces who crashed during a reload, whose successors are dismissed', () => {
    const driver = new Driver({ drainDelay: 3000 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    driver.exit(1);
    const effects = driver.send(stop);
    assert.deepEqual(workersOf(effects, 'terminate'), [3]);
    assert.deepEqual(
      find(effects, 'fork').map(({ slot }) => slot),
      [0],
    );
  });

  test('asked for by a command meanwhile goes on waiting', () => {
    const driver = new Driver({ drainDelay: 3000 });
    driver.serve();
    driver.send(stop);
    assert.deepEqual(driver.send({ ...command, request: 1 }), []);
    assert.equal(driver.left({ timer: 'delay' }), 3000);
  });

  test('asked for by a second signal waits no longer', () => {
    const driver = new Driver({ drainDelay: 3000 });
    driver.serve();
    driver.send(stop);
    assert.deepEqual(workersOf(driver.send(stop), 'drain'), [1, 2]);
    assert.equal(driver.left({ timer: 'delay' }), undefined);
  });

  test('asked for now is now', () => {
    const driver = new Driver({ drainDelay: 3000 });
    driver.serve();
    driver.send(stop);
    assert.deepEqual(workersOf(driver.send({ ...stop, isNow: true }), 'kill'), [1, 2]);
  });
});

describe('an error', () => {
  test('of a hook stops everything with it', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    const error = new PreforkError('ERR_HOOK_FAILED', 'onPrimaryReady threw: no');
    assert.ok(kinds(driver.send({ type: 'fail', error })).includes('drain'));
    assert.deepEqual(find(driver.exit(1, 0), 'finish'), [{ do: 'finish', error }]);
  });

  test('is told once: the first', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    const first = new PreforkError('ERR_HOOK_FAILED', 'first');
    driver.send({ type: 'fail', error: first });
    driver.send({ type: 'fail', error: new PreforkError('ERR_INTERNAL', 'second') });
    assert.equal(driver.fleet.error, first);
  });

  test('during a stop is how the stop ends', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    driver.send(stop);
    const error = new PreforkError('ERR_INTERNAL', 'broken');
    assert.deepEqual(kinds(driver.send({ type: 'fail', error })), ['tell']);
    assert.deepEqual(find(driver.exit(1, 0), 'finish'), [{ do: 'finish', error }]);
  });
});
