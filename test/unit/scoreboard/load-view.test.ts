import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Board } from '../../../src/scoreboard/board.ts';
import { LoadView } from '../../../src/scoreboard/load-view.ts';
import type { Row } from '../../../src/scoreboard/layout.ts';
import { BLANK } from '../../../src/scoreboard/record.ts';
import { Writer } from '../../../src/scoreboard/writer.ts';
import { temporaryDirectory } from './helpers.ts';

interface Bench {
  readonly view: LoadView;
  /** Writes the row of a worker, which is ready unless the figures say otherwise. */
  readonly write: (row: number, figures: Partial<Row>, pairs?: Partial<Record<Pair, Record<number, number>>>) => void;
}
type Pair = 'unanswered' | 'sent' | 'arrived';

function setUp(t: TestContext, rows = 4): Bench {
  const board = Board.create({ name: 'view', rows, directories: [temporaryDirectory(t)] });
  const writers = Array.from({ length: rows }, (_, row) => Writer.open(board.path, row));
  const view = LoadView.open(board.path);
  t.after(() => {
    for (const writer of writers) writer.close();
    view.close();
    board.close();
  });
  return {
    view,
    write(row, figures, pairs = {}) {
      for (const [pair, bySlot] of Object.entries(pairs)) {
        for (const [slot, number] of Object.entries(bySlot)) writers[row]!.pairs[pair as Pair][Number(slot)] = number;
      }
      writers[row]!.write({ ...BLANK, slot: row, state: 'ready', heartbeat: 100, ...figures });
    },
  };
}

const list = (numbers: Float64Array, slots: number): number[] => [...numbers.subarray(0, slots)];

test('it sees what each slot has, and where nobody serves', (t) => {
  const { view, write } = setUp(t);
  write(0, { connectionsOpen: 3, utilization: 0.5 });
  write(2, { connectionsOpen: 5, heartbeat: 101 });
  assert.ok(view.refresh(0));
  assert.equal(view.slots, 3);
  assert.deepEqual(list(view.open, 3), [3, 0, 5]);
  assert.deepEqual(list(view.beats, 3), [100, 0, 101]);
  assert.equal(view.utilization[0], 0.5);
});

test('who boots, waits or drains has no slot, and a spare none', (t) => {
  const { view, write } = setUp(t);
  write(0, { state: 'booting' });
  write(1, { state: 'draining' });
  write(2, { state: 'standby' });
  write(3, { slot: -1 });
  assert.ok(view.refresh(0));
  assert.equal(view.slots, 0);
});

test('of two that serve a slot the one that beat last has it', (t) => {
  const { view, write } = setUp(t);
  write(0, { slot: 1, connectionsOpen: 9, heartbeat: 200 });
  write(1, { slot: 1, connectionsOpen: 2, heartbeat: 100 });
  assert.ok(view.refresh(0));
  assert.equal(view.open[1], 9);
});

test('who has let go of connections counts them on', (t) => {
  const { view, write } = setUp(t);
  write(0, { connectionsOpen: 3, handicap: 2 });
  assert.ok(view.refresh(0));
  assert.equal(view.open[0], 5);
});

const ways: ReadonlyArray<readonly [string, sent: number, unanswered: number, arrived: number, coming: number]> = [
  ['none has arrived', 3, 3, 0, 3],
  ['one has arrived, and its answer is on the way', 3, 3, 1, 2],
  ['one is answered', 3, 2, 1, 2],
  ['all have arrived, and none is answered', 3, 3, 3, 0],
  ['the numbers have begun anew', 1, 3, 254, 3],
  ['the receiver is new, and has seen no numbers', 200, 2, 0, 2],
];
for (const [what, sent, unanswered, arrived, coming] of ways) {
  test(`on the way: ${what}`, (t) => {
    const { view, write } = setUp(t);
    write(0, {}, { sent: { 1: sent }, unanswered: { 1: unanswered } });
    write(1, {}, { arrived: { 0: arrived } });
    assert.ok(view.refresh(0));
    assert.deepEqual(list(view.coming, 2), [0, coming]);
  });
}

test('what several send to one adds up', (t) => {
  const { view, write } = setUp(t);
  for (const row of [0, 1]) write(row, {}, { sent: { 2: 2 }, unanswered: { 2: 2 } });
  write(2, {});
  assert.ok(view.refresh(0));
  assert.equal(view.coming[2], 4);
});

test('a worker that comes is seen with the next survey, and one that goes at once', (t) => {
  const { view, write } = setUp(t);
  write(0, {});
  assert.ok(view.refresh(1000));
  write(3, {});
  const slotsAt = (now: number): number => (view.refresh(now) ? view.slots : -1);
  assert.deepEqual([slotsAt(1249), slotsAt(1250)], [1, 4]);
  write(3, { state: 'draining' });
  assert.ok(view.refresh(1251));
  assert.equal(view.beats[3], 0);
});

test('closed, it sees nothing, and says so', (t) => {
  const { view } = setUp(t);
  view.close();
  view.close();
  assert.ok(!view.refresh(0));
});
