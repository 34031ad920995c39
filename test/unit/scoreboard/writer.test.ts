import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Board } from '../../../src/scoreboard/board.ts';
import { Reader } from '../../../src/scoreboard/reader.ts';
import { Writer } from '../../../src/scoreboard/writer.ts';
import { robbed, temporaryDirectory, uniformRow } from './helpers.ts';

const fixture = fileURLToPath(new URL(`write-rows${extname(import.meta.url)}`, import.meta.url));

for (const row of [-1, 2, 0.5]) {
  test(`there is no row ${row} to open in a board of two`, (t) => {
    const board = Board.create({ name: 'app', rows: 2, directories: [temporaryDirectory(t)] });
    t.after(() => board.close());
    assert.throws(() => Writer.open(board.path, row), { code: 'ERR_SCOREBOARD_ROW' });
  });
}

test('a worker knows whether another primary has the sockets, and believes it where it cannot know', (t) => {
  const board = Board.create({ name: 'app', rows: 1, directories: [temporaryDirectory(t)] });
  t.after(() => board.close());
  const writer = Writer.open(board.path, 0);
  assert.equal(writer.sharesSockets(), false);
  board.shareSockets(true);
  assert.equal(writer.sharesSockets(), true);
  board.shareSockets(false);
  board.close();
  assert.equal(writer.sharesSockets(), false, 'the file is gone, and its worker has it still');
  writer.close();
  assert.equal(writer.sharesSockets(), true);
});

test('after close nothing is written, not even to the file that got its descriptor', (t) => {
  const directory = temporaryDirectory(t);
  const board = Board.create({ name: 'app', rows: 1, directories: [directory] });
  t.after(() => board.close());
  const writer = Writer.open(board.path, 0);
  writer.write(uniformRow(1));
  writer.close();
  writer.close();
  const other = join(directory, 'other');
  writeFileSync(other, '');
  const fd = openSync(other, 'r+');
  writer.write(uniformRow(2));
  closeSync(fd);
  assert.equal(readFileSync(other).length, 0);
  const reader = Reader.open(board.path);
  t.after(() => reader.close());
  assert.deepEqual(reader.read(0), uniformRow(1));
});

test('a descriptor that was closed by others is opened again, and the file that got its number stays open', (t) => {
  const board = Board.create({ name: 'app', rows: 1, directories: [temporaryDirectory(t)] });
  t.after(() => board.close());
  const { opened: writer, fd, other } = robbed(t, () => Writer.open(board.path, 0));
  assert.equal(fstatSync(fd).ino, statSync(other).ino);
  writer.follow();
  writer.write(uniformRow(1));
  writer.close();
  assert.equal(fstatSync(fd).ino, statSync(other).ino);
  assert.equal(readFileSync(other).length, 0);
  const reader = Reader.open(board.path);
  t.after(() => reader.close());
  assert.deepEqual(reader.read(0), uniformRow(1));
});

test('a new writer of a row takes over from the one before', (t) => {
  const board = Board.create({ name: 'app', rows: 1, directories: [temporaryDirectory(t)] });
  const reader = Reader.open(board.path);
  t.after(() => {
    reader.close();
    board.close();
  });
  for (const value of [1, 2]) {
    const writer = Writer.open(board.path, 0);
    writer.write(uniformRow(value));
    writer.close();
    assert.deepEqual(reader.read(0), uniformRow(value));
  }
});

// A limit of 0 on the size of files makes a process's writes fail, as a full disk would.
test('writes that fail are counted and end nothing', { skip: process.platform === 'win32' }, (t) => {
  const board = Board.create({ name: 'app', rows: 1, directories: [temporaryDirectory(t)] });
  t.after(() => board.close());
  const limited = ['-c', 'ulimit -f 0; exec "$@"', 'sh', process.execPath, fixture, board.path, '0', '3'];
  const { stdout, stderr } = spawnSync('sh', limited, { encoding: 'utf8' });
  assert.equal(stdout, 'failures=3\n', stderr);
});
