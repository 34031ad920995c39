import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LATENCIES } from '../../../src/scoreboard/latencies.ts';
import { DURATIONS } from '../../../src/scoreboard/durations.ts';
import {
  FORMAT,
  formatOf,
  PAIRS,
  PLACED_HEADER,
  PLACED_ROW,
  ROW_BYTES,
  USED_ROW_BYTES,
  rowOffset,
} from '../../../src/scoreboard/layout.ts';
import { BLANK } from '../../../src/scoreboard/record.ts';

const bytes = { state: 1, i32: 4, u32: 4, f64: 8 };

for (const [name, fields] of [
  ['header', PLACED_HEADER],
  ['row', PLACED_ROW],
] as const) {
  test(`${name}: fields are aligned to their size and do not overlap`, () => {
    let end = 8;
    for (const { name: field, type, offset, count = 1 } of fields) {
      assert.equal(offset % bytes[type], 0, field);
      assert.ok(offset >= end, field);
      end = offset + bytes[type] * count;
    }
    assert.ok(end <= ROW_BYTES);
  });

  test(`${name}: every field has a name of its own`, () => {
    assert.equal(new Set(fields.map((field) => field.name)).size, fields.length);
  });
}

test('a row never crosses a page, because its size is a power of two and it starts at a multiple of that', () => {
  assert.equal(Math.log2(ROW_BYTES) % 1, 0);
  assert.ok(ROW_BYTES <= 4096);
  assert.equal(rowOffset(0), ROW_BYTES);
  assert.equal(rowOffset(7), 8 * ROW_BYTES);
});

test('a row keeps at least a fifth of its bytes for later fields', () => {
  assert.equal(USED_ROW_BYTES % 4, 0);
  assert.ok(USED_ROW_BYTES <= (ROW_BYTES * 4) / 5);
});

test('the arrays of a row have as many numbers as there are durations and latencies', () => {
  const arrays = PLACED_ROW.filter(({ count }) => count !== undefined);
  assert.deepEqual(
    arrays.map(({ name, count }) => [name, count]),
    [
      ['durations', DURATIONS],
      ['latencies', LATENCIES],
    ],
  );
});

test('a blank row has exactly the fields of the table', () => {
  assert.deepEqual(
    Object.keys(BLANK),
    PLACED_ROW.map((field) => field.name),
  );
});

test('each change of the layout is another format', () => {
  const fields = [...PLACED_HEADER, ...PLACED_ROW];
  const rest = [ROW_BYTES, ...Object.values(PAIRS)];
  assert.equal(formatOf(fields, rest), FORMAT);
  const [first, ...others] = fields as [(typeof fields)[number], ...typeof fields];
  const changes: ReadonlyArray<readonly [typeof fields, readonly number[]]> = [
    [[{ ...first, name: 'another' }, ...others], rest],
    [[{ ...first, type: 'i32' }, ...others], rest],
    [[{ ...first, offset: first.offset + 4 }, ...others], rest],
    [[{ ...first, count: 2 }, ...others], rest],
    [others, rest],
    [fields, [2 * ROW_BYTES, ...rest.slice(1)]],
  ];
  const formats = changes.map((change) => formatOf(...change));
  assert.equal(new Set([FORMAT, ...formats]).size, 1 + changes.length);
  for (const format of formats) assert.ok(Number.isInteger(format) && format >= 0 && format < 2 ** 32);
});
