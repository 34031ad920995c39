import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, truncateSync } from 'node:fs';
import { once } from 'node:events';
import process from 'node:process';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { Board } from '../../../../src/scoreboard/board.ts';
import { monotonic } from '../../../../src/scoreboard/clock.ts';
import { LATENCIES } from '../../../../src/scoreboard/latencies.ts';
import { DURATIONS } from '../../../../src/scoreboard/durations.ts';
import type { Row } from '../../../../src/scoreboard/layout.ts';
import { Reader } from '../../../../src/scoreboard/reader.ts';
import { NO_ROW } from '../../../../src/scoreboard/rows.ts';
import { Vitals, type VitalsOptions } from '../../../../src/worker/vitals/vitals.ts';
import { temporaryDirectory } from '../../scoreboard/helpers.ts';

interface Bench {
  readonly board: Board;
  readonly vitals: Vitals;
  readonly row: () => Row;
  /** Waits for the next row that is as the test wants it. */
  readonly until: (wanted: (row: Row) => boolean) => Promise<Row>;
}

const idle = {
  connections: { open: () => 0, accepted: () => 0 },
  requests: { started: 0, finished: 0, durations: new Float64Array(DURATIONS), latencies: new Float64Array(LATENCIES) },
};

/** A beating worker, which is this process. */
function start(t: TestContext, options: Partial<VitalsOptions> = {}): Bench {
  const board = Board.create({ name: 'vitals', rows: 1, directories: [temporaryDirectory(t)] });
  const reader = Reader.open(board.path);
  const vitals = new Vitals({ board: board.path, row: 0, slot: 3, generation: 2, period: 5, ...idle, ...options });
  t.after(() => {
    vitals.close();
    reader.close();
    board.close();
  });
  const row = (): Row => reader.read(0) ?? assert.fail('the row is not written');
  return {
    board,
    vitals,
    row,
    async until(wanted) {
      const deadline = monotonic() + 10_000;
      while (!wanted(row())) {
        assert.ok(monotonic() < deadline, `never: ${JSON.stringify(row())}`);
        await delay(1);
      }
      return row();
    },
  };
}

test('the row is there from the start', (t) => {
  const before = monotonic();
  const row = start(t, { period: 60_000 }).row();
  assert.equal(row.pid, process.pid);
  assert.equal(row.slot, 3);
  assert.equal(row.generation, 2);
  assert.equal(row.state, 'booting');
  assert.ok(row.heartbeat >= before && row.heartbeat <= monotonic());
  assert.ok(Math.abs(Date.now() - process.uptime() * 1000 - row.startedAt) < 1000);
  assert.ok(row.rss > row.heapUsed && row.heapUsed > 1e6);
});

test('a change of state is written at once, with the figures of that moment', (t) => {
  const requests = {
    started: 0,
    finished: 0,
    durations: new Float64Array(DURATIONS),
    latencies: new Float64Array(LATENCIES),
  };
  let open = 0;
  const connections = { open: () => open, accepted: () => 10 + open };
  const { vitals, row } = start(t, { period: 60_000, connections, requests });
  const first = row();
  open = 4;
  requests.started = 7;
  requests.finished = 5;
  vitals.state('ready');
  const { heartbeat, ...second } = row();
  assert.ok(heartbeat > first.heartbeat);
  assert.equal(second.state, 'ready');
  assert.equal(second.connectionsOpen, 4);
  assert.equal(second.connectionsAccepted, 14);
  assert.equal(second.requestsStarted, 7);
  assert.equal(second.requestsFinished, 5);
});

test('states only advance', (t) => {
  const { vitals, row } = start(t, { period: 60_000 });
  for (const [state, shown] of [
    ['standby', 'standby'],
    ['ready', 'ready'],
    ['standby', 'ready'],
    ['draining', 'draining'],
    ['ready', 'draining'],
  ] as const) {
    vitals.state(state);
    assert.equal(row().state, shown);
  }
});

test('what is to be told soon is told once for all changes, at once where others ask, and with the next row in any case', async (t) => {
  let open = 0;
  const { vitals, row, until } = start(t, { period: 60_000, connections: { open: () => open, accepted: () => 0 } });
  const told = (): number => row().connectionsOpen;
  vitals.flush();
  for (open = 1; open < 5; open++) vitals.publishSoon();
  assert.equal(told(), 0);
  await until(({ connectionsOpen }) => connectionsOpen === 5);
  open = 6;
  vitals.publishSoon();
  vitals.flush();
  assert.equal(told(), 6);
  open = 7;
  await delay(30);
  assert.equal(told(), 6, 'nothing is left to tell');
  vitals.publishSoon();
  vitals.close();
  await delay(30);
  assert.equal(told(), 6, 'and nothing is told after the end');
});

