import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { Board } from '../../../src/scoreboard/board.ts';
import { encodeHeader } from '../../../src/scoreboard/header.ts';
import { LoadView } from '../../../src/scoreboard/load-view.ts';
import { ROW_BYTES, rowOffset, type Row } from '../../../src/scoreboard/layout.ts';
import { BLANK } from '../../../src/scoreboard/record.ts';
import { Writer } from '../../../src/scoreboard/writer.ts';
import { headerWith, robbed, temporaryDirectory } from './helpers.ts';

interface Bench {
  readonly path: string;
  readonly view: LoadView;
  /** Writes the row of a worker, which is ready unless the figures say otherwise. */
  readonly write: (row: number, figures: Partial<Row>, pairs?: Partial<Record<Pair, Record<number, number>>>) => void;
}
type Pair = 'unanswered' | 'sent' | 'arrived';

function setUp(t: TestContext, rows = 4): Bench {
  const board = Board.create({ name: 'view', rows, directories: [temporaryDirectory(t)] });
  const writers = Array.from({ length: rows }, (_, row) => Writer.open(board.path, row));
  const view = new LoadView(board.path);
  t.after(() => {
    for (const writer of writers) writer.close();
    view.close();
    board.close();
  });
  return {
    path: board.path,
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

test('a view whose descriptor was closed by others opens the board again, and closes no file that got its number', (t) => {
  const { path, write } = setUp(t);
  const { opened: view, fd, other } = robbed(t, () => new LoadView(path));
  write(0, { connectionsOpen: 3 });
  assert.ok(view.refresh(1000));
  assert.equal(view.open[0], 3);
  view.close();
  assert.equal(fstatSync(fd).ino, statSync(other).ino);
});

/** Tears a row: its version and sum are no worker's. */
function tear(path: string, row: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.alloc(8, 1), 0, 8, rowOffset(row));
  closeSync(fd);
}

test('a torn row that no worker has hides no other', (t) => {
  const { path, view, write } = setUp(t);
  tear(path, 3);
  write(0, { connectionsOpen: 3 });
  write(1, { connectionsOpen: 5 });
  assert.ok(view.refresh(1000));
  assert.equal(view.slots, 2);
  assert.deepEqual(list(view.open, 2), [3, 5]);
});

test('a row that is torn for a moment counts as it was, so that sums stay', (t) => {
  const { path, view, write } = setUp(t);
  write(0, { heartbeat: 1000, connectionsOpen: 3 }, { sent: { 1: 2 }, unanswered: { 1: 2 } });
  write(1, { heartbeat: 1000, connectionsOpen: 5 });
  write(2, { slot: 1, heartbeat: 1000, connectionsOpen: 7, state: 'draining' });
  const seen = (now: number): unknown => {
    assert.ok(view.refresh(now));
    return [view.slots, list(view.beats, 2), list(view.open, 2), list(view.coming, 2), list(view.leaving, 2)];
  };
  const before = seen(1000);
  for (const row of [0, 1, 2]) tear(path, row);
  assert.deepEqual(seen(1001), before);
  assert.deepEqual(seen(1400), before, 'also at a survey');
  // The row is a second old then, as that of a worker that hangs.
  assert.deepEqual(seen(2001), [0, [0, 0], [3, 5], [0, 0], [0, 0]]);
  write(1, { heartbeat: 2251, connectionsOpen: 6 });
  assert.ok(view.refresh(2251));
  assert.deepEqual([view.slots, view.open[1]], [2, 6]);
});

test('what a file that was cut short does not have is blank', (t) => {
  const { path, view, write } = setUp(t);
  write(0, { connectionsOpen: 3 });
  truncateSync(path, rowOffset(2) - 1);
  assert.ok(view.refresh(1000));
  assert.deepEqual([view.slots, view.open[0]], [1, 3]);
  truncateSync(path, 0);
  assert.ok(!view.refresh(1001));
});

test('a beat that is yet to come takes no slot', (t) => {
  const { view, write } = setUp(t);
  write(0, { heartbeat: 5000, connectionsOpen: 3 });
  write(1, { slot: 0, heartbeat: 1e300, connectionsOpen: 9 });
  assert.ok(view.refresh(5000));
  assert.equal(view.open[0], 3);
});

test('closed, it sees nothing, and says so', (t) => {
  const { view } = setUp(t);
  view.close();
  view.close();
  assert.ok(!view.refresh(0));
});

test('a board that cannot be opened any more is still seen: the application may have given up its rights', (t) => {
  const { path, view, write } = setUp(t);
  rmSync(path);
  write(0, { connectionsOpen: 3 });
  assert.ok(view.refresh(0));
  assert.deepEqual([view.slots, view.open[0]], [1, 3]);
});

test('a board that cannot be opened is seen when it is put right, with all its rows', (t) => {
  const board = Board.create({ name: 'view', rows: 3, directories: [temporaryDirectory(t)] });
  const writer = Writer.open(board.path, 2);
  truncateSync(board.path);
  const view = new LoadView(board.path);
  t.after(() => [view, writer, board].forEach((one) => one.close()));
  assert.ok(!view.refresh(0));
  // The header says for a moment that there are fewer.
  const forged = encodeHeader(headerWith({ rows: 1 }));
  writeFileSync(board.path, Buffer.concat([forged, Buffer.alloc(ROW_BYTES)]));
  assert.ok(view.refresh(250));
  board.restore();
  writer.write({ ...BLANK, slot: 2, state: 'ready', heartbeat: 100 });
  assert.ok(view.refresh(500));
  assert.equal(view.slots, 3);
});
