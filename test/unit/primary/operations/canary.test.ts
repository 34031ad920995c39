import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CanaryVerdict } from '../../../../src/contract/canary.ts';
import type { Outcome } from '../../../../src/contract/outcome.ts';
import type { Effect } from '../../../../src/primary/fleet/events.ts';
import { Driver, find, logged, stop, workersOf } from '../fleet/driver.ts';

const WATCH_MS = 60_000;
const watchTimer = { timer: 'watch' } as const;
const row = { figure: 'p99', unit: 'ms', baseline: 10, canary: 30, limit: 15, verdict: 'worse' } as const;
const judged = (verdict: CanaryVerdict) =>
  ({ type: 'judged', judgement: { verdict, reasons: ['its p99 is 30 ms'], table: [row] } }) as const;

const outcomeOf = (effects: readonly Effect[], request = 7): Outcome | undefined =>
  find(effects, 'answer').find((answer) => answer.request === request)?.outcome;
const reasonOf = (effects: readonly Effect[], request = 7): string => {
  const outcome = outcomeOf(effects, request);
  assert.ok(outcome !== undefined && !outcome.ok);
  return outcome.reason;
};
const shedders = (effects: readonly Effect[]): number[] => find(effects, 'shed').map(({ worker }) => worker);

/** Makes four slots of which the last is watched: worker 5 has it, and 4 is parked. */
function watched(changes: ConstructorParameters<typeof Driver>[0] = {}): Driver {
  const driver = new Driver({ workers: 4, ...changes });
  driver.serve();
  const target = { canary: 1, watch: WATCH_MS } as const;
  assert.deepEqual(workersOf(driver.send({ type: 'operate', kind: 'reload', target, request: 7 }), 'fork'), [5]);
  driver.boot(5);
  const effects = driver.serving(5);
  assert.deepEqual(shedders(effects), [4]);
  assert.ok(logged(effects).includes('canary watched'));
  assert.deepEqual(driver.workers, [1, 2, 3, 5]);
  assert.equal(driver.fleet.slots[3]?.previous, 4);
  return driver;
}

