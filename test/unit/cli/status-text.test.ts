import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { ansi } from '../../../src/cli/colors.ts';
import { statusText } from '../../../src/cli/status-text.ts';
import type { SlotStatus } from '../../../src/control/controls.ts';
import { fakeStatus, fakeVitals, fakeWorker } from '../../support/fake-controls.ts';

const now = Date.parse('2026-01-02T03:04:05.000Z');

const vitals = fakeVitals({
  beat: 12,
  connectionsOpen: 31,
  connectionsAccepted: 40_000,
  handoffsReceived: 3,
  handoffsSent: 2,
  requestsStarted: 1_234_600,
  requestsFinished: 1_234_567,
  utilization: 0.345,
  delay: 1.5,
  rss: 123 * 1_048_576,
  heapUsed: 60 * 1_048_576,
});

const serving: SlotStatus = {
  slot: 0,
  state: 'serving',
  worker: fakeWorker({ pid: 4711, generation: 3, uptime: 3_600_000 * 5, vitals }),
  successor: null,
  crashes: 0,
  lastExit: null,
};

/** A server to which everything happens at the same time. */
const eventful = fakeStatus({
  name: 'api',
  pid: 4700,
  generation: 3,
  uptime: 86_400_000 * 3,
  addresses: ['[::]:8080', 'unix:/run/a.sock'],
  workers: { wanted: 4, serving: 2 },
  slots: [
    serving,
    {
      slot: 1,
      state: 'serving',
      worker: fakeWorker({ pid: 4712, slot: 1, generation: 2, state: 'hung', uptime: 95_000, vitals }),
      successor: fakeWorker({ pid: 4799, slot: 1, generation: 3, state: 'booting', uptime: 240 }),
      crashes: 2,
      lastExit: {
        pid: 4703,
        generation: 1,
        reason: 'SIGSEGV',
        text: 'killed by SIGSEGV',
        at: '2026-01-02T03:02:05.000Z',
      },
    },
    {
      slot: 2,
      state: 'waiting',
      worker: null,
      successor: null,
      crashes: 12,
      lastExit: {
        pid: null,
        generation: 3,
        reason: 'spawn',
        text: 'could not be started',
        at: '2026-01-02T03:04:03.500Z',
      },
    },
  ],
  spares: [fakeWorker({ pid: 4800, slot: null, generation: 3, state: 'standby', uptime: 5000 })],
  leaving: [fakeWorker({ pid: 4690, slot: 0, generation: 2, state: 'draining', uptime: 86_400_000 * 2, vitals })],
  operation: 'reload',
  reloads: {
    done: 2,
    failed: 1,
    rolledBack: 0,
    last: { generation: 3, outcome: 'failed', reason: 'slot 1: not ready in 30s', at: '2026-01-02T01:04:05.000Z' },
  },
});

test('an eventful server', () => {
  assert.equal(
    statusText(eventful, now),
    `\
api pid=4700 gen=3 serving up=3d addresses=[::]:8080,unix:/run/a.sock
2 of 4 workers serve, sharing=reuseport, prefork 0.1.0, node v24.0.0
balance=least-connections, skew 1.00, handoffs 0 done, 0 refused, 0 failed

slot   pid gen state       up conns  reqs loop  mem crashes last exit
0     4711   3 serving     5h    31 1.23M  35% 123M       0 -
1     4712   2 hung       95s    31 1.23M  35% 123M       2 SIGSEGV
1 new 4799   3 booting  240ms     -     -    -    -
2        -   - waiting      -     -     -    -    -      12 spawn
spare 4800   3 standby     5s     -     -    -    -
0 old 4690   2 draining    2d    31 1.23M  35% 123M

slot 1: pid 4703 gen 1 ended 2m ago: killed by SIGSEGV
slot 2: pid - gen 3 ended 1.5s ago: could not be started
reload in progress
last reload (gen 3) failed 2h ago: slot 1: not ready in 30s
`,
  );
});

test('what has moved is said by reason, when anything has', () => {
  const none = { taken: 0, refused: 0, failed: 0 };
  const moves = {
    drain: { ...none, taken: 1200, refused: 1 },
    level: { ...none, taken: 3, failed: 2 },
    heat: { ...none, refused: 1 },
    upgrade: none,
  };
  const { balance } = eventful;
  const text = statusText({ ...eventful, balance: { ...balance, moves } }, now);
  assert.match(text, /^connections moved: 1200 drain, 3 level, 2 refused, 2 failed$/m);
  assert.doesNotMatch(statusText(eventful, now), /moved/);
  // An older primary does not say.
  const { moves: _moves, ...older } = balance;
  assert.doesNotMatch(statusText({ ...eventful, balance: older as typeof balance }, now), /moved/);
});

test('a quiet server has a table and no notes', () => {
  const text = statusText(fakeStatus({ name: 'api', pid: 1, slots: [serving] }), now);
  assert.equal(text.split('\n').length, 7);
});

test('ordinary values fit 80 columns', () => {
  const worker = fakeWorker({
    pid: 4_194_304,
    generation: 123,
    uptime: 86_400_000 * 100,
    state: 'draining',
    vitals: { ...vitals, connectionsOpen: 16_384, requestsFinished: 123_456_789, utilization: 1, rss: 1.9e9 },
  });
  const slot: SlotStatus = { ...serving, slot: 1023, worker, crashes: 9999, lastExit: null };
  for (const line of statusText(fakeStatus({ slots: [slot] }), now).split('\n')) {
    assert.ok(line.length <= 80, `${line.length}: ${line}`);
  }
});

test('a server that listens nowhere yet', () => {
  const text = statusText(fakeStatus({ addresses: [], phase: 'starting', slots: [] }), now);
  assert.match(text, /^fake pid=\d+ gen=1 starting up=60s addresses=-\n/);
});

/** Requests and bytes, and their short forms. */
const figures: ReadonlyArray<[requests: number, rss: number, reads: RegExp]> = [
  [0, 0, / 0 {2}35% +0M /],
  [9999, 1_048_576, / 9999 {2}35% +1M /],
  [10_000, 1023 * 1_048_576, / 10k {2}35% 1023M /],
  [12_345, 1024 * 1_048_576, / 12.3k {2}35% +1\.0G /],
  [999_499, 1, / 999k {2}35% /],
  [999_500, 1, / 1M {2}35% /],
  [999_999_999, 1, / 1G {2}35% /],
];
for (const [requestsFinished, rss, reads] of figures) {
  test(`${requestsFinished} requests and ${rss} bytes`, () => {
    const worker = fakeWorker({ vitals: { ...vitals, requestsFinished, rss } });
    assert.match(statusText(fakeStatus({ slots: [{ ...serving, worker }] }), now), reads);
  });
}

test('colours change nothing but the colour', () => {
  const coloured = statusText(eventful, now, ansi);
  assert.ok(coloured.includes(ansi('green', 'serving ')));
  assert.ok(coloured.includes(ansi('red', 'hung    ')));
  assert.equal(stripVTControlCharacters(coloured), statusText(eventful, now));
});
