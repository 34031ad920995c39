import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAIRS, ROW_BYTES, USED_ROW_BYTES, STATES, type Row, type State } from '../../../src/scoreboard/layout.ts';
import { BLANK, decodeRow, encodeRow, nextVersion, viewOf } from '../../../src/scoreboard/record.ts';
import { uniformRow } from './helpers.ts';

function encoded(row: Row, version: number): Uint8Array {
  const bytes = new Uint8Array(ROW_BYTES);
  encodeRow(viewOf(bytes), row, version);
  return bytes;
}

const example: Row = {
  ...BLANK,
  pid: 4_194_304,
  slot: -1,
  generation: 0xffffffff,
  heartbeat: 123_456.789,
  startedAt: 1_700_000_000_000.25,
  requestsStarted: Number.MAX_SAFE_INTEGER,
  utilization: 0.5,
  durations: BLANK.durations.map((_, index) => index + 0.5),
  latencies: BLANK.latencies.map((_, index) => 0xffffffff - index),
};

for (const state of Object.keys(STATES) as State[]) {
  test(`a row comes back as it was written: ${state}`, () => {
    const row = { ...example, state };
    assert.deepEqual(decodeRow(viewOf(encoded(row, 1))), row);
  });
}

test('a row is found at any row of a board', () => {
  const board = new Uint8Array(3 * ROW_BYTES);
  board.set(encoded(example, 7), 2 * ROW_BYTES);
  assert.equal(decodeRow(viewOf(board), ROW_BYTES), 'blank');
  assert.deepEqual(decodeRow(viewOf(board), 2 * ROW_BYTES), example);
});

test('every stretch of an old row inside a new one, and the reverse, is torn', () => {
  const before = encoded(uniformRow(41), 41);
  const after = encoded(uniformRow(42), 42);
  for (let from = 0; from < USED_ROW_BYTES; from += 4) {
    for (let to = from + 4; to <= USED_ROW_BYTES; to += 4) {
      if (from === 0 && to === USED_ROW_BYTES) continue;
      const [mixed, reverse] = [after.slice(), before.slice()];
      mixed.set(before.subarray(from, to), from);
      reverse.set(after.subarray(from, to), from);
      // Words that are equal in both rows make no difference, and so no tear.
      for (const bytes of [mixed, reverse]) {
        if (Buffer.compare(bytes, before) === 0 || Buffer.compare(bytes, after) === 0) continue;
        assert.equal(decodeRow(viewOf(bytes)), 'torn', `bytes ${from} to ${to}`);
      }
    }
  }
});

test('one bit that is not as it was written is a tear', () => {
  for (let bit = 0; bit < 8 * USED_ROW_BYTES; bit++) {
    const bytes = encoded(example, 3);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(decodeRow(viewOf(bytes)), 'torn', `bit ${bit}`);
  }
});

test('the top bits of two words do not cancel out', () => {
  for (let first = 3; first < USED_ROW_BYTES; first += 4) {
    for (let second = first + 4; second < USED_ROW_BYTES; second += 4) {
      const bytes = encoded(example, 3);
      bytes[first]! ^= 0x80;
      bytes[second]! ^= 0x80;
      assert.equal(decodeRow(viewOf(bytes)), 'torn', `bytes ${first} and ${second}`);
    }
  }
});

test('half of the first write to a blank row is a tear, not a row and not blank', () => {
  const bytes = encoded(example, 1);
  bytes.fill(0, PAIRS.unanswered / 2);
  assert.equal(decodeRow(viewOf(bytes)), 'torn');
});

test('the version wraps and skips the 0 of a blank row', () => {
  assert.equal(nextVersion(0), 1);
  assert.equal(nextVersion(0xffffffff), 1);
});
