import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { RowReader } from '../../../../src/primary/workers/row-reader.ts';
import { Board } from '../../../../src/scoreboard/board.ts';
import { encodeHeader } from '../../../../src/scoreboard/header.ts';
import { ROW_BYTES } from '../../../../src/scoreboard/layout.ts';
import { Writer } from '../../../../src/scoreboard/writer.ts';
import { headerWith, temporaryDirectory, uniformRow } from '../../scoreboard/helpers.ts';

const isLinux = process.platform === 'linux';
const PID = 4711;

/** Makes a board with the row of one worker, and a reader of it. */
function setUp(t: TestContext): { board: Board; writer: Writer; reader: RowReader; row: number } {
  const board = Board.create({ name: 'app', rows: 2, directories: [temporaryDirectory(t)] });
  const row = board.takeRow();
  const writer = Writer.open(board.path, row);
  const reader = new RowReader(board);
  t.after(() => [writer, reader, board].forEach((one) => one.close()));
  writer.write({ ...uniformRow(1), pid: PID });
  return { board, writer, reader, row };
}

test('a new file that cannot be opened at first is opened later', { skip: !isLinux }, (t) => {
  const { board, writer, reader, row } = setUp(t);
  rmSync(board.path);
  board.restore();
  renameSync(board.path, `${board.path}.away`);
  assert.equal(reader.read(row, PID)?.heartbeat, 1);
  renameSync(`${board.path}.away`, board.path);
  writer.follow();
  writer.write({ ...uniformRow(2), pid: PID });
  assert.equal(reader.read(row, PID)?.heartbeat, 2);
});

test('a worker that cannot open the new file is read in the one before, and no other is', { skip: !isLinux }, (t) => {
  const { board, writer, reader, row } = setUp(t);
  const other = board.takeRow();
  const follower = Writer.open(board.path, other);
  t.after(() => follower.close());
  const beat = (one: Writer, pid: number, heartbeat: number): void => one.write({ ...uniformRow(heartbeat), pid });
  beat(follower, PID + 1, 1);
  const beats = (): unknown[] => [reader.read(row, PID)?.heartbeat, reader.read(other, PID + 1)?.heartbeat];
  for (const time of [2, 3]) {
    rmSync(board.path);
    board.restore();
    beat(writer, PID, time);
    // What this one has left in the first file is old by now.
    assert.deepEqual(beats(), [time, time === 2 ? 1 : undefined]);
    follower.follow();
    beat(follower, PID + 1, time);
    assert.deepEqual(beats(), [time, time]);
  }
  board.freeRow(other);
  assert.deepEqual(beats(), [3, undefined]);
  assert.equal(reader.read(row, PID + 2), undefined);
});

test(
  'a new file whose header says that it has fewer rows is not read before that is put right',
  { skip: !isLinux },
  (t) => {
    const { board, reader } = setUp(t);
    const other = board.takeRow();
    rmSync(board.path);
    board.restore();
    const whole = readFileSync(board.path);
    writeFileSync(board.path, Buffer.concat([encodeHeader(headerWith({ rows: 1 })), Buffer.alloc(ROW_BYTES)]));
    assert.equal(reader.read(other, PID), undefined);
    writeFileSync(board.path, whole);
    const writer = Writer.open(board.path, other);
    t.after(() => writer.close());
    writer.write({ ...uniformRow(2), pid: PID });
    assert.equal(reader.read(other, PID)?.heartbeat, 2);
  },
);
