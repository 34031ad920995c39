import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  watch,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Board } from '../../../src/scoreboard/board.ts';
import { encodeHeader } from '../../../src/scoreboard/header.ts';
import { ROW_BYTES, rowOffset } from '../../../src/scoreboard/layout.ts';
import { LoadView } from '../../../src/scoreboard/load-view.ts';
import { boardDirectories, boardFileName, userId } from '../../../src/scoreboard/place.ts';
import { Reader } from '../../../src/scoreboard/reader.ts';
import { NO_ROW } from '../../../src/scoreboard/rows.ts';
import { Writer } from '../../../src/scoreboard/writer.ts';
import { headerWith, temporaryDirectory, uniformRow } from './helpers.ts';

const isLinux = process.platform === 'linux';
const fileName = boardFileName({ uid: userId(), primaryPid: process.pid, name: 'app' });

test('a new board is a private file of its full size, with blank rows', (t) => {
  const board = Board.create({ name: 'app', rows: 3, directories: [temporaryDirectory(t)] });
  t.after(() => board.close());
  const file = statSync(board.path);
  if (process.platform !== 'win32') assert.equal(file.mode & 0o777, 0o600);
  assert.equal(file.size, 4 * ROW_BYTES);
  const reader = Reader.open(board.path);
  t.after(() => reader.close());
  assert.deepEqual(reader.readAll(), [undefined, undefined, undefined]);
  assert.deepEqual(reader.header, headerWith({ rows: 3 }));
});

test('it is made in the first directory there is', (t) => {
  const board = Board.create({ name: 'board-test', rows: 1 });
  t.after(() => board.close());
  assert.equal(dirname(board.path), boardDirectories()[0]);
});

test(
  'a file that can no longer be written keeps nobody from their work',
  { skip: process.platform !== 'linux' },
  (t) => {
    const board = Board.create({ name: 'app', rows: 1, directories: [temporaryDirectory(t)] });
    t.after(() => board.close());
    const row = board.takeRow();
    // In its place another file is open, which takes nothing: as a file system that is full.
    const fd = readdirSync('/proc/self/fd')
      .map(Number)
      .find((one) => linkOf(one) === board.path)!;
    closeSync(fd);
    assert.equal(openSync('/dev/null', 'r'), fd);
    board.freeRow(row);
    board.shareSockets(true);
    assert.equal(board.takeRow(), row);
  },
);

function linkOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

test('closing it removes the file, and again does nothing', (t) => {
  const board = Board.create({ name: 'app', rows: 1, directories: [temporaryDirectory(t)] });
  board.close();
  assert.ok(!existsSync(board.path));
  writeFileSync(board.path, 'somebody else');
  board.close();
  assert.ok(existsSync(board.path));
});

test('closing it is fine when the file is gone already', (t) => {
  const directory = temporaryDirectory(t);
  const board = Board.create({ name: 'app', rows: 1, directories: [directory] });
  const same = Board.create({ name: 'other', rows: 1, directories: [directory] });
  t.after(() => same.close());
  board.close();
  board.close();
});

test('a row that is taken back is blank before it is handed out again', (t) => {
  const board = Board.create({ name: 'app', rows: 2, directories: [temporaryDirectory(t)] });
  t.after(() => board.close());
  const [first, second] = [board.takeRow(), board.takeRow()];
  const reader = Reader.open(board.path);
  t.after(() => reader.close());
  for (const row of [first, second]) {
    const writer = Writer.open(board.path, row);
    writer.write(uniformRow(row));
    writer.close();
  }
  board.freeRow(first);
  assert.deepEqual(reader.readAll(), [undefined, uniformRow(1)]);
  assert.equal(board.takeRow(), first);
});

test('with all rows taken a worker gets none, and gives none back', (t) => {
  const board = Board.create({ name: 'app', rows: 1, directories: [temporaryDirectory(t)] });
  t.after(() => board.close());
  assert.equal(board.takeRow(), 0);
  assert.equal(board.takeRow(), NO_ROW);
  board.freeRow(NO_ROW);
  assert.equal(board.takeRow(), NO_ROW);
});

test('workers that exit after the board is closed still give their rows back', (t) => {
  const board = Board.create({ name: 'app', rows: 1, directories: [temporaryDirectory(t)] });
  const row = board.takeRow();
  board.close();
  board.freeRow(row);
});

