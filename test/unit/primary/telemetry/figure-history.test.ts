import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIGURES } from '../../../../src/contract/figures.ts';
import { Totals } from '../../../../src/metrics/totals.ts';
import { FigureHistory } from '../../../../src/primary/telemetry/figure-history.ts';
import { countDuration, DURATIONS } from '../../../../src/scoreboard/durations.ts';
import type { Row } from '../../../../src/scoreboard/layout.ts';
import { rowInRange } from '../../../../src/scoreboard/range.ts';
import { Random } from '../../../support/random.ts';

const STARTED = '2026-01-01T00:00:00.000Z';

/** A row of a worker that serves and has counted nothing, but for these changes. */
function rowOf(changes: Partial<Row> = {}): Row {
  const nothing = FIGURES.map(({ name, count }) => [name, count === undefined ? 0 : new Float64Array(count)]);
  return { ...(Object.fromEntries(nothing) as unknown as Row), state: 'ready', ...changes };
}

test('a point every two seconds says what has happened since the one before', () => {
  const history = new FigureHistory(new Totals());
  const durations = new Float64Array(DURATIONS);
  const row = (at: number, requestsFinished: number): Row =>
    rowOf({ slot: 1, heartbeat: at, requestsFinished, utilization: 0.5, connectionsOpen: 4, rss: 2 ** 20, durations });
  history.look(10_000, 9000, [row(10_000, 100)]);
  for (let n = 0; n < 50; n++) countDuration(durations, 200, 3);
  history.look(11_000, 9000, [row(11_000, 120)]);
  assert.deepEqual(history.read(STARTED).totals, []);
  const others = [rowOf({ slot: 0, heartbeat: 5000, utilization: 0.1 }), rowOf({ slot: -1, connectionsOpen: 1 })];
  history.look(12_000, 9000, [row(12_000, 150), ...others]);
  assert.deepEqual(history.read(STARTED), {
    version: 1,
    startedAt: STARTED,
    every: 2000,
    totals: [{ uptime: 3000, rate: 25, p50: 3.75, p99: 4.97, connections: 5, loop: 0.75, busiest: 1, memory: 2 ** 20 }],
    slots: [{ slot: 1, rates: [25] }],
  });
});

test('a worker that ends and the next one count on, and what a kill has lost is not negative', () => {
  const totals = new Totals();
  const history = new FigureHistory(totals);
  const first = rowOf({ slot: 0, requestsFinished: 1000 });
  history.look(0, 0, [first]);
  totals.ended(first);
  history.look(2000, 0, [rowOf({ slot: 0, requestsFinished: 10 })]);
  history.look(4000, 0, [rowOf({ slot: 0, requestsFinished: 4 })]);
  assert.deepEqual(
    history.read(STARTED).totals.map(({ rate }) => rate),
    [5, 0],
  );
});

test('it keeps ten minutes, and forgets slots that are no more', () => {
  const history = new FigureHistory(new Totals());
  for (let at = 0; at <= 2_000_000; at += 2000) {
    const slots = at < 1_000_000 ? [0, 1] : [0];
    history.look(
      at,
      0,
      slots.map((slot) => rowOf({ slot, requestsFinished: at })),
    );
  }
  const { totals, slots } = history.read(STARTED);
  assert.equal(totals.length, 300);
  assert.deepEqual([totals[0]!.uptime, totals.at(-1)!.uptime], [1_402_000, 2_000_000]);
  assert.deepEqual(
    slots.map(({ slot, rates }) => [slot, rates.length]),
    [[0, 300]],
  );
});

/** Any bytes that a worker can write. */
const wild = [NaN, Infinity, -Infinity, -1, 0, 1, 2 ** 53, Number.MAX_VALUE, 5e-324, -0];

test('whatever workers write, it stays small and is JSON with numbers', () => {
  const random = new Random(7);
  const history = new FigureHistory(new Totals());
  for (let at = 0; at < 800_000; at += 2000) {
    const rows = Array.from({ length: 40 }, () => {
      const row = rowOf() as unknown as Record<string, number | Float64Array>;
      for (const { name, count } of FIGURES) {
        if (name === 'state') continue;
        row[name] = count === undefined ? random.pick(wild) : new Float64Array(count).map(() => random.pick(wild));
      }
      // The primary knows the slot, and the reader makes every number one that can be computed with.
      return { ...rowInRange(row as unknown as Row), slot: random.between(-1, 600) };
    });
    history.look(at, 0, rows);
  }
  const read = history.read(STARTED);
  const text = JSON.stringify(read);
  assert.deepEqual(JSON.parse(text), read);
  assert.ok(read.slots.length <= 256);
  assert.ok(text.length < 2 ** 20, `${text.length}`);
  for (const point of read.totals) {
    for (const figure of Object.values(point)) assert.ok(figure === null || (Number.isFinite(figure) && figure >= 0));
  }
});