test('a spare that is promoted says so at once', (t) => {
  const { vitals, row } = start(t, { period: 60_000, slot: -1 });
  assert.equal(row().slot, -1);
  vitals.promote(2);
  assert.equal(row().slot, 2);
});

test('the limit of the heap is looked up when the heap is large', async (t) => {
  const { row, until } = start(t);
  assert.equal(row().heapLimit, 0);
  const ballast = Array.from({ length: 6_000_000 }, (_, index) => index + 0.5);
  const { heapLimit, heapUsed } = await until((now) => now.heapLimit > 0);
  assert.equal(heapLimit, getHeapStatistics().heap_size_limit);
  assert.ok(heapUsed > 32 * 1024 * 1024 && ballast.length > 0);
});

test('it beats by itself', async (t) => {
  const { row, until } = start(t);
  const { heartbeat } = row();
  const next = await until((now) => now.heartbeat > heartbeat + 20);
  assert.ok(next.utilization >= 0 && next.utilization <= 1, `utilization ${next.utilization}`);
});

test('a loop that is blocked shows as delay and utilization', async (t) => {
  const { row, until } = start(t);
  const { heartbeat } = row();
  const end = monotonic() + 200;
  while (monotonic() < end);
  const { delay: late, utilization } = await until((now) => now.heartbeat > heartbeat);
  assert.ok(late > 150, `delay ${late}`);
  assert.ok(utilization > 0.5, `utilization ${utilization}`);
});

test('after close the row stays as it was, and closing again does nothing', async (t) => {
  const { vitals, row } = start(t);
  vitals.close();
  vitals.close();
  const last = row();
  vitals.state('draining');
  await delay(20);
  assert.deepEqual(row(), last);
});

test('an orphan removes the board, once or more', (t) => {
  const { vitals, board } = start(t);
  vitals.close({ removeBoard: true });
  assert.ok(!existsSync(board.path));
  vitals.close({ removeBoard: true });
});

test('without a row a worker goes on', (t) => {
  start(t, { row: NO_ROW }).vitals.state('ready');
});

test('a board that is not there is a warning, and no more', async (t) => {
  const warned = once(process, 'warning');
  const { vitals } = start(t, { board: '/nonexistent/app.board' });
  vitals.state('ready');
  const [warning] = (await warned) as [Error & { code: string }];
  assert.equal(warning.code, 'ERR_SCOREBOARD_OPEN');
  assert.match(warning.message, /no vitals.*\/nonexistent\/app\.board/);
});

test('a board that another worker has cut is opened at a beat after the primary has put it right', async (t) => {
  const board = Board.create({ name: 'vitals', rows: 1, directories: [temporaryDirectory(t)] });
  truncateSync(board.path);
  const warnings: string[] = [];
  const onWarning = ({ message }: Error): void => void warnings.push(message);
  process.on('warning', onWarning);
  const vitals = new Vitals({ board: board.path, row: 0, slot: 3, generation: 2, period: 5, ...idle });
  t.after(() => {
    process.off('warning', onWarning);
    vitals.close();
    board.close();
  });
  // Each of these beats tries it.
  await delay(50);
  board.restore();
  const reader = Reader.open(board.path);
  t.after(() => reader.close());
  for (const end = monotonic() + 10_000; reader.read(0) === undefined && monotonic() < end;) await delay(1);
  assert.equal(reader.read(0)?.slot, 3);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /no vitals before it can open the scoreboard: .* it has 0 bytes/);
});

test('the beat keeps no process alive', (t) => {
  const { board } = start(t, { row: NO_ROW });
  const module = JSON.stringify(new URL('../../../../src/worker/vitals/vitals.js', import.meta.url));
  const program = `
    import { Vitals } from ${module};
    const connections = { open: () => 0, accepted: () => 0 };
    new Vitals({ board: ${JSON.stringify(board.path)}, row: 0, slot: 0, generation: 1, connections, requests: { durations: new Float64Array(${DURATIONS}), latencies: new Float64Array(${LATENCIES}) } });
    console.log('beating');`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(stdout, 'beating\n');
  assert.equal(status, 0);
});
