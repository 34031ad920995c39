import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ScaleTarget } from '../../../../src/contract/operations.ts';
import type { Outcome } from '../../../../src/contract/outcome.ts';
import type { Effect } from '../../../../src/primary/fleet/events.ts';
import { Driver, find, kinds, logged, stop, workersOf } from '../fleet/driver.ts';

const scale = (to: ScaleTarget) => ({ type: 'operate', kind: 'scale', target: to, request: 7 }) as const;
const outcomeOf = (effects: readonly Effect[]): Outcome | undefined => find(effects, 'answer')[0]?.outcome;

describe('more slots', () => {
  test('are opened, filled, and done when they serve', () => {
    const driver = new Driver();
    driver.serve();
    const effects = driver.send(scale({ workers: 4 }));
    assert.deepEqual(find(effects, 'reopen'), [
      { do: 'reopen', slot: 2 },
      { do: 'reopen', slot: 3 },
    ]);
    assert.deepEqual(workersOf(effects, 'fork'), [3, 4]);
    driver.boot(4);
    assert.deepEqual(outcomeOf(driver.boot(3)), { ok: true, generation: 1, workers: 4, took: 0 });
  });

  test('that cannot be filled go again, and the old ones stay', () => {
    const driver = new Driver();
    driver.serve();
    driver.send(scale({ by: 2 }));
    driver.boot(3);
    const effects = driver.exit(4);
    assert.equal(outcomeOf(effects)?.ok, false);
    assert.deepEqual(workersOf(effects, 'drain'), [3]);
    assert.deepEqual(driver.workers, [1, 2]);
    assert.deepEqual(workersOf(effects, 'fork'), []);
  });

  test('whose worker crashes after it was ready, and before all are, go again too', () => {
    const driver = new Driver({ settle: 500 });
    driver.serve();
    driver.send(scale({ by: 2 }));
    driver.boot(3);
    driver.due({ timer: 'settle', worker: 3 });
    driver.boot(4);
    const effects = driver.exit(3);
    assert.equal(outcomeOf(effects)?.ok, false);
    assert.deepEqual(workersOf(effects, 'drain'), [4], 'what accepts already drains, though it has not settled');
    assert.deepEqual(workersOf(effects, 'terminate'), []);
    assert.deepEqual(driver.workers, [1, 2]);
  });

  test('are not done before they listen wherever all the others do', () => {
    const driver = new Driver();
    driver.serve();
    for (const worker of [1, 2]) driver.opens(worker, '127.0.0.1:81');
    driver.opens(2, '127.0.0.1:82');
    driver.send(scale({ by: 1 }));
    assert.equal(outcomeOf(driver.boot(3)), undefined);
    assert.equal(outcomeOf(driver.opens(3, '127.0.0.1:81'))?.ok, true);
  });
});

describe('fewer slots', () => {
  test('are the last ones, whose sockets are everybody’s before their workers drain', () => {
    const driver = new Driver({ workers: 3 });
    driver.serve();
    const effects = driver.send(scale({ workers: 1 }));
    assert.deepEqual(
      kinds(effects).filter((kind) => kind === 'vacate' || kind === 'drain'),
      ['vacate', 'drain', 'vacate', 'drain'],
    );
    assert.deepEqual(workersOf(effects, 'drain'), [2, 3]);
    assert.deepEqual(outcomeOf(effects), { ok: true, generation: 1, workers: 1, took: 0 });
    assert.deepEqual(workersOf(driver.leave(3), 'fork'), []);
  });

  test('may be in their backoff', () => {
    const driver = new Driver();
    driver.serve();
    driver.exit(2);
    driver.exit(3);
    assert.equal(driver.left({ timer: 'respawn', slot: 1 }), 100);
    driver.send(scale({ by: -1 }));
    assert.equal(driver.left({ timer: 'respawn', slot: 1 }), undefined);
    assert.deepEqual(driver.workers, [1]);
  });

  test('and more again is another worker, whatever the old one still does', () => {
    const driver = new Driver();
    driver.serve();
    driver.send(scale({ by: -1 }));
    assert.deepEqual(workersOf(driver.send(scale({ by: 1 })), 'fork'), [3]);
    driver.boot(3);
    driver.leave(2);
    assert.deepEqual(driver.workers, [1, 3]);
  });
});

test('as many as there are is done at once', () => {
  const driver = new Driver();
  driver.serve();
  assert.equal(outcomeOf(driver.send(scale({ workers: 2 })))?.ok, true);
});

test('steps lead as far as they can, and one that leads nowhere is refused', () => {
  const driver = new Driver();
  driver.serve();
  assert.equal(outcomeOf(driver.send(scale({ by: -5 })))?.ok, true);
  assert.equal(driver.fleet.slots.length, 1);
  const refused = outcomeOf(driver.send(scale({ by: -1 })));
  assert.ok(refused?.ok === false);
  assert.match(refused.reason, /at least one/);
});

for (const [to, reason] of [
  [{ workers: 0 }, /at least one/],
  [{ workers: 1025 }, /at most 1024/],
] as const) {
  test(`${JSON.stringify(to)} is refused with a reason`, () => {
    const driver = new Driver();
    driver.serve();
    const effects = driver.send(scale(to));
    const outcome = outcomeOf(effects);
    assert.ok(outcome?.ok === false);
    assert.match(outcome.reason, reason);
    assert.deepEqual(logged(effects), ['scaling failed']);
    assert.deepEqual(driver.workers, [1, 2]);
  });
}

describe('a reload that also changes the number of workers', () => {
  /** The reload is done, and asks for a third worker. */
  function reloaded(): Driver {
    const driver = new Driver();
    driver.renews = false;
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload', request: 7 });
    driver.send({ type: 'renewed', workers: 3 });
    driver.at += 1000;
    driver.takeOver(3);
    const done = driver.takeOver(4);
    assert.ok(logged(done).includes('reload done'));
    assert.deepEqual(find(done, 'answer'), []);
    driver.at += 500;
    return driver;
  }

  test('is answered when both are done', () => {
    const driver = reloaded();
    assert.deepEqual(find(driver.boot(5), 'answer'), [
      { do: 'answer', request: 7, outcome: { ok: true, generation: 2, workers: 3, took: 1500 } },
    ]);
  });

  test('says that the new generation serves when the number cannot be had', () => {
    const driver = reloaded();
    const [answer] = find(driver.exit(5), 'answer');
    assert.ok(answer?.outcome.ok === false);
    assert.equal(answer.outcome.slot, 2);
    assert.match(answer.outcome.reason, /^generation 2 serves, and the number of workers is not .*exited with code 1$/);
  });

  test('says so, too, when the server stops meanwhile, and is not asked for again after an upgrade', () => {
    const [answer] = find(reloaded().send(stop), 'answer');
    assert.match((answer!.outcome as { reason: string }).reason, /^generation 2 serves, .*the server is stopping$/);
  });
});
