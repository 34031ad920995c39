/** Tests the parts of the page that need no browser. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FiguresHistory, Status } from '../../../src/control/controls.ts';
import { partsOf } from '../../../src/dashboard/frame.ts';
import { age, latency, memory, niceCeiling, rate } from '../../../src/dashboard/page/figures.ts';
import { heard, noModel, withHistory, type Model } from '../../../src/dashboard/page/model.ts';
import { MessageReader } from '../../../src/dashboard/page/feed/sse.ts';
import { trailPaths } from '../../../src/dashboard/page/parts/trail.ts';
import { tell } from '../../../src/dashboard/page/words.ts';
import { fakeStatus, fakeVitals, fakeWorker } from '../../support/fake-controls.ts';

describe('server-sent events', () => {
  const text = 'event: one\ndata: {"a":1}\n\nevent: two\ndata: []\n\n';
  const messages = [
    { name: 'one', data: { a: 1 } },
    { name: 'two', data: [] },
  ];

  test('whole, and with the start of another', () => {
    const reader = new MessageReader();
    assert.deepEqual(reader.read(`${text}event: thr`), messages);
    assert.deepEqual(reader.read('ee\ndata: 3\n\n'), [{ name: 'three', data: 3 }]);
  });

  test('character by character', () => {
    const reader = new MessageReader();
    assert.deepEqual(
      text.split('').flatMap((character) => reader.read(character)),
      messages,
    );
  });

  test('comments, and what has no data, are no messages', () => {
    assert.deepEqual(new MessageReader().read(': hello\n\nevent: one\n\ndata: 1\n\n'), []);
  });
});

const someVitals = fakeVitals({
  connectionsOpen: 10,
  utilization: 0.5,
  rss: 1000,
});

/** The status of two workers at a moment in ms. The first worker has answered `finished` requests. */
function statusAt(at: number, finished: number, changes: Partial<Status> = {}): Status {
  const slots = [0, 1].map((slot) => {
    const vitals = { ...someVitals, requestsFinished: slot === 0 ? finished : 0, utilization: slot === 0 ? 0.9 : 0.1 };
    const worker = fakeWorker({ slot, pid: 4711 + slot, uptime: at, vitals });
    return { slot, state: 'serving', worker, successor: null, crashes: 0, lastExit: null } as const;
  });
  return fakeStatus({ slots, uptime: at, ...changes });
}

function told(model: Model, at: number, status: Status): Model {
  const parts = partsOf(status, at, { p50: 2, p99: 9 });
  const messages = Object.entries(parts).map(([name, data]) => ({ name, data }));
  return messages.reduce(heard, model);
}

