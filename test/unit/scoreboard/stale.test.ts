import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs, { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { sweepStale } from '../../../src/scoreboard/board.ts';
import { removeState } from '../../../src/scoreboard/state-directory.ts';
import { encodeHeader } from '../../../src/scoreboard/header.ts';
import { ROW_BYTES, type Header } from '../../../src/scoreboard/layout.ts';
import { boardFileName, userId } from '../../../src/scoreboard/place.ts';
import { headerWith, temporaryDirectory } from './helpers.ts';

/** The pid of a process that has ended. */
const dead = spawnSync(process.execPath, ['-e', '']).pid;

function writeBoard(directory: string, header: Header, { uid = userId(), pid = header.primaryPid } = {}): string {
  const path = join(directory, boardFileName({ uid, primaryPid: pid, name: 'app' }));
  const bytes = Buffer.alloc(3 * ROW_BYTES);
  bytes.set(encodeHeader(header));
  writeFileSync(path, bytes);
  return path;
}

test('the board of a primary that was killed is removed', (t) => {
  const directory = temporaryDirectory(t);
  const path = writeBoard(directory, headerWith({ primaryPid: dead }));
  assert.deepEqual(sweepStale([directory]), [path]);
  assert.ok(!existsSync(path));
});

test('the board of an earlier process with our own pid is removed', (t) => {
  const directory = temporaryDirectory(t);
  const path = writeBoard(directory, headerWith({ primaryStartedAt: 1 }));
  assert.deepEqual(sweepStale([directory]), [path]);
});

const kept: ReadonlyArray<[what: string, make: (directory: string) => string]> = [
  ['our own board', (directory) => writeBoard(directory, headerWith())],
  ['the board of a live primary', (directory) => writeBoard(directory, headerWith({ primaryPid: process.ppid }))],
  [
    'the board of a primary in another pid namespace',
    (directory) => writeBoard(directory, headerWith({ primaryPid: dead, pidNamespace: 1 })),
  ],
  [
    'the board of another user',
    (directory) => writeBoard(directory, headerWith({ primaryPid: dead }), { uid: userId() + 1 }),
  ],
  ['a board of another format', (directory) => writeBoard(directory, headerWith({ primaryPid: dead, format: 99 }))],
  [
    'a board whose name and header disagree',
    (directory) => writeBoard(directory, headerWith({ primaryPid: dead }), { pid: process.ppid }),
  ],
  [
    'a board whose pid would be a process group to kill(2)',
    (directory) => writeBoard(directory, headerWith({ primaryPid: 0xffffffff })),
  ],
  ['a board whose pid is 0', (directory) => writeBoard(directory, headerWith({ primaryPid: 0 }))],
  [
    'a file that only has the name',
    (directory) => {
      const path = join(directory, boardFileName({ uid: userId(), primaryPid: dead, name: 'app' }));
      writeFileSync(path, 'not a board');
      return path;
    },
  ],
  [
    'a directory that has the name',
    (directory) => {
      const path = join(directory, boardFileName({ uid: userId(), primaryPid: dead, name: 'app' }));
      mkdirSync(path);
      return path;
    },
  ],
];

for (const [what, make] of kept) {
  test(`${what} stays`, (t) => {
    const directory = temporaryDirectory(t);
    const path = make(directory);
    assert.deepEqual(sweepStale([directory]), []);
    assert.ok(existsSync(path));
  });
}

test('a FIFO of that name stays, and does not hang the sweep', { skip: process.platform === 'win32' }, (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, boardFileName({ uid: userId(), primaryPid: dead, name: 'app' }));
  execFileSync('mkfifo', [path]);
  assert.deepEqual(sweepStale([directory]), []);
  assert.ok(existsSync(path));
});

test('a directory that is not there is no reason not to start', (t) => {
  assert.deepEqual(sweepStale([join(temporaryDirectory(t), 'missing')]), []);
});

/** Makes what a primary has beside its board, and no board. */
function leftoversOf(directory: string, pid: number): string[] {
  const stem = join(directory, boardFileName({ uid: userId(), primaryPid: pid, name: 'app' }).replace(/\.board$/, ''));
  const paths = [`${stem}.state`, `${stem}.reports-abc123`];
  for (const path of paths) mkdirSync(path);
  return paths;
}

test('leftovers without a board go, but not those of a living primary, which is about to create its board', (t) => {
  const directory = temporaryDirectory(t);
  const [gone, own, living] = [dead, process.pid, process.ppid].map((pid) => leftoversOf(directory, pid));
  sweepStale([directory]);
  for (const path of [...gone!, ...own!]) assert.ok(!existsSync(path), path);
  for (const path of living!) assert.ok(existsSync(path), path);
});

/** So many names can any user make, of each kind. */
const MANY = 4000;

for (const extension of ['.board', '.state', '.reports-abc123']) {
  test(`of many names of others not all are looked at: ${extension}`, (t) => {
    const directory = temporaryDirectory(t);
    for (let nth = 0; nth < MANY; nth++)
      writeFileSync(join(directory, `prefork-${userId()}-${dead}-${nth}${extension}`), '');
    const opened = t.mock.method(fs, 'openSync');
    syncBuiltinESMExports();
    sweepStale([directory]);
    opened.mock.restore();
    syncBuiltinESMExports();
    // A look opens each part of the path, and a leftover has two.
    assert.ok(opened.mock.callCount() < 2 * MANY, String(opened.mock.callCount()));
  });
}

test('a state stays where too many names could be those of primaries that use it', (t) => {
  const directory = temporaryDirectory(t);
  const board = join(directory, boardFileName({ uid: userId(), primaryPid: dead, name: 'app' }));
  const state = board.replace(/\.board$/, '.state');
  mkdirSync(state);
  for (let nth = 0; nth < MANY; nth++)
    symlinkSync('/nowhere', join(directory, `prefork-${userId()}-${dead}-${nth}.state`));
  removeState(board);
  assert.ok(existsSync(state));
  for (let nth = 0; nth < MANY; nth++) rmSync(join(directory, `prefork-${userId()}-${dead}-${nth}.state`));
  removeState(board);
  assert.ok(!existsSync(state));
});
