import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { ansi, plain } from '../../../src/cli/colors.ts';
import { frameOf, plainFrame, type Room } from '../../../src/cli/top/frame.ts';
import { advance, noHistory, type History, type Sample } from '../../../src/cli/top/history.ts';
import { jsonLine } from '../../../src/cli/top/json.ts';
import { latencyBetween } from '../../../src/cli/top/latency.ts';
import { milliseconds } from '../../../src/format/figures.ts';
import { readKeys } from '../../../src/cli/top/keys.ts';
import { repaint } from '../../../src/cli/top/repaint.ts';
import { sparkline, sparks, sparksFor } from '../../../src/cli/top/sparkline.ts';
import type { Style } from '../../../src/cli/top/table.ts';
import { changed, firstView } from '../../../src/cli/top/view.ts';
import type { Vitals } from '../../../src/contract/vitals.ts';
import type { SlotStatus, Status, WorkerStatus } from '../../../src/control/controls.ts';
import { canary, canaryStatus } from '../../support/screens/canary.ts';
import { fakeStatus, fakeVitals, fakeWorker } from '../../support/fake-controls.ts';

const style: Style = { color: plain, sparks: sparks.ascii };
const usual: Room = { columns: 80, rows: 24 };

const someVitals = fakeVitals({
  connectionsOpen: 12,
  connectionsAccepted: 40,
  utilization: 0.35,
  delay: 1,
  delayP50: 1,
  delayP99: 1,
  durations: [0, 0, 0, 0],
  rss: 120 * 1_048_576,
  heapUsed: 1,
});

function workerOf(slot: number, changes: Partial<WorkerStatus> = {}, vitals: Partial<Vitals> = {}): WorkerStatus {
  return fakeWorker({ slot, pid: 4711 + slot, vitals: { ...someVitals, ...vitals }, ...changes });
}

function slotOf(slot: number, worker: WorkerStatus | null, changes: Partial<SlotStatus> = {}): SlotStatus {
  const state = worker === null ? 'waiting' : 'serving';
  return { slot, state, worker, successor: null, crashes: 0, lastExit: null, ...changes };
}

function statusOf(slots: readonly SlotStatus[], changes: Partial<Status> = {}): Status {
  const workers = { wanted: slots.length, serving: slots.length };
  return fakeStatus({ name: 'api', pid: 4700, slots, workers, ...changes });
}

function sampleAt(at: number, status: Status, cpu: ReadonlyArray<readonly [number, number]> = []): Sample {
  return { at, status, cpuTimes: new Map(cpu) };
}

const historyOf = (...samples: readonly Sample[]): History => samples.reduce(advance, noHistory);

/** A history of a server with `size` workers. Slot n answers 100 times n requests a second. */
function fleet(size: number, looks = 3): History {
  const samples = Array.from({ length: looks }, (_, nth) => {
    const slots = Array.from({ length: size }, (_slot, slot) =>
      slotOf(slot, workerOf(slot, {}, { requestsFinished: nth * slot * 100 })),
    );
    const cpu = slots.map(({ slot }) => [4711 + slot, nth * slot * 10] as const);
    return sampleAt(10_000 + nth * 1000, statusOf(slots), cpu);
  });
  return historyOf(...samples);
}