describe('a canary', () => {
  test('takes the last slots: so many, or the share of them rounded up, and leaves one to the others', () => {
    const cases = [
      [1, 4, [3]],
      [3, 4, [1, 2, 3]],
      [9, 4, [1, 2, 3]],
      ['25%', 4, [3]],
      ['26%', 4, [2, 3]],
      ['99%', 2, [1]],
      ['1%', 3, [2]],
    ] as const;
    for (const [canary, workers, slots] of cases) {
      const driver = new Driver({ workers });
      driver.serve();
      driver.send({ type: 'operate', kind: 'reload', target: { canary } });
      assert.deepEqual(driver.fleet.running?.canary?.slots, slots, `${canary} of ${workers}`);
    }
  });

  test('is what each reload has, by the options', () => {
    const driver = new Driver({ workers: 4, canary: '50%', canaryWatch: 5000, onDoubt: 'continue' });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload' });
    const { slots, watch, onDoubt } = driver.fleet.running!.canary!;
    assert.deepEqual([slots, watch, onDoubt], [[2, 3], 5000, 'continue']);
    const plain = new Driver({ workers: 4, canary: '50%' });
    plain.serve();
    plain.send({ type: 'operate', kind: 'reload', target: { canary: 0 } });
    assert.equal(plain.fleet.running?.canary, undefined);
  });

  test('needs two workers: asked for, it is refused, and by the options the reload goes on without', () => {
    const asked = new Driver({ workers: 1 });
    asked.serve();
    const effects = asked.send({ type: 'operate', kind: 'reload', target: { canary: 1 }, request: 7 });
    assert.match(reasonOf(effects), /two workers/);
    assert.deepEqual([asked.fleet.generation, workersOf(effects, 'fork')], [1, []]);
    const usual = new Driver({ workers: 1, canary: 1 });
    usual.serve();
    const begun = usual.send({ type: 'operate', kind: 'reload', request: 7 });
    assert.ok(logged(begun).includes('no canary'));
    assert.equal(outcomeOf(usual.takeOver(2))?.ok, true);
  });

  test('is watched, and nothing else is replaced meanwhile', () => {
    const driver = watched();
    assert.equal(driver.left(watchTimer), WATCH_MS + 3000);
    const effects = driver.send(judged('undecided'));
    assert.deepEqual(effects, []);
    assert.deepEqual(driver.fleet.running?.canary?.comparison, {
      verdict: 'undecided',
      reasons: ['its p99 is 30 ms'],
      table: [row],
      baseline: 1,
      canary: 2,
    });
    driver.at += 30_000;
    assert.equal(driver.fleet.workers.get(4)?.state, 'parked', 'however long it takes');
  });

  test('that is not worse: the other slots follow, and the outcome has the figures', () => {
    const driver = watched();
    const effects = driver.send(judged('better-or-equal'));
    assert.ok(logged(effects).includes('canary promoted'));
    assert.deepEqual(workersOf(effects, 'fork'), [6]);
    driver.takeOver(6);
    driver.takeOver(7);
    const done = driver.takeOver(8);
    const outcome = outcomeOf(done);
    assert.ok(outcome?.ok);
    assert.equal(outcome.comparison?.verdict, 'better-or-equal');
    assert.deepEqual(driver.workers, [6, 7, 8, 5]);
    assert.deepEqual(workersOf(done, 'drain').toSorted(), [1, 2, 3, 4]);
    assert.equal(driver.left(watchTimer), undefined);
  });

  test('that is worse: the parked worker takes its slot back, and the reload fails with the figures', () => {
    const driver = watched();
    const effects = driver.send(judged('worse'));
    assert.match(reasonOf(effects), /worse: its p99 is 30 ms/);
    assert.deepEqual(outcomeOf(effects)?.comparison?.table, [row]);
    assert.deepEqual(workersOf(effects, 'accept'), [4]);
    assert.deepEqual(workersOf(effects, 'drain'), [5]);
    assert.deepEqual(workersOf(effects, 'fork'), []);
    assert.deepEqual(driver.workers, [1, 2, 3, 4]);
    assert.deepEqual([driver.left(watchTimer), driver.fleet.reloads.failed], [undefined, 1]);
  });

  for (const onDoubt of ['rollback', 'continue'] as const) {
    test(`of which too little can be told: ${onDoubt}`, () => {
      const driver = watched({ onDoubt });
      const effects = driver.send(judged('doubt'));
      if (onDoubt === 'rollback') {
        assert.match(reasonOf(effects), /too little to tell: .*--on-doubt rollback/);
        assert.deepEqual(driver.workers, [1, 2, 3, 4]);
      } else assert.deepEqual(workersOf(effects, 'fork'), [6]);
    });
  }

  test('without a judgement at the end of its time is one of which too little can be told', () => {
    assert.match(reasonOf(watched().due(watchTimer)), /no figures/);
  });

  test('keeps the generation before, when that is asked for, and its first parked workers with it', () => {
    const driver = watched({ keepPrevious: 60_000 });
    driver.send(judged('better-or-equal'));
    for (const worker of [6, 7, 8]) driver.takeOver(worker);
    assert.deepEqual(
      driver.fleet.slots.map(({ kept }) => kept),
      [1, 2, 3, 4],
    );
  });
});

