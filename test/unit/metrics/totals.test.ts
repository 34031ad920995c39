import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIGURES } from '../../../src/contract/figures.ts';
import { ownFamilies } from '../../../src/metrics/exposition.ts';
import { Totals } from '../../../src/metrics/totals.ts';
import { countDuration, DURATIONS } from '../../../src/scoreboard/durations.ts';
import type { Row } from '../../../src/scoreboard/layout.ts';
import { BLANK } from '../../../src/scoreboard/record.ts';
import { fakeStatus } from '../../support/fake-controls.ts';

/** A worker that has counted `n` of everything, each answered in 3 ms. */
function rowOf(slot: number, n: number): Row {
  const durations = new Float64Array(DURATIONS);
  for (let nth = 0; nth < n; nth++) countDuration(durations, 200, 3);
  const counters = FIGURES.filter(({ aggregation, count }) => aggregation === 'total' && count === undefined);
  return { ...BLANK, slot, ...Object.fromEntries(counters.map(({ name }) => [name, n])), durations };
}

/** Lists all series of counters and histograms, by name and labels. */
function counted(rows: readonly Row[], totals: Totals): Map<string, number> {
  const limits = { cpu: undefined, memory: undefined };
  const none = { queues: [], told: [], applications: [] };
  const families = ownFamilies({ status: fakeStatus(), rows, totals, limits, ...none });
  const counters = families.filter(({ name, type }) => type !== 'gauge' && !name.includes('reloads'));
  return new Map(
    counters.flatMap(({ name, values }) =>
      values.map(({ metricName = name, labels, value }) => [`${metricName} ${JSON.stringify(labels)}`, value]),
    ),
  );
}

test('what workers that ended had counted is added up by slot', () => {
  const totals = new Totals();
  totals.ended(rowOf(0, 5));
  totals.ended(rowOf(0, 7));
  totals.ended(rowOf(1, 1));
  assert.deepEqual(totals.slots, [0, 1]);
  const { durations, ...sums } = totals.of(0);
  assert.deepEqual(new Set(Object.values(sums)), new Set([12]));
  assert.deepEqual(durations, rowOf(0, 12).durations);
});

test('a slot of which nobody has ended has none', () => {
  const { durations, ...sums } = new Totals().of(3);
  assert.deepEqual(new Set([...Object.values(sums), ...durations]), new Set([0]));
});

test('a spare serves nobody, and is counted nowhere', () => {
  const totals = new Totals();
  totals.ended(rowOf(-1, 5));
  assert.deepEqual(totals.slots, []);
});

test('no counter falls when a worker ends, is replaced, or its slot goes', () => {
  const totals = new Totals();
  const [old, other] = [rowOf(0, 5), rowOf(1, 2)];
  const steps: Array<() => readonly Row[]> = [
    () => [old, other],
    () => (totals.ended(old), [other]),
    () => [other, rowOf(0, 1)],
    () => (totals.ended(other), [rowOf(0, 1)]),
  ];
  let before = new Map<string, number>();
  for (const step of steps) {
    const now = counted(step(), totals);
    for (const [series, value] of before) assert.ok((now.get(series) ?? -1) >= value, series);
    before = now;
  }
  assert.equal(before.get('prefork_handoffs_total {"slot":0,"outcome":"refused"}'), 6);
  assert.equal(before.get('prefork_handoffs_received_total {"slot":1}'), 2);
  assert.equal(before.get('prefork_requests_total {"slot":0,"status":"2xx"}'), 6);
  assert.equal(before.get('prefork_request_duration_seconds_bucket {"le":"0.005","slot":0,"status":"2xx"}'), 6);
  assert.equal(before.get('prefork_request_duration_seconds_bucket {"le":"0.0025","slot":0,"status":"2xx"}'), 0);
});

test('exits are counted by slot and reason', () => {
  const totals = new Totals();
  for (const [slot, reason] of [
    [0, 'signal'],
    [0, 'signal'],
    [0, 'asked'],
    [1, 'signal'],
  ] as const) {
    totals.exited(slot, reason);
  }
  assert.deepEqual(totals.exits, [
    { slot: 0, reason: 'signal', count: 2 },
    { slot: 0, reason: 'asked', count: 1 },
    { slot: 1, reason: 'signal', count: 1 },
  ]);
});
