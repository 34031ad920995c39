import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countDuration, DURATIONS, durationsByClass } from '../../../src/scoreboard/durations.ts';
import { rowInRange } from '../../../src/scoreboard/range.ts';
import { BLANK } from '../../../src/scoreboard/record.ts';

test('a row that a worker wrote as it should stays as it is', () => {
  const durations = new Float64Array(DURATIONS);
  countDuration(durations, 200, 0.25);
  countDuration(durations, 200, 3.5);
  countDuration(durations, 503, 12.125);
  const figures = { pid: 4711, slot: -1, heartbeat: 123_456.789, startedAt: 1_700_000_000_000.25, delay: 0.125 };
  const row = { ...BLANK, ...figures, connectionsOpen: 3, utilization: 0.75, rss: 5e7, durations };
  assert.deepEqual(rowInRange(structuredClone(row)), row);
});

test('half a request is none, and what took no time or for ever took a time that can be summed up', () => {
  const durations = new Float64Array(DURATIONS).fill(1.5);
  durations[DURATIONS - 1] = Number.NaN;
  const classes = durationsByClass(rowInRange({ ...BLANK, durations }).durations);
  for (const { counts } of classes) assert.deepEqual(new Set(counts), new Set([1]));
  assert.deepEqual(
    classes.map(({ sum }) => sum),
    [1.5, 1.5, 1.5, 0],
  );
});
