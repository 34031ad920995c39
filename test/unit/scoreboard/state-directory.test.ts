import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { removeBoard } from '../../../src/scoreboard/file.ts';
import { inheritState } from '../../../src/scoreboard/state-directory.ts';
import { temporaryDirectory } from './helpers.ts';

/** Boards of three primaries, of which each inherits from the one before, and the state of the first. */
function lineage(t: TestContext): { boards: string[]; state: string } {
  const directory = temporaryDirectory(t);
  const boards = [1, 2, 3].map((pid) => join(directory, `prefork-0-${pid}-app.board`));
  for (const board of boards) writeFileSync(board, '');
  inheritState(boards[1]!, boards[0]!);
  inheritState(boards[2]!, boards[1]!);
  const state = join(directory, 'prefork-0-1-app.state');
  mkdirSync(state);
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