test('a directory that does not take the file is passed over for the next', (t) => {
  const directory = temporaryDirectory(t);
  const board = Board.create({ name: 'app', rows: 1, directories: [join(directory, 'missing'), directory] });
  t.after(() => board.close());
  assert.equal(board.path, join(directory, fileName));
});

test('when none takes it, the error says which and why', (t) => {
  const missing = join(temporaryDirectory(t), 'missing');
  assert.throws(
    () => Board.create({ name: 'app', rows: 1, directories: [missing] }),
    (error: NodeJS.ErrnoException & { cause: NodeJS.ErrnoException }) => {
      assert.equal(error.code, 'ERR_SCOREBOARD_CREATE');
      assert.equal(error.cause.code, 'ENOENT');
      assert.ok(error.message.includes(missing) && error.message.includes('ENOENT'), error.message);
      return true;
    },
  );
});

for (const [what, take] of [
  ['a file', (path: string) => writeFileSync(path, 'precious')],
  ['a directory for the state', (path: string) => mkdirSync(path.replace('.board', '.state'))],
] as const) {
  test(`where somebody else has ${what} of that name, another name is taken`, (t) => {
    const directory = temporaryDirectory(t);
    take(join(directory, fileName));
    const before = readdirSync(directory);
    const board = Board.create({ name: 'app', rows: 1, directories: [directory] });
    assert.match(basename(board.path), /^prefork-\d+-\d+-app\.\w+\.board$/);
    assert.ok(existsSync(board.path.replace('.board', '.state')));
    board.close();
    assert.deepEqual(readdirSync(directory), before);
  });
}

test(
  'the directory for the state is there before the board can be seen, and for this user alone',
  { skip: process.platform !== 'linux' && 'the order is that of inotify' },
  async (t) => {
    const directory = temporaryDirectory(t);
    const seen: Array<string | null> = [];
    const watcher = watch(directory, (_, name) => void seen.push(name));
    t.after(() => watcher.close());
    const board = Board.create({ name: 'app', rows: 1, directories: [directory] });
    t.after(() => board.close());
    while (!seen.includes(fileName)) await nextTurn();
    const state = fileName.replace('.board', '.state');
    assert.equal(seen[0], state);
    assert.equal(statSync(join(directory, state)).mode & 0o777, 0o700);
  },
);

test('a link of that name is not followed', { skip: process.platform === 'win32' }, (t) => {
  const directory = temporaryDirectory(t);
  const target = join(directory, 'target');
  writeFileSync(target, 'precious');
  symlinkSync(target, join(directory, fileName));
  Board.create({ name: 'app', rows: 1, directories: [directory] }).close();
  assert.equal(readFileSync(target, 'utf8'), 'precious');
});

test('what a dead primary with our pid left is replaced: pid 1 of a restarted container', (t) => {
  const directory = temporaryDirectory(t);
  const old = Buffer.alloc(3 * ROW_BYTES);
  old.set(encodeHeader(headerWith({ primaryStartedAt: 1 })));
  writeFileSync(join(directory, fileName), old);
  const board = Board.create({ name: 'app', rows: 1, directories: [directory] });
  t.after(() => board.close());
  assert.equal(board.path, join(directory, fileName));
  assert.equal(statSync(board.path).size, 2 * ROW_BYTES);
});

test('two boards of one name in one process do not share a file', (t) => {
  const directories = [temporaryDirectory(t)];
  const board = Board.create({ name: 'app', rows: 1, directories });
  t.after(() => board.close());
  const second = Board.create({ name: 'app', rows: 1, directories });
  t.after(() => second.close());
  assert.notEqual(second.path, board.path);
});

type Harm = (path: string) => void;
const harms: ReadonlyArray<[what: string, harm: Harm]> = [
  ['was cut to nothing', (path) => truncateSync(path, 0)],
  ['was cut within a row', (path) => truncateSync(path, 2 * ROW_BYTES + 10)],
  ['was made longer', (path) => truncateSync(path, 2 ** 30)],
  ['has another header', (path) => writeAt(path, Buffer.alloc(ROW_BYTES), 0)],
  ['has rows that nobody wrote', (path) => writeAt(path, Buffer.alloc(2 * ROW_BYTES, 1), rowOffset(1))],
  ['was removed', (path) => rmSync(path)],
  [
    'was removed and has another link',
    (path) => {
      linkSync(path, `${path}.link`);
      rmSync(path);
    },
  ],
  ['was moved', (path) => renameSync(path, `${path}.away`)],
  [
    'was moved, under its own name',
    (path) => {
      mkdirSync(`${path}.dir`);
      renameSync(path, join(`${path}.dir`, basename(path)));
    },
  ],
  ['is closed to all', (path) => chmodSync(path, 0)],
  ['is open to all', (path) => chmodSync(path, 0o666)],
  [
    'has an empty directory in its place',
    (path) => {
      rmSync(path);
      mkdirSync(path);
    },
  ],
  [
    'was moved, and has a directory with something in it in its place',
    (path) => {
      renameSync(path, `${path}.away`);
      mkdirSync(path);
      writeFileSync(join(path, 'in-it'), '');
    },
  ],
  [
    'has another file in its place',
    (path) => {
      renameSync(path, `${path}.away`);
      writeFileSync(path, 'another');
    },
  ],
];

