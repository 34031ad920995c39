import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchTime } from '../../../../src/contract/canary.ts';
import { CLIENT_PLACES } from '../../../../src/contract/peer.ts';
import { decodeWorkerMessage } from '../../../../src/ipc/messages.ts';
import { MOST_SAMPLES, NO_SAMPLES, withSample, type Samples } from '../../../../src/primary/fleet/canary/samples.ts';
import { withSlot, withWorker, type Fleet, type Worker } from '../../../../src/primary/fleet/fleet.ts';
import { CanaryWatch } from '../../../../src/primary/supervisor/polling/canary-watch.ts';
import { HealthReports } from '../../../../src/primary/supervisor/polling/health-reports.ts';
import type { Row } from '../../../../src/scoreboard/layout.ts';
import { BLANK } from '../../../../src/scoreboard/record.ts';
import { limits } from '../../../support/canary-traffic.ts';
import { Driver } from '../fleet/driver.ts';

const none = Array.from({ length: CLIENT_PLACES }, () => 0);
const clients = { requests: none, abandoned: none };
const time: WatchTime = { elapsed: 1000, total: 10_000 };

/** Two workers that serve, the first of which is of generation 2. */
function twoGenerations(changes: Partial<Worker> = {}): Fleet {
  const driver = new Driver({ workers: 2 });
  driver.serve();
  const { fleet } = driver;
  return withWorker(fleet, { ...fleet.workers.get(1)!, generation: 2, ...changes });
}

class Bench {
  readonly asked: number[] = [];
  readonly rows = new Map<number, Row>();
  now = 0;
  names = ['failed'];
  readonly reports = new HealthReports({
    names: () => this.names,
    send: (worker) => void this.asked.push(worker),
    now: () => this.now,
  });
  readonly watch = new CanaryWatch({
    limits: () => limits,
    row: (worker) => this.rows.get(worker),
    reports: this.reports,
  });

  constructor() {
    for (const worker of [1, 2]) this.rows.set(worker, { ...BLANK, durations: BLANK.durations.map(() => 0) });
    this.watch.begin(2, 0);
  }
}

test('each generation is sampled, and asked how it is', () => {
  const bench = new Bench();
  assert.equal(bench.watch.look(twoGenerations(), 0, time).verdict, 'undecided');
  bench.rows.set(1, { ...BLANK, durations: BLANK.durations.map((_, index) => (index === 0 ? 7 : 0)) });
  bench.rows.set(2, { ...BLANK, durations: BLANK.durations.map((_, index) => (index === 0 ? 5 : 0)) });
  const { table } = bench.watch.look(twoGenerations(), 1000, time);
  assert.deepEqual(table[0], {
    figure: 'answers',
    unit: 'requests',
    baseline: 5,
    canary: 7,
    limit: null,
    verdict: 'not judged',
  });
  assert.deepEqual(bench.asked, [2, 1, 2, 1]);
});

test('a hang counts once, and only that of the canary decides', () => {
  const bench = new Bench();
  const hung = twoGenerations({ isHung: true });
  const { verdict, reasons } = bench.watch.look(hung, 1000, time);
  assert.deepEqual([verdict, reasons], ['worse', ['a worker has hung']]);
  assert.deepEqual(bench.watch.look(hung, 2000, time).reasons, ['a worker has hung']);
  const other = withWorker(twoGenerations(), { ...twoGenerations().workers.get(2)!, isHung: true });
  assert.equal(new Bench().watch.look(other, 1000, time).verdict, 'undecided');
});

test('a crash counts when it came during the watch, in a worker of the canary', () => {
  const crashedIn = (generation: number, at: number, isFromOutside = false): Fleet => {
    const fleet = twoGenerations();
    const lastExit = { pid: 1, generation, at, reason: 'crash', text: '', isFromOutside } as never;
    return withSlot(fleet, { ...fleet.slots[1]!, lastExit });
  };
  assert.equal(new Bench().watch.look(crashedIn(1, 500), 1000, time).verdict, 'undecided');
  const before = new Bench();
  before.watch.begin(2, 600);
  assert.equal(before.watch.look(crashedIn(2, 500), 1000, time).verdict, 'undecided');
  const { verdict, reasons } = new Bench().watch.look(crashedIn(2, 500), 1000, time);
  assert.deepEqual([verdict, reasons], ['worse', ['a worker has crashed']]);
  const killed = new Bench().watch.look(crashedIn(2, 500, true), 1000, time);
  assert.equal(killed.verdict, 'undecided', 'a kill by another process is no crash of the code');
});