describe('while a canary is watched', () => {
  test('promote ends it at once, and is answered with the outcome of the reload', () => {
    const driver = watched();
    const effects = driver.send({ type: 'operate', kind: 'promote', request: 8 });
    assert.deepEqual(workersOf(effects, 'fork'), [6]);
    assert.equal(outcomeOf(effects, 8), undefined);
    for (const worker of [6, 7]) driver.takeOver(worker);
    const done = driver.takeOver(8);
    assert.deepEqual([outcomeOf(done, 7)?.ok, outcomeOf(done, 8)?.ok], [true, true]);
  });

  test('promote has nothing to do before all its workers serve, after it, and without one', () => {
    const ask = { type: 'operate', kind: 'promote', request: 8 } as const;
    const driver = new Driver();
    driver.serve();
    assert.match(reasonOf(driver.send(ask), 8), /no canary is watched/);
    driver.send({ type: 'operate', kind: 'reload', target: { canary: 1 } });
    assert.match(reasonOf(driver.send(ask), 8), /still boots/);
    const over = watched();
    over.send(judged('worse'));
    assert.match(reasonOf(over.send(ask), 8), /no canary is watched/);
  });

  test('rollback ends it at once', () => {
    const driver = watched();
    const effects = driver.send({ type: 'operate', kind: 'rollback', request: 8 });
    assert.match(reasonOf(effects), /rollback came first/);
    assert.deepEqual(workersOf(effects, 'accept'), [4]);
    const done = outcomeOf(driver.send({ type: 'serving', worker: 4 }), 8);
    assert.ok(done?.ok);
    assert.equal(done.generation, 1);
  });

  test('a crash of its worker ends it, however long that had served', () => {
    const driver = watched();
    driver.at += 20_000;
    const effects = driver.exit(5);
    assert.match(reasonOf(effects), /exited with code 1/);
    assert.deepEqual(workersOf(effects, 'accept'), [4]);
    assert.deepEqual(workersOf(effects, 'fork'), []);
  });

  test('a kill of its worker from outside after it has proved itself does not', () => {
    const driver = watched();
    driver.at += 20_000;
    const effects = driver.exit(5, null, 'SIGTERM');
    assert.equal(outcomeOf(effects), undefined);
    assert.deepEqual(workersOf(effects, 'fork'), [6]);
  });

  test('the end of a parked worker is noted, and its slot boots from the disk if the canary is worse', () => {
    const driver = watched();
    assert.deepEqual(logged(driver.exit(4)), ['worker exited']);
    const effects = driver.send(judged('worse'));
    assert.ok(logged(effects).includes('slot not kept'));
    assert.deepEqual([workersOf(effects, 'drain'), workersOf(effects, 'fork')], [[5], [6]]);
  });

  test('a worker that replaced a crashed one of the others runs the new code, and leaves if the canary is given up', () => {
    const ends = [
      (driver: Driver) => driver.send(judged('worse')),
      (driver: Driver) => driver.send({ type: 'operate', kind: 'rollback' }),
      (driver: Driver) => driver.exit(5),
    ];
    for (const end of ends) {
      const driver = watched();
      driver.at += 20_000;
      driver.exit(1);
      driver.takeOver(6);
      const effects = end(driver);
      assert.ok(logged(effects).includes('slot not kept'));
      assert.ok(workersOf(effects, 'drain').includes(6));
      assert.deepEqual([workersOf(effects, 'fork'), driver.workers], [[7], [7, 2, 3, 4]]);
      const order = effects.map((effect) => effect.do);
      assert.ok(order.indexOf('revert') < order.indexOf('fork'), 'it runs what the others run');
    }
  });

  test('many crashes in a long watch leave no slot vacant when the canary is given up', () => {
    const driver = watched();
    driver.at += 20_000;
    for (const [old, next] of [
      [1, 6],
      [2, 7],
      [3, 8],
    ] as const) {
      driver.exit(old);
      driver.takeOver(next);
      driver.at += 20_000;
    }
    const effects = driver.send(judged('worse'));
    assert.deepEqual([driver.workers, driver.states], [[6, 7, 8, 4], Array.from({ length: 4 }, () => 'serving')]);
    assert.deepEqual(workersOf(effects, 'drain'), [5]);
    for (const next of [9, 10, 11]) driver.takeOver(next);
    assert.deepEqual(driver.workers, [9, 10, 11, 4]);
    assert.equal(driver.fleet.running, undefined);
  });

  test('spares of the new code leave if it is given up', () => {
    const driver = new Driver({ workers: 2, spares: 1 });
    driver.serve();
    driver.send({ type: 'operate', kind: 'reload', target: { canary: 1, watch: WATCH_MS } });
    driver.takeOver(4);
    driver.at += 20_000;
    driver.exit(3);
    driver.boot(5);
    const effects = driver.send(judged('worse'));
    assert.deepEqual([workersOf(effects, 'terminate'), workersOf(effects, 'fork')], [[5], [6]]);
  });

  test('a stop ends it', () => {
    const effects = watched().send(stop);
    assert.match(reasonOf(effects), /stopping/);
    assert.deepEqual(workersOf(effects, 'drain').toSorted(), [1, 2, 3, 4, 5]);
  });

  test('another reload takes its place', () => {
    const driver = watched();
    const effects = driver.send({ type: 'operate', kind: 'reload', target: { canary: 1 }, request: 8 });
    assert.match(reasonOf(effects), /reload came first/);
    assert.deepEqual(workersOf(effects, 'accept'), [4]);
    assert.deepEqual(
      find(effects, 'fork').map(({ slot, generation }) => [slot, generation]),
      [[3, 3]],
    );
  });

  test('an upgrade is refused, and other operations wait', () => {
    const driver = watched();
    const refused = driver.send({ type: 'operate', kind: 'upgrade', request: 8 });
    assert.match(reasonOf(refused, 8), /promote it or roll it back first/);
    assert.deepEqual(logged(refused), ['upgrade failed']);
    assert.deepEqual(logged(driver.send({ type: 'operate', kind: 'scale', target: { by: 1 } })), ['scale waits']);
    assert.deepEqual(driver.fleet.running?.operation.kind, 'reload');
  });

  test('it ends when the cgroup gets tight', () => {
    assert.equal(reasonOf(watched().send({ type: 'memory-tight', why: 'the cgroup is full' })), 'the cgroup is full');
  });
});
