import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Board } from '../../../src/scoreboard/board.ts';
import type { Row } from '../../../src/scoreboard/layout.ts';
import { Reader } from '../../../src/scoreboard/reader.ts';

const fixture = fileURLToPath(new URL(`write-rows${extname(import.meta.url)}`, import.meta.url));
const READS = 200_000;

test(`${READS} reads against a writer that never rests see no row of two writes`, { timeout: 60_000 }, async (t) => {
  // The board has two rows, so that both ways of reading compete with the writer.
  const board = Board.create({ name: 'concurrent-test', rows: 2 });
  const reader = Reader.open(board.path);
  const child = fork(fixture, [board.path, '1']);
  t.after(async () => {
    reader.close();
    board.close();
    if (child.connected) child.disconnect();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  await once(child, 'message');

  let whole = 0;
  let newest = 0;
  for (let read = 0; read < READS; read++) {
    const row = read % 8 === 0 ? reader.readAll()[1] : reader.read(1);
    // The row is not known at this moment, because the kernel suspended the writer in the middle.
    if (row === undefined) continue;
    whole++;
    const value = assertUniform(row);
    assert.ok(value >= newest, `${value} was read after ${newest}`);
    newest = value;
  }
  assert.ok(whole > READS * 0.9, `only ${whole} of ${READS} reads were whole`);
  assert.ok(newest > 1, 'the writer wrote while it was read');
});

function assertUniform(row: Row): number {
  const { state, durations, latencies, ...numbers } = row;
  assert.equal(state, 'ready');
  // The values are compared without their names. An assertion for each field would take longer than the read.
  for (const value of [...Object.values(numbers), ...durations, ...latencies])
    if (value !== row.pid) assert.fail(`torn: ${JSON.stringify(row)}`);
  return row.pid;
}
