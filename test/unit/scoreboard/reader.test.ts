import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Board } from '../../../src/scoreboard/board.ts';
import { encodeHeader } from '../../../src/scoreboard/header.ts';
import { FORMAT, PAIRS, ROW_BYTES, rowOffset } from '../../../src/scoreboard/layout.ts';
import { encodeRow, viewOf } from '../../../src/scoreboard/record.ts';
import { Reader } from '../../../src/scoreboard/reader.ts';
import { Writer } from '../../../src/scoreboard/writer.ts';
import { headerWith, temporaryDirectory, uniformRow } from './helpers.ts';

function makeBoard(t: TestContext, rows: number): { board: Board; reader: Reader } {
  const board = Board.create({ name: 'app', rows, directories: [temporaryDirectory(t)] });
  const reader = Reader.open(board.path);
  t.after(() => {
    reader.close();
    board.close();
  });
  return { board, reader };
}

/** Opens the file itself, to do what no writer would. */
async function openRaw(t: TestContext, path: string): Promise<FileHandle> {
  const file = await open(path, 'r+');
  t.after(() => file.close());
  return file;
}

test('a row that nobody has written is undefined', (t) => {
  const { reader } = makeBoard(t, 2);
  assert.equal(reader.read(0), undefined);
  assert.deepEqual(reader.readAll(), [undefined, undefined]);
});

for (const row of [-1, 2, 1e9, Number.NaN]) {
  test(`row ${row} of a board with two is undefined`, (t) => {
    assert.equal(makeBoard(t, 2).reader.read(row), undefined);
  });
}

test('rows are read one by one and all at once', (t) => {
  const { board, reader } = makeBoard(t, 3);
  for (const row of [0, 2]) {
    const writer = Writer.open(board.path, row);
    t.after(() => writer.close());
    writer.write(uniformRow(100 + row));
    writer.write(uniformRow(200 + row));
  }
  assert.deepEqual(reader.read(2), uniformRow(202));
  assert.deepEqual(reader.readAll(), [uniformRow(200), undefined, uniformRow(202)]);
});

test('a row that stays half written is undefined, and whole again when the rest comes', async (t) => {
  const { board, reader } = makeBoard(t, 2);
  const file = await openRaw(t, board.path);
  const bytes = Buffer.alloc(ROW_BYTES);
  const half = PAIRS.unanswered / 2;
  for (const value of [1, 2]) {
    encodeRow(viewOf(bytes), uniformRow(value), value);
    await file.write(bytes, 0, half, rowOffset(1));
    assert.equal(reader.read(1), undefined, `first half of write ${value}`);
    assert.deepEqual(reader.readAll(), [undefined, undefined]);
    await file.write(bytes, half, ROW_BYTES - half, rowOffset(1) + half);
    assert.deepEqual(reader.read(1), uniformRow(value));
  }
});

test('a torn row hides no other', async (t) => {
  const { board, reader } = makeBoard(t, 3);
  const writer = Writer.open(board.path, 2);
  t.after(() => writer.close());
  writer.write(uniformRow(7));
  const file = await openRaw(t, board.path);
  await file.write(Buffer.from([1]), 0, 1, rowOffset(0));
  assert.deepEqual(reader.readAll(), [undefined, undefined, uniformRow(7)]);
});

test('a board cut short after it was opened has nothing to say', (t) => {
  const { board, reader } = makeBoard(t, 2);
  truncateSync(board.path, ROW_BYTES + 10);
  assert.equal(reader.read(0), undefined);
  assert.deepEqual(reader.readAll(), [undefined, undefined]);
});

test('a board cut short between two rows still has the first', (t) => {
  const { board, reader } = makeBoard(t, 2);
  const writer = Writer.open(board.path, 0);
  t.after(() => writer.close());
  writer.write(uniformRow(7));
  truncateSync(board.path, rowOffset(1));
  assert.deepEqual(reader.readAll(), [uniformRow(7), undefined]);
});

test('a board that was removed can be read on', (t) => {
  const { board, reader } = makeBoard(t, 1);
  const writer = Writer.open(board.path, 0);
  t.after(() => writer.close());
  board.close();
  writer.write(uniformRow(3));
  assert.deepEqual(reader.read(0), uniformRow(3));
});

test('after close nothing is read, and closing again does nothing', (t) => {
  const { reader } = makeBoard(t, 1);
  reader.close();
  reader.close();
  assert.equal(reader.read(0), undefined);
  assert.deepEqual(reader.readAll(), [undefined]);
});

type Make = (path: string) => void;
const content =
  (...parts: Uint8Array[]): Make =>
  (path) =>
    writeFileSync(path, Buffer.concat(parts));
const header = (changes: Parameters<typeof headerWith>[0] = {}): Buffer => encodeHeader(headerWith(changes));
const rows = Buffer.alloc(2 * ROW_BYTES);
const onUnix = process.platform !== 'win32';

const bad: ReadonlyArray<[what: string, code: string, make: Make]> = [
  ['no file', 'ERR_SCOREBOARD_OPEN', () => undefined],
  ['an empty file', 'ERR_SCOREBOARD_FORMAT', content()],
  ['the magic alone', 'ERR_SCOREBOARD_FORMAT', content(Buffer.from('PREFORK\n'))],
  ['a file of something else', 'ERR_SCOREBOARD_FORMAT', content(Buffer.alloc(3 * ROW_BYTES, 1))],
  ['another format', 'ERR_SCOREBOARD_VERSION', content(header({ format: FORMAT ^ 1 }), rows)],
  ['a board with rows of another size', 'ERR_SCOREBOARD_FORMAT', content(header({ rowSize: 512 }), rows)],
  ['a board without rows', 'ERR_SCOREBOARD_FORMAT', content(header({ rows: 0 }))],
  ['a board of more rows than there can be', 'ERR_SCOREBOARD_FORMAT', content(header({ rows: 2 ** 31 }))],
  ['a board cut short', 'ERR_SCOREBOARD_FORMAT', content(header(), rows.subarray(1))],
  ['a board too long', 'ERR_SCOREBOARD_FORMAT', content(header(), rows, rows)],
  ['a directory', onUnix ? 'ERR_SCOREBOARD_FORMAT' : 'ERR_SCOREBOARD_OPEN', (path) => mkdirSync(path)],
];

const badOnUnix: typeof bad = [
  ['a link', 'ERR_SCOREBOARD_FORMAT', (path) => symlinkSync('/dev/zero', path)],
  ['a FIFO', 'ERR_SCOREBOARD_FORMAT', (path) => void execFileSync('mkfifo', [path])],
];

for (const [what, code, make] of onUnix ? [...bad, ...badOnUnix] : bad) {
  test(`${what} is ${code}, for readers and writers, and leaves nothing open`, (t) => {
    const path = join(temporaryDirectory(t), 'file');
    make(path);
    const before = openDescriptors();
    for (const openIt of [() => Reader.open(path), () => Writer.open(path, 0)]) {
      assert.throws(openIt, (error: NodeJS.ErrnoException) => {
        assert.ok(error instanceof Error);
        assert.equal(error.code, code, error.message);
        assert.ok(error.message.includes(path), error.message);
        return true;
      });
    }
    assert.equal(openDescriptors(), before);
  });
}

function openDescriptors(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}
