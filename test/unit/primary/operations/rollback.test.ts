import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Effect } from '../../../../src/primary/fleet/events.ts';
import { Driver, find, logged, stop, workersOf } from '../fleet/driver.ts';

const KEEP_MS = 60_000;
const reasonOf = (effects: readonly Effect[]): string => {
  const [answer] = find(effects, 'answer');
  assert.ok(answer !== undefined && !answer.outcome.ok);
  return answer.outcome.reason;
};
const shedders = (effects: readonly Effect[]): number[] => find(effects, 'shed').map(({ worker }) => worker);

/** Makes two slots of which workers 3 and 4 have been given the places of 1 and 2 by a reload. */
function reloaded(changes: ConstructorParameters<typeof Driver>[0] = {}): Driver {
  const driver = new Driver({ keepPrevious: KEEP_MS, ...changes });
  driver.serve();
  driver.send({ type: 'operate', kind: 'reload' });
  driver.takeOver(3);
  driver.takeOver(4);
  assert.deepEqual(driver.workers, [3, 4]);
  return driver;
}

/** The slot's worker crashes, and the next one serves. */
function crash(driver: Driver, slot: number): void {
  driver.exit(driver.workers[slot]!);
  if (driver.left({ timer: 'respawn', slot }) !== undefined) driver.due({ timer: 'respawn', slot });
  driver.takeOver(driver.workers[slot]!);
}

const kept = (driver: Driver): Array<number | undefined> => driver.fleet.slots.map((slot) => slot.kept);