function writeAt(path: string, bytes: Uint8Array, position: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, 0, bytes.length, position);
  closeSync(fd);
}

for (const [what, harm] of harms) {
  test(`a board that ${what} is put right, and who reads and writes it goes on`, { skip: !isLinux }, (t) => {
    const board = Board.create({ name: 'app', rows: 3, directories: [temporaryDirectory(t)] });
    const row = board.takeRow();
    const writer = Writer.open(board.path, row);
    const view = new LoadView(board.path);
    t.after(() => [writer, view, board].forEach((one) => one.close()));
    board.shareSockets(true);
    writer.write(uniformRow(0));
    harm(board.path);
    board.restore();
    const reader = Reader.open(board.path);
    t.after(() => reader.close());
    assert.deepEqual(reader.header, headerWith({ rows: 3, sharesSockets: 1 }));
    assert.equal(statSync(board.path).mode & 0o777, 0o600);
    writer.follow();
    writer.write({ ...uniformRow(0), heartbeat: 1 });
    assert.deepEqual(reader.readAll(), [{ ...uniformRow(0), heartbeat: 1 }, undefined, undefined]);
    assert.ok(view.refresh(1000));
    assert.deepEqual([view.slots, view.beats[0]], [1, 1]);
    board.close();
    assert.ok(!existsSync(board.path));
  });
}

test('what is in its place when it closes does not stay, nor does what is beside it', { skip: !isLinux }, (t) => {
  const directory = temporaryDirectory(t);
  const board = Board.create({ name: 'app', rows: 1, directories: [directory] });
  rmSync(board.path);
  mkdirSync(board.path);
  board.close();
  assert.deepEqual(readdirSync(directory), []);
});

test('a name that cannot be had again keeps nothing else from being put right', { skip: !isLinux }, (t) => {
  const board = Board.create({ name: 'app', rows: 3, directories: [temporaryDirectory(t)] });
  t.after(() => board.close());
  const reader = Reader.open(board.path);
  t.after(() => reader.close());
  const writer = Writer.open(board.path, 1);
  t.after(() => writer.close());
  writer.write(uniformRow(1));
  rmSync(dirname(board.path), { recursive: true });
  board.restore();
  assert.deepEqual(reader.readAll(), [undefined, undefined, undefined]);
});

test('nothing is put right in another file that has the number of its descriptor', { skip: !isLinux }, (t) => {
  const directory = temporaryDirectory(t);
  const board = Board.create({ name: 'app', rows: 1, directories: [directory] });
  t.after(() => board.close());
  const other = join(directory, 'other');
  writeFileSync(other, 'precious');
  const fd = readdirSync('/proc/self/fd')
    .map(Number)
    .find((one) => linkOf(one) === board.path)!;
  closeSync(fd);
  assert.equal(openSync(other, 'r+'), fd);
  board.shareSockets(true);
  assert.equal(readFileSync(other, 'utf8'), 'precious');
});

test('rows that nobody has are cleared within some looks, however many there are', (t) => {
  const board = Board.create({ name: 'app', rows: 100, directories: [temporaryDirectory(t)] });
  t.after(() => board.close());
  const reader = Reader.open(board.path);
  t.after(() => reader.close());
  assert.equal(board.takeRow(), 0);
  for (let row = 0; row < 100; row++) {
    const writer = Writer.open(board.path, row);
    writer.write(uniformRow(row));
    writer.close();
  }
  for (let looks = 0; looks < 7; looks++) board.restore();
  assert.deepEqual(reader.readAll().filter(Boolean), [uniformRow(0)]);
});

for (const rows of [0, -1, 1.5, Number.NaN, 5000]) {
  test(`a board of ${rows} rows is refused`, () => {
    assert.throws(() => Board.create({ name: 'app', rows }), RangeError);
  });
}