describe('rates', () => {
  const look = (at: number, requestsFinished: number, beat = 0, changes: Partial<WorkerStatus> = {}): Sample =>
    sampleAt(at, statusOf([slotOf(0, workerOf(0, changes, { requestsFinished, beat }))]));

  test('are counted between the moments at which rows were written', () => {
    const history = historyOf(look(1000, 100, 200), look(2000, 400, 0));
    assert.equal(history.rows[0]!.rate, 250, '300 in 1200 ms');
    assert.deepEqual(history.trail, [250]);
  });

  test('are not known at the first look', () => {
    assert.equal(historyOf(look(100_000, 100)).rows[0]!.rate, undefined);
  });

  test('stay when the same row is read again, and count on from it', () => {
    const history = historyOf(look(1000, 0), look(1500, 100), look(1600, 100, 99), look(2000, 300));
    assert.equal(historyOf(look(1000, 0), look(1500, 100), look(1600, 100, 99)).rows[0]!.rate, 200);
    assert.equal(history.rows[0]!.rate, 400, 'not over 400 ms but 500');
  });

  test('of a worker that hangs are 0', () => {
    const history = historyOf(look(1000, 0), look(2000, 100), look(4000, 100, 2000));
    assert.equal(history.rows[0]!.rate, 0);
  });

  test('of a worker that is new count from its start, and its slot’s trail goes on', () => {
    const history = historyOf(look(1000, 5000), look(2000, 6000), look(3000, 50, 0, { pid: 9, uptime: 500 }));
    assert.equal(history.rows[0]!.rate, 100);
    assert.deepEqual(history.rows[0]!.trail, [1000, 100]);
  });

  test('CPU is time used by time passed, where it is known', () => {
    const status = statusOf([slotOf(0, workerOf(0)), slotOf(1, workerOf(1))]);
    const history = historyOf(sampleAt(1000, status, [[4711, 100]]), sampleAt(3000, status, [[4711, 1100]]));
    assert.deepEqual(
      history.rows.map(({ cpu }) => cpu),
      [0.5, undefined],
    );
  });
});

describe('how long requests took', () => {
  const bounds = [1, 10, 100];
  const cases: ReadonlyArray<readonly [string, number[], number[], object | undefined]> = [
    ['nothing was answered', [5, 0, 0, 1], [5, 0, 0, 1], undefined],
    ['all in one bucket', [0, 0, 0, 0], [0, 100, 0, 0], { p50: 5.5, p99: 9.91 }],
    ['what was before does not count', [1000, 7, 0, 9], [1000, 7, 100, 9], { p50: 55, p99: 99.1 }],
    ['in several', [0, 0, 0, 0], [50, 49, 1, 0], { p50: 1, p99: 10 }],
    ['longer than the last bound', [0, 0, 0, 0], [1, 0, 0, 99], { p50: 100, p99: 100 }],
    ['of a worker that is new', [], [0, 2, 0, 0], { p50: 5.5, p99: 9.91 }],
  ];
  for (const [what, before, after, expected] of cases) {
    test(what, () => {
      const { p50, p99 } = latencyBetween(before, after, bounds) ?? {};
      assert.deepEqual(p50 === undefined ? undefined : { p50, p99: Number(p99!.toFixed(6)) }, expected);
    });
  }

  test('is that of the last two looks, and stays when the same row is read again', () => {
    const look = (at: number, durations: number[], beat = 0): Sample =>
      sampleAt(at, statusOf([slotOf(0, workerOf(0, {}, { durations, beat }))]));
    const samples = [look(1000, [100, 0, 0, 0]), look(2000, [100, 100, 0, 0]), look(3000, [100, 100, 100, 0])];
    assert.equal(historyOf(...samples.slice(0, 1)).rows[0]!.latency, undefined);
    assert.equal(historyOf(...samples).rows[0]!.latency?.p50, 55);
    assert.equal(historyOf(...samples, look(3010, [100, 100, 100, 0], 10)).rows[0]!.latency?.p50, 55);
    assert.equal(historyOf(...samples, look(4000, [100, 100, 100, 0])).rows[0]!.latency, undefined);
    assert.equal(historyOf(...samples, look(9000, [100, 100, 100, 0], 6000)).rows[0]!.latency, undefined);
  });

  test('is not known of a server that is older, and does not say', () => {
    const look = (at: number, requestsFinished: number): Sample => {
      const { durations: _, ...vitals } = { ...someVitals, requestsFinished };
      const { durationBounds: __, ...status } = statusOf([slotOf(0, workerOf(0, { vitals: vitals as Vitals }))]);
      return sampleAt(at, status as Status);
    };
    const [row] = historyOf(look(1000, 0), look(2000, 100)).rows;
    assert.deepEqual([row!.rate, row!.latency], [100, undefined]);
  });

  test('in five characters', () => {
    assert.deepEqual([0, 0.44, 9.94, 9.96, 120.4, 999.6, 2500, 10_000].map(milliseconds), [
      '0.0ms',
      '0.4ms',
      '9.9ms',
      '10ms',
      '120ms',
      '1s',
      '2.5s',
      '10s',
    ]);
  });
});

