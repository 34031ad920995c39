import { noMoves } from '../../../../src/contract/moves.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '../../../../src/control/controls.ts';
import { statusOf } from '../../../../src/primary/endpoints/status.ts';
import { BOUNDS, countDuration, DURATIONS } from '../../../../src/scoreboard/durations.ts';
import { BLANK } from '../../../../src/scoreboard/record.ts';
import { Driver, stop } from '../fleet/driver.ts';

const EPOCH = Date.UTC(2026, 0, 1);

/** Returns the status as it is seen at the driver's time, which is so many ms after the turn of the year. */
function statusAt(driver: Driver, row: (worker: number) => typeof BLANK | undefined = () => undefined): Status {
  return statusOf(driver.fleet, {
    name: 'app',
    pid: 1,
    prefork: '0.1.0',
    directory: '/srv',
    entry: '/srv/server.js',
    node: 'v24',
    sharing: 'reuseport',
    balance: 'least-connections',
    range: driver.settings.range,
    handoffs: { taken: 3, refused: 2, failed: 1 },
    moves: { ...noMoves(), heat: { taken: 4, refused: 5, failed: 6 } },
    addresses: ['127.0.0.1:8080'],
    row,
    now: driver.at,
    epoch: EPOCH + driver.at,
  });
}

test('what serves', () => {
  const driver = new Driver({ workers: 1 });
  driver.at = 1000;
  driver.send({ type: 'start' });
  driver.at = 1100;
  driver.boot(1);
  driver.at = 61_100;
  assert.deepEqual(statusAt(driver), {
    version: 1,
    name: 'app',
    pid: 1,
    prefork: '0.1.0',
    directory: '/srv',
    entry: '/srv/server.js',
    node: 'v24',
    sharing: 'reuseport',
    balance: {
      mode: 'least-connections',
      skew: 1,
      handoffs: { done: 3, refused: 2, failed: 1 },
      moves: { ...noMoves(), heat: { taken: 4, refused: 5, failed: 6 } },
    },
    addresses: ['127.0.0.1:8080'],
    phase: 'serving',
    generation: 1,
    startedAt: '2026-01-01T00:00:01.000Z',
    uptime: 60_100,
    workers: { wanted: 1, serving: 1 },
    slots: [
      {
        slot: 0,
        state: 'serving',
        worker: { pid: 1001, slot: 0, generation: 1, state: 'serving', uptime: 60_100, vitals: null },
        successor: null,
        crashes: 0,
        lastExit: null,
      },
    ],
    spares: [],
    leaving: [],
    parked: [],
    kept: null,
    canary: null,
    autoscale: null,
    operation: null,
    reloads: { done: 0, failed: 0, rolledBack: 0, last: undefined },
    durationBounds: BOUNDS,
  });
});

test('a worker’s figures come from its row', () => {
  const driver = new Driver({ workers: 1 });
  driver.serve();
  driver.at = 1000;
  const durations = new Float64Array(DURATIONS);
  countDuration(durations, 200, 0.7);
  countDuration(durations, 500, 0.8);
  countDuration(durations, 200, 1e6);
  const row = {
    ...BLANK,
    heartbeat: 900.4,
    connectionsOpen: 3,
    requestsFinished: 7,
    rss: 5e7,
    utilization: 0.5,
    durations,
  };
  const { vitals } = statusAt(driver, (worker) => (worker === 1 ? row : undefined)).slots[0]!.worker!;
  assert.equal(vitals?.beat, 100);
  assert.equal(vitals.connectionsOpen, 3);
  assert.equal(vitals.requestsFinished, 7);
  assert.equal(vitals.rss, 5e7);
  assert.equal(vitals.utilization, 0.5);
  assert.deepEqual(vitals.durations, [0, 2, ...BOUNDS.slice(2).map(() => 0), 1]);
});

test('before it starts, slots are empty: none has lost its worker', () => {
  assert.deepEqual(
    statusAt(new Driver()).slots.map(({ state }) => state),
    ['empty', 'empty'],
  );
});

