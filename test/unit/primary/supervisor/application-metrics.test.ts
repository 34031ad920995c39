import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Family } from '../../../../src/metrics/family.ts';
import { ApplicationMetrics, type Asked } from '../../../../src/primary/supervisor/polling/application-metrics.ts';
import type { WorkerId } from '../../../../src/primary/fleet/ids.ts';

function family(value: number, changes: Partial<Family> = {}): Family {
  return { name: 'hits_total', help: '', type: 'counter', values: [{ value, labels: {} }], ...changes };
}

/** A desk whose workers answer, and whose deadlines come, when the test says so. */
class Desk {
  readonly sent: Array<readonly [WorkerId, number]> = [];
  readonly deadlines = new Set<() => void>();
  readonly metrics = new ApplicationMetrics({
    send: (worker, request) => void this.sent.push([worker, request]),
    after: (_ms, callback) => {
      this.deadlines.add(callback);
      return () => this.deadlines.delete(callback);
    },
  });

  /** @returns the values of the sums, once it has settled. */
  ask(...workers: ReadonlyArray<WorkerId | Asked>): Promise<number[]> {
    const asked = workers.map((one) => (typeof one === 'object' ? one : { id: one, isResponsive: true }));
    return this.metrics.collect(asked).then((lists) => lists.flat().map(({ values }) => values[0]!.value));
  }

  answer(worker: WorkerId, ...families: readonly Family[]): void {
    const request = this.sent.findLast(([one]) => one === worker)![1];
    this.metrics.answered(worker, request, families);
  }

  late(): void {
    for (const callback of this.deadlines) callback();
  }
}

test('a scrape settles when all have answered, and cancels its deadline', async () => {
  const desk = new Desk();
  const values = desk.ask(1, 2);
  desk.answer(2, family(20));
  desk.answer(1, family(10));
  assert.deepEqual((await values).toSorted(), [10, 20]);
  assert.equal(desk.deadlines.size, 0);
});

test('who is late is counted with what it said before', async () => {
  const desk = new Desk();
  const before = desk.ask(1, 2);
  desk.answer(1, family(10));
  desk.answer(2, family(20));
  await before;
  const values = desk.ask(1, 2);
  desk.answer(1, family(11));
  desk.late();
  assert.deepEqual((await values).toSorted(), [11, 20]);
  desk.answer(2, family(25));
  const after = desk.ask({ id: 1, isResponsive: false }, { id: 2, isResponsive: false });
  assert.deepEqual((await after).toSorted(), [11, 25], 'what came too late was kept');
});

test('one whose event loop stands still is not asked, and not waited for', async () => {
  const desk = new Desk();
  assert.deepEqual(await desk.ask({ id: 1, isResponsive: false }), []);
  assert.deepEqual(desk.sent, []);
});

test('who has no metrics is asked again, and not waited for', async () => {
  const desk = new Desk();
  const before = desk.ask(1);
  desk.answer(1);
  assert.deepEqual(await before, []);
  assert.deepEqual(await desk.ask(1), []);
  assert.equal(desk.sent.length, 2);
});

test('one that ends is not waited for, and its counters stay; how it was does not', async () => {
  const desk = new Desk();
  const before = desk.ask(1);
  desk.answer(
    1,
    family(10),
    family(3, { name: 'queue', type: 'gauge' }),
    family(4, { name: 'most', type: 'counter', aggregator: 'max' }),
    family(5, { name: 'size', type: 'histogram' }),
  );
  await before;
  const values = desk.ask(1, 2);
  desk.answer(2, family(1));
  desk.metrics.gone(1);
  assert.deepEqual((await values).toSorted(), [1, 10, 5]);
});

test('lists of workers that ended are made one, and none that came meanwhile is lost', async () => {
  const desk = new Desk();
  const end = (worker: WorkerId, value: number): void => {
    void desk.ask(worker);
    desk.answer(worker, family(value));
    desk.metrics.gone(worker);
  };
  end(1, 1);
  await desk.metrics.fold(() => assert.fail('there is nothing to make one of'));
  end(2, 2);
  await desk.metrics.fold(async (lists) => {
    end(3, 4);
    return [family(lists.flat().reduce((sum, { values }) => sum + values[0]!.value, 0))];
  });
  const after = (await desk.ask()).reduce((sum, value) => sum + value, 0);
  assert.equal(after, 7);
});

test('what is kept of workers that have ended is bounded, whatever it is made of', async () => {
  const many = (nth: number): Family[] =>
    Array.from({ length: 2000 }, (_, at) => family(0, { name: `made_up_${nth}_${at}`, values: [] }));
  const long = (nth: number): Family[] => [
    family(0, { name: `long_${nth}`, values: [{ value: 1, labels: { text: 'x'.repeat(1_000_000) } }] }),
  ];
  for (const families of [many, long]) {
    const { metrics } = new Desk();
    for (let worker = 1; worker <= 200; worker++) {
      metrics.answered(worker, 1, families(worker));
      metrics.gone(worker);
    }
    const kept = JSON.stringify(await metrics.collect([])).length;
    assert.ok(kept > 1_000_000 && kept < 10_000_000, `${kept} characters`);
  }
});
