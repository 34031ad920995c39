import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Effect } from '../../../../src/primary/fleet/events.ts';
import { Driver, find, logged, stop, workersOf } from '../fleet/driver.ts';

/** Returns the requests that were told how it ended. */
const settled = (effects: readonly Effect[]): Array<[number, boolean]> =>
  find(effects, 'answer').map(({ request, outcome }) => [request, outcome.ok]);

function reasonsOf(effects: readonly Effect[]): string[] {
  return find(effects, 'answer').flatMap(({ outcome }) => (outcome.ok ? [] : [outcome.reason]));
}

test('operations run one after another, as they were asked for', () => {
  const driver = new Driver({ workers: 1 });
  driver.serve();
  driver.send({ type: 'operate', kind: 'reload', request: 1 });
  assert.deepEqual(logged(driver.send({ type: 'operate', kind: 'scale', target: { workers: 2 }, request: 2 })), [
    'scale waits',
  ]);
  const effects = driver.takeOver(2);
  assert.deepEqual(settled(effects), [[1, true]]);
  assert.deepEqual(workersOf(effects, 'fork'), [3]);
  assert.deepEqual(settled(driver.boot(3)), [[2, true]]);
});

test('reloads that wait for the same turn are one', () => {
  const driver = new Driver({ workers: 1 });
  driver.serve();
  driver.send({ type: 'operate', kind: 'reload', request: 1 });
  driver.send({ type: 'operate', kind: 'reload', request: 2 });
  driver.send({ type: 'operate', kind: 'reload', request: 3 });
  assert.deepEqual(settled(driver.takeOver(2)), [[1, true]]);
  assert.deepEqual(settled(driver.takeOver(3)), [
    [2, true],
    [3, true],
  ]);
  assert.equal(driver.fleet.running, undefined);
});

test('one that fails does not keep the next from its turn', () => {
  const driver = new Driver({ workers: 1 });
  driver.serve();
  driver.send({ type: 'operate', kind: 'reload', request: 1 });
  driver.send({ type: 'operate', kind: 'reload', request: 2 });
  const effects = driver.exit(2);
  assert.deepEqual(settled(effects), [[1, false]]);
  assert.deepEqual(settled(driver.takeOver(3)), [[2, true]]);
});

describe('at a stop', () => {
  test('what runs and what waits are answered, and nothing is begun', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload', request: 1 });
    driver.send({ type: 'operate', kind: 'scale', target: { by: 1 }, request: 2 });
    const effects = driver.send(stop);
    assert.deepEqual(settled(effects), [
      [1, false],
      [2, false],
    ]);
    assert.deepEqual(workersOf(effects, 'fork'), []);
    assert.deepEqual(reasonsOf(driver.send({ type: 'operate', kind: 'reload', request: 3 })), [
      'the server is stopping',
    ]);
  });
});

describe('an upgrade', () => {
  test('that fails has changed nothing', () => {
    const driver = new Driver();
    driver.serve();
    assert.ok(find(driver.send({ type: 'operate', kind: 'upgrade', request: 1 }), 'upgrade').length === 1);
    const effects = driver.send({ type: 'upgrade-failed', reason: 'no' });
    assert.deepEqual(reasonsOf(effects), ['no']);
    assert.deepEqual(logged(effects), ['upgrade failed']);
    assert.deepEqual(driver.workers, [1, 2]);
  });

  test('that is done drains this primary’s workers, for as long as a drain may take', () => {
    const driver = new Driver();
    driver.serve();
    driver.send({ type: 'operate', kind: 'upgrade', request: 1 });
    driver.send({ type: 'operate', kind: 'reload', request: 2 });
    driver.send({ type: 'operate', kind: 'scale', target: { by: -2 } });
    const effects = driver.send({ type: 'upgraded', pid: 99, generation: 2 });
    assert.deepEqual(settled(effects), [
      [1, true],
      [2, false],
    ]);
    const [done, waiting] = find(effects, 'answer').map(({ outcome }) => outcome);
    assert.ok(done?.ok === true && done.generation === 2, 'the generation is the next primary’s');
    assert.ok(waiting?.ok === false && waiting.again === true, 'what waits is to be asked of the next primary');
    // Signals have no answer, and are passed on.
    assert.deepEqual(
      find(effects, 'signal').map(({ pid, signal }) => [pid, signal]),
      [
        [99, 'SIGTTOU'],
        [99, 'SIGTTOU'],
      ],
    );
    assert.deepEqual(find(driver.send({ type: 'operate', kind: 'reload', request: 3 }), 'answer')[0]?.outcome, {
      ok: false,
      reason: 'the server was upgraded',
      again: true,
    });
    assert.deepEqual(workersOf(effects, 'drain'), [1, 2]);
    assert.equal(driver.left({ timer: 'grace' }), 20_000);
    driver.leave(1);
    assert.deepEqual(driver.leave(2).at(-1), { do: 'finish', error: undefined });
  });

  test('that nobody asked for, or waits for any more, is none', () => {
    const driver = new Driver();
    driver.serve();
    assert.deepEqual(driver.send({ type: 'upgraded', pid: 99, generation: 2 }), []);
    assert.deepEqual(driver.send({ type: 'upgrade-failed', reason: 'no' }), []);
  });
});
