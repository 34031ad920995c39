/**
 * A new figure is a row of the table, and the code that measures it. Here rows are added before anything else is loaded, as
 * everything else derives from the table when it is.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FIGURES, type Figure } from '../../../src/contract/figures.ts';
import type { Row } from '../../../src/scoreboard/layout.ts';

const count: Figure = {
  name: 'fishCaught',
  type: 'f64',
  unit: 'requests',
  range: 'whole',
  aggregation: 'total',
  about: 'fish that were caught',
  vital: true,
  metric: {
    name: 'prefork_fish_total',
    labels: { outcome: 'caught', bait: 'worm' },
    help: 'Fish, by outcome.',
    advice: 'Fewer hooks.',
  },
};
const other: Figure = {
  ...count,
  name: 'fishLost',
  metric: { name: 'prefork_fish_total', labels: { outcome: 'lost', bait: 'worm' } },
};
const gauge: Figure = {
  name: 'hunger',
  type: 'f64',
  unit: 'ms',
  range: 'amount',
  aggregation: 'own',
  about: 'how long it can wait, ms',
  vital: 'patience',
  metric: { name: 'prefork_patience_seconds', help: 'How long it can wait.', advice: 'Feed it.' },
};
const ratio: Figure = {
  name: 'fullness',
  type: 'f64',
  unit: 'ratio',
  range: 'share',
  aggregation: 'own',
  about: 'how full it is',
};

const before = FIGURES.length;
(FIGURES as Figure[]).push(count, other, gauge, ratio);

const { BLANK, decodeRow, encodeRow, viewOf } = await import('../../../src/scoreboard/record.ts');
const { PLACED_ROW, ROW_BYTES } = await import('../../../src/scoreboard/layout.ts');
const { rowInRange } = await import('../../../src/scoreboard/range.ts');
const { statusOf } = await import('../../../src/primary/endpoints/status.ts');
const { statusSchema } = await import('../../../src/control/status/status-schema.ts');
const { statusMarkdown } = await import('../../../src/control/status/status-markdown.ts');
const { partsOf, statusFrom } = await import('../../../src/dashboard/frame.ts');
const { ownFamilies } = await import('../../../src/metrics/exposition.ts');
const { noMoves } = await import('../../../src/contract/moves.ts');
const { metricsMarkdown } = await import('../../../src/metrics/markdown.ts');
const { Totals } = await import('../../../src/metrics/totals.ts');
const { Driver } = await import('../primary/fleet/driver.ts');

/** A row as a worker would have it that measures them. */
function rowWith(figures: Readonly<Record<string, number>>): Row {
  return { ...BLANK, slot: 0, ...figures };
}

const measured = { fishCaught: 5, fishLost: 2, hunger: 1500, fullness: 0.25 };

/** What `GET /status` answers of a server whose one worker has written the row. */
function statusWith(row: Row): ReturnType<typeof statusOf> {
  const driver = new Driver({ workers: 1 });
  driver.send({ type: 'start' });
  driver.boot(1);
  return statusOf(driver.fleet, {
    name: 'app',
    pid: 1,
    prefork: '0.1.0',
    directory: '/srv',
    entry: '/srv/server.js',
    node: 'v24',
    sharing: 'reuseport',
    balance: 'kernel',
    range: undefined,
    handoffs: { taken: 0, refused: 0, failed: 0 },
    moves: noMoves(),
    addresses: [],
    row: () => row,
    now: driver.at,
    epoch: 0,
  });
}

const vitalsIn = (status: ReturnType<typeof statusOf>): Readonly<Record<string, unknown>> => ({
  ...status.slots[0]!.worker!.vitals,
});

describe('a row of the table is all that it takes', () => {
  test('the board stores it, behind those that were there', () => {
    const view = viewOf(new Uint8Array(ROW_BYTES));
    encodeRow(view, rowWith(measured), 1);
    const row = decodeRow(view) as Row;
    assert.deepEqual(row, rowWith(measured));
    const offsets = PLACED_ROW.map(({ offset }) => offset);
    assert.ok(Math.min(...offsets.slice(before)) > Math.max(...offsets.slice(0, before)));
  });

  test('readers bring it into its range', () => {
    const wild = rowInRange(rowWith({ fishCaught: Number.NaN, fishLost: Infinity, hunger: -1, fullness: 7 }));
    assert.deepEqual(wild, rowWith({ fishCaught: 0, fishLost: 2 ** 41, hunger: 0, fullness: 1 }));
  });

  test('it is one of the vitals, under the name that it has there, unless it is the board’s alone', () => {
    const { fishCaught, fishLost, patience, hunger, fullness } = vitalsIn(statusWith(rowWith(measured)));
    assert.deepEqual([fishCaught, fishLost, patience, hunger, fullness], [5, 2, 1500, undefined, undefined]);
  });

  test('the schema of the status has it, and so has docs/control.md', () => {
    const { vitals } = statusSchema['$defs'] as unknown as { vitals: { properties: Record<string, unknown> } };
    assert.deepEqual(vitals.properties['fishCaught'], { type: 'integer', minimum: 0, description: count.about });
    assert.deepEqual(vitals.properties['patience'], { type: 'number', minimum: 0, description: gauge.about });
    assert.match(statusMarkdown(), /\| `fishLost` \| integer \| fish that were caught \|/);
  });

  test('the dashboard is sent it', () => {
    const parts = partsOf(statusWith(rowWith(measured)), 0, { p50: null, p99: null });
    const { fishCaught, patience } = vitalsIn(statusFrom(JSON.parse(JSON.stringify(parts)) as typeof parts));
    assert.deepEqual([fishCaught, patience], [5, 1500]);
  });

  test('the metrics have it, a counter with what ended workers had counted, and docs/metrics.md', () => {
    const totals = new Totals();
    totals.ended(rowWith({ fishCaught: 10 }));
    const row = rowWith(measured);
    const limits = { cpu: undefined, memory: undefined };
    const none = { queues: [], told: [], applications: [] };
    const families = ownFamilies({ status: statusWith(row), rows: [row], totals, limits, ...none });
    const family = (wanted: string): unknown => families.find(({ name }) => name === wanted);
    assert.deepEqual(family('prefork_fish_total'), {
      name: 'prefork_fish_total',
      help: 'Fish, by outcome.',
      type: 'counter',
      values: [
        { value: 15, labels: { slot: 0, outcome: 'caught', bait: 'worm' } },
        { value: 2, labels: { slot: 0, outcome: 'lost', bait: 'worm' } },
      ],
    });
    assert.deepEqual(family('prefork_patience_seconds'), {
      name: 'prefork_patience_seconds',
      help: 'How long it can wait.',
      type: 'gauge',
      values: [{ value: 1.5, labels: { slot: 0 } }],
    });
    const line =
      '| `prefork_fish_total` | counter | requests | `slot`, `outcome`, `bait` | scoreboard | Fish, by outcome. | Fewer hooks. |';
    assert.ok(metricsMarkdown().includes(line));
  });
});