test('what a worker said is good for a while, and safe to print', () => {
  const { reports } = new Bench();
  reports.ask([1]);
  reports.answered(1, { ok: false, reason: 'red \u001B[31m\nalert', readings: [{ value: 3 }, { value: 4 }], clients });
  assert.deepEqual(reports.of(1)?.health, { ok: false, reason: 'red \\u001b[31m\\u000aalert' });
  assert.deepEqual(reports.of(1)?.metrics, [{ value: 3 }], 'no more than was asked for');
  reports.answered(1, { ok: null, reason: '', readings: [], clients });
  assert.deepEqual([reports.of(1)?.health, reports.of(1)?.metrics], [undefined, [undefined]]);
  reports.gone(1);
  assert.equal(reports.of(1), undefined);
  const bench = new Bench();
  bench.reports.answered(1, { ok: true, reason: '', readings: [], clients });
  bench.now = 6000;
  assert.equal(bench.reports.of(1), undefined, 'too old');
});

test('after a reload that names other metrics nothing is taken for one of them', () => {
  const bench = new Bench();
  bench.reports.ask([1]);
  bench.reports.answered(1, { ok: true, reason: '', readings: [{ value: 3 }], clients });
  assert.deepEqual(bench.reports.of(1)?.metrics, [{ value: 3 }]);
  bench.names = ['slow', 'failed'];
  bench.reports.ask([1]);
  assert.equal(bench.reports.of(1), undefined);
  bench.reports.answered(1, { ok: true, reason: '', readings: [null, { value: 4 }], clients });
  assert.deepEqual(bench.reports.of(1)?.metrics, [undefined, { value: 4 }]);
});

for (const [name, fields] of Object.entries({
  'a text for ok': { ok: 'true' },
  'a reason that is too long': { reason: 'x'.repeat(201) },
  'a reason that is none': { reason: null },
  'no list of readings': { readings: { 0: { value: 1 } } },
  'too many readings': { readings: Array.from({ length: 17 }, () => null) },
  'a reading of no kind': { readings: [{ sum: 1 }] },
  'a reading that is text': { readings: [{ value: '1' }] },
  'a text beside a number': { readings: [{ total: 1, value: 'x' }] },
  'a number without end': { readings: [{ value: 1e300 }] },
  'no clients': { clients: undefined },
  'clients that are too few': { clients: { ...clients, abandoned: [] } },
  'clients that are a text': { clients: { ...clients, abandoned: none.map(String) } },
  'clients that are less than none': { clients: { ...clients, requests: none.map(() => -1) } },
  'something beside the clients': { clients: { ...clients, ballast: [] } },
})) {
  test(`a message of health with ${name} is not believed`, () => {
    const good = {
      type: 'health',
      ok: true,
      reason: '',
      readings: [null, { total: 1 }, { sum: 1, count: 2 }],
      clients,
    };
    assert.ok(decodeWorkerMessage(good));
    assert.equal(decodeWorkerMessage({ ...good, ...fields }), undefined);
  });
}

test('a long watch keeps the first sample, the last one, and as many as there is room for', () => {
  let samples: Samples = NO_SAMPLES;
  for (let at = 0; at < 2000; at++) {
    const one = { at, generation: 1, workers: [], crashes: 0, hangs: 0 };
    samples = withSample(samples, one, { ...one, generation: 2 });
    assert.ok(samples.canary.length <= MOST_SAMPLES);
  }
  const times = samples.canary.map(({ at }) => at);
  assert.deepEqual([times[0], times.at(-1)], [0, 1999]);
  assert.ok(times.length >= MOST_SAMPLES / 2);
  assert.deepEqual(
    samples.baseline.map(({ at }) => at),
    times,
  );
});