describe('a frame', () => {
  const eventful = historyOf(
    ...[0, 1].map((nth) =>
      sampleAt(
        10_000 + nth * 1000,
        statusOf(
          [
            slotOf(
              0,
              workerOf(0, {}, { requestsFinished: nth * 12_345, durations: [nth * 10_000, nth * 2000, nth * 345, 0] }),
              {
                successor: fakeWorker({ pid: 4799, state: 'booting', generation: 3 }),
              },
            ),
            slotOf(1, workerOf(1, { state: 'hung' }, { beat: 5000, utilization: 1 })),
            slotOf(2, null),
          ],
          {
            operation: 'reload',
            generation: 3,
            workers: { wanted: 3, serving: 2 },
            leaving: [workerOf(0, { pid: 4690, state: 'draining' })],
            spares: [fakeWorker({ pid: 4800, slot: null, state: 'standby' })],
          },
        ),
        [[4711, nth * 730]],
      ),
    ),
  );

  test('at 80 columns', () => {
    assert.deepEqual(frameOf(eventful, firstView, '', usual, style), {
      lines: [
        'api pid=4700 gen=3 serving up=60s 127.0.0.1:8080',
        '2 of 3 workers serve  req/s 12.3k  conns 36  cpu 73%  mem 360M  #',
        'reload in progress',
        'slot     pid gen state     cpu loop   mem conns req/s   p50   p99',
        '0       4711   1 serving   73%  35%  120M    12 12.3k 0.6ms  68ms #',
        '0 new   4799   3 booting     -    -     -     -     -     -     -',
        '1       4712   1 hung        - 100%  120M    12     0     -     - _',
        '2          -   - waiting     -    -     -     -     -     -     -',
        'spare   4800   1 standby     -    -     -     -     -     -     -',
        '0 old   4690   1 draining    -  35%  120M    12     0     -     - _',
        'q quit  r reload  +- scale  s sort:slot  ? help',
      ],
      offset: 0,
      page: 6,
    });
  });

  test('has a column of what moved, when there was any, which goes first where there is no room', () => {
    const moving = (columns: number): string => {
      const worker = workerOf(0, {}, { movedIn: 7, movedLevel: 3, movedDrain: 2, movedHeatRefused: 9 });
      const history = historyOf(sampleAt(1000, statusOf([slotOf(0, worker)])));
      return plainFrame(history, columns, style);
    };
    assert.match(moving(100), /conns moved\n.* 12 +12\n/);
    assert.doesNotMatch(moving(45), /moved/);
    assert.doesNotMatch(plainFrame(eventful, 100, style), /moved/);
  });

  const rooms: ReadonlyArray<[columns: number, rows: number]> = [
    [200, 60],
    [80, 24],
    [80, 10],
    [60, 24],
    [40, 12],
    [20, 8],
    [10, 5],
    [80, 4],
    [80, 3],
    [80, 2],
    [80, 1],
    [3, 3],
    [1, 1],
  ];
  for (const [columns, rows] of rooms) {
    test(`fits ${columns} columns and ${rows} rows`, () => {
      for (const history of [noHistory, eventful, fleet(32, 100)]) {
        for (const view of [firstView, { ...firstView, isHelp: true }, { ...firstView, offset: 1e9 }]) {
          const coloured = frameOf(
            history,
            view,
            'a message that is long enough to be cut',
            { columns, rows },
            {
              ...style,
              color: ansi,
            },
          );
          const lines = coloured.lines.map((line) => stripVTControlCharacters(line));
          assert.ok(lines.length <= rows, `${lines.length} lines`);
          for (const line of lines) assert.ok(line.length <= columns, `${line.length}: ${line}`);
        }
      }
    });
  }

  test('in a narrow terminal shows what says most', () => {
    const { lines } = frameOf(fleet(2), firstView, '', { columns: 28, rows: 9 }, style);
    assert.deepEqual(lines, [
      'api pid=4700 gen=1 serving u',
      '2 of 2 workers serve  req/s ',
      '',
      'slot  state     cpu req/s',
      '0     serving    0%     0',
      '1     serving    1%   100',
      'q quit  r reload  +- scale  ',
    ]);
  });

  test('in a short terminal keeps the table', () => {
    const at = (rows: number): string[] =>
      frameOf(fleet(4), firstView, 'news', { columns: 80, rows }, style).lines.map((line) => line.split(' ')[0]!);
    assert.deepEqual(at(7), ['api', '4', 'news', 'slot', '0', '1', 'rows']);
    assert.deepEqual(at(6), ['api', '4', 'news', 'slot', '0', '1']);
    assert.deepEqual(at(5), ['api', 'news', 'slot', '0', '1']);
    assert.deepEqual(at(4), ['api', 'slot', '0', '1']);
    assert.deepEqual(at(3), ['slot', '0', '1']);
    assert.deepEqual(at(2), ['slot', '0']);
  });

  test('of 32 workers scrolls, and says where it is', () => {
    const history = fleet(32);
    const first = frameOf(history, firstView, '', usual, style);
    assert.deepEqual([first.page, first.lines.length], [19, 24]);
    assert.match(first.lines.at(-1)!, /^rows 1-19 of 32 \(j k\) {2}q quit/);
    const last = frameOf(history, changed(firstView, 'last', first.page), '', usual, style);
    assert.equal(last.offset, 13);
    assert.match(last.lines.at(-2)!, /^31 /);
    assert.match(last.lines.at(-1)!, /^rows 14-32 of 32 /);
    const up = changed({ ...firstView, offset: last.offset }, 'page-up', last.page);
    assert.equal(frameOf(history, up, '', usual, style).offset, 0);
  });

  test('is sorted by the largest figure first, what is unknown last', () => {
    const slotsBy = (sort: string, isReversed = false): string[] =>
      frameOf(fleet(3), { ...firstView, sort, isReversed }, '', usual, style)
        .lines.slice(4, 7)
        .map((line) => line[0]!);
    assert.deepEqual(slotsBy('slot'), ['0', '1', '2']);
    assert.deepEqual(slotsBy('slot', true), ['2', '1', '0']);
    assert.deepEqual(slotsBy('req/s'), ['2', '1', '0']);
    assert.deepEqual(slotsBy('req/s', true), ['0', '1', '2']);
    const names = frameOf(eventful, { ...firstView, sort: 'cpu', isReversed: true }, '', usual, style).lines;
    assert.match(names[4]!, /^0 +4711 /);
  });

  test('sorted by state goes from A to Z', () => {
    const { lines } = frameOf(eventful, { ...firstView, sort: 'state' }, '', usual, style);
    const states = lines.slice(4, 10).map((line) => /(booting|draining|hung|serving|standby|waiting)/.exec(line)![0]);
    assert.deepEqual(states, ['booting', 'draining', 'hung', 'serving', 'standby', 'waiting']);
  });

  test('has no column of which nothing is known, as CPU where there is no /proc', () => {
    const status = statusOf([slotOf(0, workerOf(0))]);
    const { lines } = frameOf(historyOf(sampleAt(0, status), sampleAt(1000, status)), firstView, '', usual, style);
    assert.match(lines[3]!, /^slot +pid gen state +loop +mem/);
  });

  test('lets nothing through that a terminal would obey', () => {
    const status = statusOf([slotOf(0, workerOf(0))], {
      addresses: ['unix:/tmp/\u001B]0;x\u0007'],
      reloads: {
        done: 0,
        failed: 1,
        rolledBack: 0,
        last: { generation: 2, outcome: 'failed', reason: 'a\u001B[2J\nb', at: '2026-01-01T00:00:00.000Z' },
      },
    });
    const { lines } = frameOf(historyOf(sampleAt(0, status)), firstView, '', usual, style);
    assert.equal(lines[2], 'last reload (gen 2) failed: a\\u001b[2J\\u000ab');
    assert.deepEqual(
      lines.filter((line) => /\p{Cc}/u.test(line)),
      [],
    );
  });

  test('colours change nothing but the colour', () => {
    const coloured = frameOf(eventful, firstView, '', usual, { ...style, color: ansi }).lines;
    assert.ok(coloured.some((line) => line.includes(ansi('red', 'hung    '))));
    assert.deepEqual(
      coloured.map((line) => stripVTControlCharacters(line)),
      frameOf(eventful, firstView, '', usual, style).lines,
    );
  });

  test('without a terminal has all rows, and no keys', () => {
    const lines = plainFrame(fleet(32), 80, style).split('\n');
    assert.equal(lines.length, 2 + 1 + 32 + 2);
    assert.match(lines.at(-3)!, /^31 /);
  });

  test('as JSON is one line', () => {
    const now = new Date('2026-01-02T03:04:05.000Z');
    const line = jsonLine(eventful, now);
    assert.ok(line.endsWith('}\n') && line.indexOf('\n') === line.length - 1);
    const { workers, ...rest } = JSON.parse(line) as { workers: object[] };
    assert.deepEqual(rest, {
      version: 1,
      at: now.toISOString(),
      name: 'api',
      pid: 4700,
      phase: 'serving',
      generation: 3,
      operation: 'reload',
      cpu: 0.73,
      requestsPerSecond: 12_345,
    });
    assert.deepEqual(workers[3], {
      title: '2',
      slot: 2,
      pid: null,
      generation: null,
      state: 'waiting',
      cpu: null,
      requestsPerSecond: null,
      p50: null,
      p99: null,
      vitals: null,
    });
  });
});