test('a crash, its backoff, and what is known of it', () => {
  const driver = new Driver();
  driver.serve();
  driver.at = 500;
  driver.exit(1, null, 'SIGSEGV');
  driver.exit(3, 1);
  const { slots, workers } = statusAt(driver);
  assert.deepEqual(workers, { wanted: 2, serving: 1 });
  assert.equal(slots[0]?.state, 'waiting');
  assert.equal(slots[0].worker, null);
  assert.equal(slots[0].crashes, 2);
  assert.equal(slots[0].lastExit?.at, '2026-01-01T00:00:00.500Z');
});

test('a reload on its way, and how it ended', () => {
  const driver = new Driver({ workers: 1, spares: 1 });
  driver.serve();
  driver.send({ type: 'operate', kind: 'reload' });
  const during = statusAt(driver);
  assert.equal(during.operation, 'reload');
  assert.equal(during.generation, 2);
  assert.deepEqual([during.slots[0]?.state, during.slots[0]?.successor?.state], ['serving', 'booting']);
  assert.deepEqual(
    during.spares.map(({ slot, state, generation }) => [slot, state, generation]),
    [[null, 'standby', 1]],
  );
  driver.takeOver(3);
  const after = statusAt(driver);
  assert.equal(after.operation, null);
  assert.deepEqual(
    after.leaving.map(({ pid, state }) => [pid, state]),
    [
      [1001, 'draining'],
      [1002, 'ending'],
    ],
  );
  assert.deepEqual(after.reloads, {
    done: 1,
    failed: 0,
    rolledBack: 0,
    last: { generation: 2, outcome: 'done', reason: undefined, at: '2026-01-01T00:00:00.000Z' },
  });
});

test('a generation that is kept, its workers, and until when', () => {
  const driver = new Driver({ workers: 1, keepPrevious: 60_000 });
  driver.serve();
  driver.send({ type: 'operate', kind: 'reload' });
  driver.takeOver(2);
  const status = statusAt(driver);
  assert.deepEqual(
    status.parked.map(({ pid, slot, state, generation }) => [pid, slot, state, generation]),
    [[1001, 0, 'parked', 1]],
  );
  assert.deepEqual(status.leaving, []);
  const { until, ...kept } = status.kept!;
  assert.deepEqual(kept, { generation: 1, workers: 1, rss: 0 });
  assert.equal(Date.parse(until) - Date.parse(status.reloads.last!.at), 60_000);
});

test('a reload that failed, and why', () => {
  const driver = new Driver({ workers: 1 });
  driver.serve();
  driver.send({ type: 'operate', kind: 'reload' });
  driver.send({ type: 'exited', worker: 2, code: null, signal: null, error: new Error('spawn EAGAIN') });
  const { last } = statusAt(driver).reloads;
  assert.equal(last?.outcome, 'failed');
  assert.match(last.reason ?? '', /EAGAIN/);
});

test('one that hangs is hung, and counts as one that serves until it is gone', () => {
  const driver = new Driver({ workers: 1 });
  driver.serve();
  driver.send({ type: 'hung', worker: 1, silent: 1000 });
  assert.equal(statusAt(driver).slots[0]?.worker?.state, 'hung');
});

test('the phases', () => {
  const driver = new Driver({ workers: 1, drainDelay: 100 });
  const phases = [statusAt(driver).phase];
  const seen = (): unknown => phases.push(statusAt(driver).phase);
  driver.send({ type: 'start' });
  seen();
  driver.boot(1);
  seen();
  driver.send(stop);
  seen();
  driver.due({ timer: 'delay' });
  seen();
  driver.leave(1);
  seen();
  assert.deepEqual(phases, ['starting', 'starting', 'serving', 'stopping', 'stopping', 'stopping']);
  assert.equal(statusAt(driver).slots[0]?.state, 'stopped');
});

test('who drains in its slot is there alone, and not among those that leave', () => {
  const driver = new Driver({ workers: 2 });
  driver.serve();
  driver.send(stop);
  const { slots, leaving } = statusAt(driver);
  assert.deepEqual(
    slots.map(({ worker }) => worker?.state),
    ['draining', 'draining'],
  );
  assert.deepEqual(leaving, []);
});