describe('the model', () => {
  test('rates and totals come from what one frame has more than the one before', () => {
    const first = told(noModel, 10_000, statusAt(10_000, 1000));
    const { moments, trails } = told(first, 11_000, statusAt(11_000, 1500));
    const { at, ...last } = moments.at(-1)!;
    assert.equal(at, Date.parse('2026-01-01T00:00:00.000Z') + 11_000);
    assert.deepEqual(last, { rate: 500, p50: 2, p99: 9, connections: 20, loop: 0.5, busiest: 0.9, memory: 2000 });
    assert.deepEqual(
      trails.get('slot 0')!.map((point) => point.rate),
      [null, 500],
    );
  });

  test('ten minutes of totals are kept, two of each tile, and a gap is one', () => {
    let model = noModel;
    for (let at = 0; at <= 700_000; at += 1000) model = told(model, at + 1000, statusAt(at + 1000, at));
    assert.ok(model.moments.length > 600 && model.moments.length < 606, `${model.moments.length}`);
    const trail = model.trails.get('slot 0')!;
    assert.ok(trail.length > 120 && trail.length < 126, `${trail.length}`);
    model = told(model, 760_000, statusAt(760_000, 0));
    assert.deepEqual(
      model.moments.slice(-2).map(({ connections }) => connections),
      [null, 20],
    );
  });

  const start = Date.parse('2026-01-01T00:00:00.000Z');

  /** The server's points of every two seconds from the first time on to the last. */
  const past = (from: number, to: number): FiguresHistory => {
    const times = Array.from({ length: (to - from) / 2000 + 1 }, (_, nth) => from + nth * 2000);
    const totals = times.map((uptime) => ({ ...nothing, uptime, rate: 7, connections: 3 }));
    const slots = [{ slot: 0, rates: times.map(() => 4) }];
    return { version: 1, startedAt: '2026-01-01T00:00:00.000Z', every: 2000, totals, slots };
  };
  const nothing = { p50: null, p99: null, loop: null, busiest: null, memory: null };

  test('what was before the page was opened comes from the server', () => {
    let model = told(noModel, 900_000, statusAt(900_000, 0));
    model = told(model, 901_000, statusAt(901_000, 100));
    const { moments, trails } = withHistory(model, past(200_000, 900_000));
    // Ten minutes, and no point of the server's beside the two that the page has seen.
    assert.ok(moments[0]!.at - start >= 296_000 && moments[0]!.at - start <= 302_000, `${moments[0]!.at - start}`);
    assert.deepEqual(
      moments.slice(-3).map(({ at, rate: perSecond }) => [at - start, perSecond]),
      [
        [898_000, 7],
        [900_000, null],
        [901_000, 100],
      ],
    );
    assert.ok(moments.every(({ connections }) => connections !== null));
    const trail = trails.get('slot 0')!;
    assert.ok(trail.length > 55 && trail.length < 65, `${trail.length}`);
    assert.deepEqual(trail.at(-1), { at: start + 901_000, rate: 100 });
    assert.equal(trail[0]!.rate, 4);
  });

  test('a gap of the page is filled, and one of the server is marked', () => {
    let model = told(noModel, 100_000, statusAt(100_000, 0));
    model = told(model, 120_000, statusAt(120_000, 0));
    const filled = withHistory(model, past(90_000, 120_000)).moments;
    assert.ok(filled.every(({ connections }) => connections !== null));
    const { totals, ...rest } = past(60_000, 120_000);
    const torn = totals.filter(({ uptime }) => uptime < 80_000 || uptime > 90_000);
    const { moments } = withHistory(model, { ...rest, totals: torn, slots: [] });
    assert.equal(moments.filter(({ connections }) => connections === null).length, 1);
    // The next look does not change what is there.
    const again = withHistory({ ...model, moments }, { ...rest, totals: torn, slots: [] });
    assert.deepEqual(again.moments, moments);
  });

  test('a hung worker counts as busy, whatever it wrote last', () => {
    const status = statusAt(1000, 0);
    const [first, second] = status.slots;
    const hung = { ...second!, worker: { ...second!.worker!, state: 'hung' as const } };
    const { moments } = told(noModel, 1000, { ...status, slots: [first!, hung] });
    assert.equal(moments.at(-1)!.busiest, 1);
  });

  test('another primary counts from nothing', () => {
    const before = told(noModel, 10_000, statusAt(10_000, 5000));
    const after = told(before, 500, statusAt(500, 5, { pid: 99, startedAt: '2026-01-02T00:00:00.000Z' }));
    assert.equal(after.moments.at(-1)!.rate, null);
    assert.equal(after.status!.pid, 99);
  });

  test('events come newest first, and not for ever', () => {
    const past = [1, 2].map((n) => ({ at: '', name: 'ready', fields: { n } }));
    let model = heard(noModel, { name: 'lifecycleEvents', data: past });
    for (let n = 3; n < 200; n++)
      model = heard(model, { name: 'event', data: { at: '', name: 'ready', fields: { n } } });
    assert.equal(model.events.length, 100);
    assert.equal(model.events[0]!.fields['n'], 199);
  });

  test('what a newer server says beside is not for us', () => {
    assert.equal(heard(noModel, { name: 'weather', data: {} }), noModel);
  });
});

test('a trail is cut where nothing is known, and is as high as the highest of all', () => {
  const points = [100, null, 50, 200].map((perSecond, nth) => ({ at: nth * 60_000, rate: perSecond }));
  const { line, area } = trailPaths(points, 180_000, 100);
  assert.equal(line, 'M-120 2M120 24.5L240 2');
  assert.equal(area.split('Z').length - 1, 2);
  assert.equal(trailPaths([{ at: 0, rate: 0 }], 0, 0).line, 'M240 47');
});

const figures: ReadonlyArray<readonly [shown: string, expected: string]> = [
  [rate(0), '0'],
  [rate(3.21), '3.2'],
  [rate(9.97), '10'],
  [rate(123_456), '123k'],
  [latency(0.254), '0.25 ms'],
  [latency(12.4), '12 ms'],
  [latency(1234), '1.2 s'],
  [memory(123 * 1_048_576), '123 MB'],
  [memory(2048 * 1_048_576), '2.0 GB'],
  [age(400), '0s'],
  [age(1999), '1s'],
];
for (const [shown, expected] of figures) test(`a figure is shown as ${expected}`, () => assert.equal(shown, expected));

test('axes end at round figures', () => {
  assert.deepEqual([0, 0.4, 1, 3, 24, 26, 999, 1001].map(niceCeiling), [1, 0.4, 1, 3, 30, 30, 1000, 2000]);
});

test('events are told in words, those of a newer server by their names', () => {
  const exit = { slot: 3, pid: 4711, reason: 'signal', text: 'killed by SIGKILL', uptime: 180_000, planned: false };
  assert.deepEqual(tell({ at: '', name: 'worker:exit', fields: exit }), {
    shape: 'crash',
    tone: 'bad',
    text: 'Slot 3, pid 4711, crashed',
    detail: 'killed by SIGKILL, after 3m',
  });
  const { text: _, ...open } = exit;
  assert.equal(tell({ at: '', name: 'worker:exit', fields: open }).detail, 'signal, after 3m');
  assert.equal(tell({ at: '', name: 'worker:exit', fields: { ...exit, planned: true } }).tone, 'quiet');
  assert.equal(tell({ at: '', name: 'worker:married', fields: {} }).text, 'worker:married');
});