describe('the generation before a reload', () => {
  test('is kept when the reload is done, and gives its connections to the new one', () => {
    const driver = new Driver({ keepPrevious: KEEP_MS });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    assert.deepEqual(shedders(driver.takeOver(3)), [], 'it may still fail');
    const done = driver.takeOver(4);
    assert.deepEqual(find(done, 'shed'), [
      { do: 'shed', worker: 1, successor: 'slot' },
      { do: 'shed', worker: 2, successor: 'slot' },
    ]);
    assert.deepEqual(workersOf(done, 'drain'), []);
    assert.deepEqual(kept(driver), [1, 2]);
    assert.equal(driver.left({ timer: 'kept' }), KEEP_MS);
  });

  test('tells clients to close where no connection moves', () => {
    const driver = new Driver({ keepPrevious: KEEP_MS, migrate: 'off', workers: 1 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    assert.deepEqual(find(driver.takeOver(2), 'shed'), [{ do: 'shed', worker: 1 }]);
  });

  test('leaves when its time is over', () => {
    const driver = reloaded();
    const effects = driver.due({ timer: 'kept' });
    assert.deepEqual(workersOf(effects, 'drain'), [1, 2]);
    assert.deepEqual(logged(effects), ['generation given up']);
    assert.deepEqual([kept(driver), driver.fleet.kept], [[undefined, undefined], undefined]);
  });

  test('leaves when the cgroup gets tight', () => {
    const driver = reloaded();
    assert.deepEqual(workersOf(driver.send({ type: 'memory-tight', why: 'tight' }), 'drain'), [1, 2]);
    assert.deepEqual(driver.send({ type: 'memory-tight', why: 'tight' }), []);
  });

  test('leaves when the next reload gives the first slot to a newer one, and not before', () => {
    const driver = reloaded();
    assert.deepEqual(workersOf(driver.send({ type: 'operate', kind: 'reload' }), 'drain'), []);
    assert.deepEqual(kept(driver), [1, 2]);
    assert.deepEqual(workersOf(driver.takeOver(5), 'drain'), [1, 2]);
    driver.takeOver(6);
    assert.deepEqual(kept(driver), [3, 4]);
  });

  test('stays when the next reload fails before that', () => {
    const driver = reloaded();
    driver.send({ type: 'operate', kind: 'reload' });
    driver.exit(5);
    assert.deepEqual(
      [kept(driver), driver.workers],
      [
        [1, 2],
        [3, 4],
      ],
    );
  });

  test('is missed by nobody when a worker of it ends, and is given up with the last', () => {
    const driver = reloaded();
    assert.deepEqual(logged(driver.exit(1)), ['worker exited']);
    assert.deepEqual(driver.workers, [3, 4]);
    assert.deepEqual(logged(driver.exit(2)), ['worker exited', 'generation given up']);
    assert.equal(driver.left({ timer: 'kept' }), undefined);
  });

  test('is watched: a worker of it that hangs for long is killed', () => {
    const driver = reloaded();
    driver.send({ type: 'hung', worker: 1, silent: 1000 });
    assert.deepEqual(workersOf(driver.send({ type: 'silent', worker: 1, silent: 30_000 }), 'kill'), [1]);
  });

  test('goes with the slot that is taken away', () => {
    const driver = reloaded();
    assert.deepEqual(
      workersOf(driver.send({ type: 'operate', kind: 'scale', target: { workers: 1 } }), 'drain'),
      [4, 2],
    );
    assert.deepEqual(kept(driver), [1]);
  });

  test('leaves at a stop, and in an upgrade', () => {
    const stopped = reloaded();
    assert.deepEqual(workersOf(stopped.send(stop), 'drain'), [1, 2, 3, 4]);
    const upgraded = reloaded();
    upgraded.send({ type: 'operate', kind: 'upgrade' });
    assert.deepEqual(kept(upgraded), [1, 2], 'the upgrade may fail');
    const effects = upgraded.send({ type: 'upgraded', pid: 99, generation: 3 });
    assert.ok(logged(effects).includes('generation given up'));
    assert.deepEqual(workersOf(effects, 'drain'), [1, 2, 3, 4]);
  });
});

describe('a rollback', () => {
  test('waits for a worker that beats and does not accept no longer than for one that boots', () => {
    const driver = reloaded();
    driver.send({ type: 'operate', kind: 'rollback', request: 7 });
    driver.send({ type: 'serving', worker: 1 });
    assert.equal(driver.left({ timer: 'ready', worker: 1 }), undefined);
    assert.deepEqual(workersOf(driver.due({ timer: 'ready', worker: 2 }), 'kill'), [2]);
    const effects = driver.exit(2);
    assert.deepEqual(
      find(effects, 'answer').map(({ request }) => request),
      [7],
    );
    assert.equal(driver.fleet.running, undefined);
  });

  test('gives the slots back at once, and is done when their workers accept', () => {
    const driver = reloaded();
    const effects = driver.send({ type: 'operate', kind: 'rollback', request: 7 });
    assert.deepEqual(workersOf(effects, 'fork'), []);
    assert.deepEqual(workersOf(effects, 'accept'), [1, 2]);
    assert.deepEqual(
      find(effects, 'unshed').map(({ worker }) => worker),
      [1, 2],
    );
    assert.deepEqual(
      find(effects, 'drain').map(({ worker, successor }) => [worker, successor]),
      [
        [3, 'slot'],
        [4, 'slot'],
      ],
    );
    assert.deepEqual(find(effects, 'answer'), []);
    assert.deepEqual(find(driver.send({ type: 'serving', worker: 1 }), 'answer'), []);
    driver.at += 5;
    const [answer] = find(driver.send({ type: 'serving', worker: 2 }), 'answer');
    assert.deepEqual(answer, { do: 'answer', request: 7, outcome: { ok: true, generation: 1, workers: 2, took: 5 } });
    assert.deepEqual([driver.workers, driver.fleet.kept], [[1, 2], undefined]);
    const { done, failed, back, last } = driver.fleet.reloads;
    assert.deepEqual([done, failed, back, last?.outcome.ok], [1, 0, 1, false]);
  });

  test('has nothing to return to without the option, before a reload, and when that has been given up', () => {
    const ask = { type: 'operate', kind: 'rollback', request: 7 } as const;
    const without = new Driver();
    without.serve();
    assert.match(reasonOf(without.send(ask)), /nothing to roll back to: .*only with --keep-previous/);
    const fresh = new Driver({ keepPrevious: KEEP_MS });
    fresh.serve();
    assert.match(reasonOf(fresh.send(ask)), /there was none yet/);
    const late = reloaded();
    late.due({ timer: 'kept' });
    assert.match(reasonOf(late.send(ask)), /given up/);
    assert.deepEqual(late.workers, [3, 4]);
  });

  for (const [workers, back] of [
    [3, 2],
    [1, 2],
  ] as const) {
    test(`takes the number of workers back too, from ${workers}`, () => {
      const driver = new Driver({ keepPrevious: KEEP_MS });
      driver.serve();
      driver.renews = false;
      driver.send({ type: 'operate', kind: 'reload' });
      driver.send({ type: 'renewed', workers });
      for (let worker = 3; worker <= 4 || worker <= driver.fleet.workersForked; worker++) driver.takeOver(worker);
      assert.deepEqual([driver.fleet.slots.length, driver.fleet.running], [workers, undefined]);
      const effects = driver.send({ type: 'operate', kind: 'rollback', request: 7 });
      for (const worker of workersOf(effects, 'accept')) driver.send({ type: 'serving', worker });
      driver.takeOver(driver.fleet.workersForked);
      assert.deepEqual([driver.fleet.slots.length, driver.fleet.running], [back, undefined]);
    });
  }

  test('leaves the number of workers that a person has chosen since the reload', () => {
    const driver = new Driver({ keepPrevious: KEEP_MS });
    driver.serve();
    driver.renews = false;
    driver.send({ type: 'operate', kind: 'reload' });
    driver.send({ type: 'renewed', workers: 3 });
    for (const worker of [3, 4, 5]) driver.takeOver(worker);
    driver.send({ type: 'operate', kind: 'scale', target: { by: 1 } });
    driver.takeOver(6);
    driver.send({ type: 'operate', kind: 'rollback' });
    for (const worker of [1, 2]) driver.send({ type: 'serving', worker });
    assert.deepEqual([driver.fleet.slots.length, driver.fleet.pending], [4, []]);
  });

  test('cannot be done twice', () => {
    const driver = reloaded();
    driver.send({ type: 'operate', kind: 'rollback' });
    assert.match(reasonOf(driver.send({ type: 'operate', kind: 'rollback', request: 8 })), /nothing/);
  });

  test('is urgent: it ends whatever runs', () => {
    const driver = reloaded();
    driver.send({ type: 'operate', kind: 'scale', target: { by: 1 }, request: 1 });
    const effects = driver.send({ type: 'operate', kind: 'rollback', request: 2 });
    assert.match(reasonOf(effects), /rollback came first/);
    assert.deepEqual(driver.workers, [1, 2]);
  });

  test('is not waited for where the worker hangs before it accepts', () => {
    const driver = reloaded();
    driver.send({ type: 'operate', kind: 'rollback', request: 2 });
    driver.send({ type: 'serving', worker: 1 });
    const [answer] = find(driver.send({ type: 'hung', worker: 2, silent: 1000 }), 'answer');
    assert.equal(answer?.outcome.ok, true);
  });

  test('of a reload that goes on is the end of the reload', () => {
    const driver = new Driver();
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload', request: 1 });
    driver.takeOver(3);
    const effects = driver.send({ type: 'operate', kind: 'rollback', request: 2 });
    assert.match(reasonOf(effects), /rollback came first/);
    assert.deepEqual(workersOf(effects, 'accept'), [1]);
    const [answer] = find(driver.send({ type: 'serving', worker: 1 }), 'answer');
    assert.deepEqual(answer?.request, 2);
    assert.ok(answer.outcome.ok);
    assert.equal(answer.outcome.generation, 1);
    assert.deepEqual(driver.workers, [1, 2]);
  });

  test('of a reload that goes on says which generation serves, though the one before it is still kept', () => {
    const driver = reloaded();
    driver.send({ type: 'operate', kind: 'reload', request: 1 });
    const [, answer] = find(driver.send({ type: 'operate', kind: 'rollback', request: 2 }), 'answer');
    assert.ok(answer?.outcome.ok);
    assert.deepEqual([answer.outcome.generation, driver.workers], [2, [3, 4]]);
    assert.deepEqual(kept(driver), [1, 2]);
  });

  test('fills a slot whose parked worker has died from the disk, and says so', () => {
    const driver = reloaded();
    driver.exit(2);
    const effects = driver.send({ type: 'operate', kind: 'rollback', request: 7 });
    assert.ok(logged(effects).includes('slot not kept'));
    assert.deepEqual(workersOf(effects, 'accept'), [1]);
    assert.deepEqual(workersOf(effects, 'fork'), [5]);
    assert.deepEqual(workersOf(effects, 'drain'), [3, 4]);
    assert.equal(find(driver.send({ type: 'serving', worker: 1 }), 'answer').length, 1, 'the boot is not waited for');
  });

  test('does not return to a worker that hangs', () => {
    const driver = reloaded();
    driver.send({ type: 'hung', worker: 2, silent: 1000 });
    const effects = driver.send({ type: 'operate', kind: 'rollback' });
    assert.deepEqual(workersOf(effects, 'accept'), [1]);
    assert.ok(workersOf(effects, 'drain').includes(2));
  });

  test('dismisses spares of the code that it leaves', () => {
    const driver = new Driver({ workers: 1, spares: 1, keepPrevious: KEEP_MS });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    driver.takeOver(3);
    driver.boot(4);
    assert.ok(workersOf(driver.send({ type: 'operate', kind: 'rollback' }), 'terminate').includes(4));
  });

  test('gives no slot to a spare of the code that it leaves', () => {
    const driver = new Driver({ workers: 1, spares: 1, keepPrevious: KEEP_MS });
    driver.serve();
    driver.send({ type: 'operate', kind: 'scale', target: { by: 1 } });
    driver.takeOver(3);
    driver.send({ type: 'operate', kind: 'reload' });
    driver.takeOver(4);
    driver.takeOver(5);
    driver.boot(6);
    driver.exit(3);
    const effects = driver.send({ type: 'operate', kind: 'rollback' });
    assert.deepEqual([workersOf(effects, 'promote'), workersOf(effects, 'terminate')], [[], [6]]);
    assert.equal(find(effects, 'fork')[0]?.slot, 1);
  });
});

describe('a new generation that crashes', () => {
  test('three times within the recover window is rolled back by itself', () => {
    const driver = reloaded();
    driver.exit(3);
    driver.takeOver(5);
    driver.exit(4);
    driver.takeOver(6);
    assert.deepEqual(driver.workers, [5, 6]);
    const effects = driver.exit(5);
    assert.ok(logged(effects).includes('rolling back'));
    assert.deepEqual(workersOf(effects, 'accept'), [1, 2]);
    assert.deepEqual(workersOf(effects, 'fork'), []);
    assert.deepEqual(workersOf(effects, 'drain'), [6]);
    assert.deepEqual(driver.workers, [1, 2]);
    assert.equal(driver.fleet.slots[0]?.streak, 0);
  });

  test('in a slot that nobody can return to has that slot filled at once', () => {
    const died = reloaded();
    died.exit(1);
    const newer = reloaded();
    newer.send({ type: 'operate', kind: 'scale', target: { by: 1 } });
    newer.takeOver(5);
    for (const [driver, slot, workers] of [
      [died, 0, [7, 2]],
      [newer, 2, [1, 2, 8]],
    ] as const) {
      crash(driver, slot);
      crash(driver, slot);
      const effects = driver.exit(driver.workers[slot]!);
      assert.ok(logged(effects).includes('slot not kept'));
      assert.deepEqual(workersOf(effects, 'fork'), [driver.fleet.workersForked]);
      assert.deepEqual(driver.workers, workers);
    }
  });

  test('while a reload boots its first worker goes back to the generation before it', () => {
    const driver = reloaded();
    crash(driver, 0);
    crash(driver, 1);
    driver.send({ type: 'operate', kind: 'reload', request: 1 });
    const effects = driver.exit(driver.workers[0]!);
    assert.match(reasonOf(effects), /rollback came first/);
    assert.deepEqual(workersOf(effects, 'accept'), [1, 2]);
    assert.deepEqual(driver.workers, [1, 2]);
    assert.equal(find(effects, 'revert').length, 2, 'one for the reload, and one for the way back');
  });

  test('is not meant where the crash is one of a newer generation, whose reload fails', () => {
    const driver = reloaded();
    crash(driver, 0);
    crash(driver, 1);
    driver.send({ type: 'operate', kind: 'reload', request: 1 });
    const before = driver.workers;
    assert.match(reasonOf(driver.exit(driver.fleet.workersForked)), /exited with code 1/);
    assert.deepEqual([driver.workers, kept(driver)], [before, [1, 2]]);
  });

  test('seldom, is not', () => {
    const driver = reloaded();
    for (const worker of [3, 5, 6]) {
      driver.at += 40_000;
      driver.exit(worker);
      driver.takeOver(worker === 3 ? 5 : worker + 1);
    }
    assert.notEqual(driver.fleet.kept, undefined);
  });

  test('because of others is not: a kill from outside, and workers that had lasted', () => {
    const driver = reloaded();
    for (const worker of [3, 5, 6]) {
      driver.exit(worker, null, 'SIGTERM');
      driver.boot(worker === 3 ? 5 : worker + 1);
    }
    assert.notEqual(driver.fleet.kept, undefined);
  });
});

describe('a slot that is taken away with park', () => {
  const shrink = { type: 'operate', kind: 'scale', target: { by: -1, park: 30_000 } } as const;
  const grow = { type: 'operate', kind: 'scale', target: { by: 1 }, request: 9 } as const;

  test('leaves its worker parked, which gives its connections to the others', () => {
    const driver = new Driver();
    driver.serve();
    const effects = driver.send(shrink);
    assert.deepEqual(find(effects, 'shed'), [{ do: 'shed', worker: 2, successor: 'any' }]);
    assert.deepEqual(workersOf(effects, 'park'), [2]);
    assert.deepEqual(workersOf(effects, 'drain'), []);
    assert.deepEqual(driver.workers, [1]);
    assert.equal(driver.left({ timer: 'parked', worker: 2 }), 30_000);
  });

  test('gets it back when it is made again, without a boot', () => {
    const driver = new Driver();
    driver.serve();
    driver.send(shrink);
    const effects = driver.send(grow);
    assert.deepEqual(workersOf(effects, 'fork'), []);
    assert.deepEqual(workersOf(effects, 'accept'), [2]);
    assert.equal(find(driver.send({ type: 'serving', worker: 2 }), 'answer')[0]?.outcome.ok, true);
    assert.equal(driver.left({ timer: 'parked', worker: 2 }), undefined);
    assert.deepEqual(
      [driver.workers, driver.states],
      [
        [1, 2],
        ['serving', 'serving'],
      ],
    );
  });

  test('loses it with time, with memory, with a reload, and with its end', () => {
    const parked = (): Driver => {
      const driver = new Driver();
      driver.serve();
      driver.send(shrink);
      return driver;
    };
    assert.deepEqual(workersOf(parked().due({ timer: 'parked', worker: 2 }), 'drain'), [2]);
    assert.deepEqual(workersOf(parked().send({ type: 'memory-tight', why: 'tight' }), 'drain'), [2]);
    assert.deepEqual(workersOf(parked().send({ type: 'operate', kind: 'reload' }), 'drain'), [2]);
    const driver = parked();
    assert.deepEqual(logged(driver.exit(2)), ['worker exited']);
    assert.deepEqual(workersOf(driver.send(grow), 'fork'), [3]);
  });
});
