import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_ROW, Rows } from '../../../src/scoreboard/rows.ts';

test('rows are handed out lowest first, each once', () => {
  const rows = new Rows(3);
  assert.deepEqual([rows.take(), rows.take(), rows.take()], [0, 1, 2]);
  assert.equal(rows.take(), NO_ROW);
});

test('a row that was given back is handed out again', () => {
  const rows = new Rows(3);
  rows.take();
  rows.take();
  rows.free(0);
  assert.equal(rows.take(), 0);
  assert.equal(rows.take(), 2);
});

for (const row of [0, 1, 9, -2, 0.5]) {
  test(`giving back row ${row}, which is not in use, throws and changes nothing`, () => {
    const rows = new Rows(2);
    assert.throws(() => rows.free(row), { code: 'ERR_SCOREBOARD_ROW' });
    assert.deepEqual([rows.take(), rows.take(), rows.take()], [0, 1, NO_ROW]);
  });
}