test('a sparkline is as wide as it may be, and one request is more than none', () => {
  assert.equal(sparkline([0, 1, 50, 100], 10, 100, sparks.blocks), '▁▂▅█');
  assert.equal(sparkline([0, 1, 50, 100], 2, 100, sparks.ascii), '=#');
  assert.equal(sparkline([0, 0], 10, 0, sparks.ascii), '__');
  assert.equal(sparkline([200], 10, 100, sparks.ascii), '#', 'more than the most is the most');
  assert.equal(sparkline([1], 0, 1, sparks.ascii), '');
  assert.equal(sparkline([1], -4, 1, sparks.ascii), '');
});

test('sparklines are made of ASCII where the locale is', () => {
  assert.equal(sparksFor({ LANG: 'en_US.UTF-8' }), sparks.blocks);
  assert.equal(sparksFor({ LANG: 'C.utf8' }), sparks.blocks);
  assert.equal(sparksFor({ LC_ALL: 'C', LANG: 'en_US.UTF-8' }), sparks.ascii);
  assert.equal(sparksFor({ LC_ALL: '', LC_CTYPE: 'C.UTF-8', LANG: 'C' }), sparks.blocks);
  assert.equal(sparksFor({}), sparks.ascii);
});

test('keys', () => {
  assert.deepEqual(readKeys('q'), ['quit']);
  assert.deepEqual(readKeys('ss+\u0003'), ['next-column', 'next-column', 'more', 'quit']);
  assert.deepEqual(readKeys('\u001B[A\u001BOB\u001B[5~j'), ['up', 'down', 'page-up', 'down']);
  assert.deepEqual(new Set(readKeys('x\u001B\u001B[99;5Z£é')), new Set(['other']), 'what means nothing');
  assert.deepEqual(readKeys('\u001B[1;5C'), ['other'], 'and no letter of a longer sequence');
});

