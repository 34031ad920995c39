import assert from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { removeBoard } from '../../../src/scoreboard/file.ts';
import { reserveState } from '../../../src/scoreboard/state-directory.ts';
import { temporaryDirectory } from './helpers.ts';

/** Makes the boards of three primaries, each of which inherits from the one before, and the state of the first. */
function lineage(t: TestContext): { boards: string[]; state: string } {
  const directory = temporaryDirectory(t);
  const boards = [1, 2, 3].map((pid) => join(directory, `prefork-0-${pid}-app.board`));
  for (const board of boards) writeFileSync(board, '');
  for (const [nth, board] of boards.entries()) assert.ok(reserveState(board, boards[nth - 1]));
  const state = join(directory, 'prefork-0-1-app.state');
  writeFileSync(join(state, 'store.db'), '');
  return { boards, state };
}

for (const order of [
  [0, 1, 2],
  [2, 1, 0],
  [1, 0, 2],
  [0, 2, 1],
]) {
  test(`state that was inherited goes with the last who has it: ${order.join(', ')}`, (t) => {
    const { boards, state } = lineage(t);
    for (const [ended, index] of order.entries()) {
      removeBoard(boards[index]!);
      assert.equal(existsSync(join(state, 'store.db')), ended < 2);
      assert.ok(index === 0 || !existsSync(boards[index]!.replace('.board', '.state')));
    }
    assert.ok(!existsSync(state));
  });
}

test('state of its own goes with the board, and that of others stays', (t) => {
  const { boards, state } = lineage(t);
  const other = join(state, '..', 'prefork-0-4-app.board');
  writeFileSync(other, '');
  mkdirSync(other.replace('.board', '.state'));
  removeBoard(other);
  assert.ok(!existsSync(other.replace('.board', '.state')));
  assert.ok(existsSync(state) && boards.every((board) => existsSync(board)));
});

test('a link that leads to something else is removed, and what it leads to is not', (t) => {
  const directory = temporaryDirectory(t);
  const board = join(directory, 'prefork-0-1-app.board');
  for (const name of ['precious', 'precious.state', 'prefork-0-2-file.state']) {
    const target = join(directory, name);
    if (name.startsWith('prefork')) writeFileSync(target, '');
    else mkdirSync(target);
    writeFileSync(board, '');
    symlinkSync(target, board.replace('.board', '.state'));
    removeBoard(board);
    assert.ok(existsSync(target), name);
    assert.ok(!existsSync(board.replace('.board', '.state')));
  }
});

const isRoot = process.geteuid?.() === 0;

test(
  'another user’s link leads root nowhere, and another user’s directory stays',
  {
    skip: !isRoot && 'only root can make files of others',
  },
  (t) => {
    const nobody = 65_534;
    const directory = temporaryDirectory(t);
    const [board, victim] = [join(directory, 'prefork-0-1-app.board'), join(directory, 'prefork-0-9-other.state')];
    mkdirSync(victim);
    symlinkSync(victim, board.replace('.board', '.state'));
    lchownSync(board.replace('.board', '.state'), nobody, nobody);
    removeBoard(board);
    assert.ok(existsSync(victim));

    // Root could remove the directory, and may be led astray meanwhile, because the owner can swap its content.
    const theirs = join(directory, 'prefork-0-2-app.state');
    mkdirSync(theirs);
    chownSync(theirs, nobody, nobody);
    removeBoard(theirs.replace('.state', '.board'));
    assert.ok(existsSync(theirs));
  },
);

test(
  'where the primary before has made no directory, or another user has its name, there is one all the same',
  { skip: !isRoot },
  (t) => {
    const directory = temporaryDirectory(t);
    const [older, next, last] = [1, 2, 3].map((pid) => join(directory, `prefork-0-${pid}-app.board`));
    assert.ok(reserveState(next!, older));
    assert.equal(readlinkSync(next!.replace('.board', '.state')), older!.replace('.board', '.state'));
    assert.ok(existsSync(older!.replace('.board', '.state')));
    chownSync(older!.replace('.board', '.state'), 65_534, 65_534);
    assert.ok(reserveState(last!, older));
    assert.ok(lstatSync(last!.replace('.board', '.state')).isDirectory());
    assert.equal(reserveState(last!), false, 'it is there');
  },
);