test('any key leaves the help, and does nothing else', () => {
  const help = changed(firstView, 'help', 10);
  assert.equal(help.isHelp, true);
  assert.deepEqual(changed(help, 'reverse', 10), firstView);
  assert.deepEqual(changed(help, 'other', 10), firstView);
  assert.deepEqual(changed(firstView, 'other', 10), firstView);
});

test('the next column comes after the last one, too', () => {
  let view = firstView;
  const seen = new Set<string>();
  for (; !seen.has(view.sort); view = changed(view, 'next-column', 1)) seen.add(view.sort);
  assert.equal(view.sort, 'slot');
  assert.equal(seen.size, 12);
  assert.equal(changed(view, 'previous-column', 1).sort, 'p99');
});

test('only lines that have changed are sent', () => {
  assert.equal(repaint(['a', 'b'], ['a', 'b']), '');
  assert.equal(repaint(['a', 'b'], ['a', 'c']), '\u001B[2;1Hc\u001B[K');
  assert.equal(repaint(['a', 'b', 'c'], ['a']), '\u001B[2;1H\u001B[J');
  assert.equal(repaint([], ['a', '']), '\u001B[1;1Ha\u001B[K\u001B[2;1H\u001B[K');
});

describe('a canary', () => {
  const watched = historyOf(sampleAt(0, canaryStatus()), sampleAt(1000, canaryStatus()));

  test('has its generation beside the one before', () => {
    const { lines } = frameOf(watched, firstView, '', { columns: 100, rows: 40 }, style);
    const from = lines.findIndex((line) => line.startsWith('gen 3 beside gen 2'));
    assert.match(lines[from]!, /in 1 of the slots for 45s of 2m: undecided so far {2}p promote {2}b roll back$/);
    assert.equal(lines[from + 1], 'p99 is 62ms beside 21ms, and at most 31ms is allowed');
    assert.match(lines[from + 2]!, /^<b id="hostile">says<\/b> \\u001b\[31m\\u202e anything/);
    const table = lines.slice(from + 3, from + 11).map((line) => line.split(/ {2,}/));
    assert.deepEqual(table[0], ['', 'gen 2', 'gen 3', 'at most']);
    assert.deepEqual(table[4], ['p99', '21ms', '62ms', '31ms', 'worse']);
    assert.deepEqual(table[2], ['5xx', '0.1%', '0.23%', '0.6%', 'ok']);
    assert.ok(lines.every((line) => line.length <= 100));
  });

  test('leaves the workers their place in a short terminal, and the worst figure stays longest', () => {
    for (const rows of [6, 8, 10, 12, 16]) {
      const { lines } = frameOf(watched, firstView, '', { columns: 80, rows }, style);
      assert.ok(lines.length <= rows, `${lines.length} of ${rows}`);
      assert.ok(lines.some((line) => line.includes('4711')));
    }
    const { lines } = frameOf(watched, firstView, '', { columns: 80, rows: 10 }, style);
    assert.ok(lines.some((line) => line.startsWith('gen 3 beside gen 2')));
    assert.ok(lines.some((line) => line.startsWith('p99 ') && line.endsWith('worse')));
    assert.ok(!lines.some((line) => line.startsWith('p50 ')));
  });

  test('is not there when an older server says nothing of it', () => {
    const { canary: _, ...older } = canaryStatus();
    const { lines } = frameOf(historyOf(sampleAt(0, older as Status)), firstView, '', usual, style);
    assert.ok(!lines.some((line) => line.includes('beside')));
    assert.ok(plainFrame(watched, 100, style).includes('gen 3 beside gen 2'));
    assert.equal(canary.table.length, 7);
  });

  test('has keys of its own', () => {
    assert.deepEqual(readKeys('pb'), ['promote', 'rollback']);
  });
});
