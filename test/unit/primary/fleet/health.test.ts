import assert from 'node:assert/strict';
import { BEAT_MS, HUNG_AFTER_MS } from '../../../../src/contract/limits.ts';
import { describe, test } from 'node:test';
import type { FleetEvent } from '../../../../src/primary/fleet/events.ts';
import type { Worker } from '../../../../src/primary/fleet/fleet.ts';
import {
  judge,
  look,
  newWatch,
  type Beat,
  type Watch,
  type WatchSettings,
} from '../../../../src/primary/fleet/health.ts';
import { Driver } from './driver.ts';

const settings: WatchSettings = { heartbeatTimeout: 30_000, maxRequests: 0, maxMemory: 0, maxLifetime: 0 };
const beat: Beat = { heartbeat: 0, requestsFinished: 0, rss: 0, utilization: 1 };

/** Returns the first worker of a server that serves, changed. */
function worker(changes: Partial<Worker> = {}): Worker {
  const driver = new Driver({ workers: 1 });
  driver.serve();
  return { ...driver.fleet.workers.get(1)!, ...changes };
}

/** Returns the watch of a primary that has looked at every period until `at`, from 0 on. */
function watchUntil(at: number): Watch {
  let watch = newWatch(0);
  for (let time = BEAT_MS; time <= at; time += BEAT_MS) watch = look(watch, time, 0);
  return watch;
}

const types = (events: readonly FleetEvent[]): string[] =>
  events.map((event) => (event.type === 'operate' ? event.kind : event.type));

describe('silence', () => {
  test('of four beats is a hang, of the timeout too much', () => {
    assert.deepEqual(judge(worker(), beat, watchUntil(HUNG_AFTER_MS - BEAT_MS), settings), []);
    assert.deepEqual(judge(worker(), beat, watchUntil(HUNG_AFTER_MS), settings), [
      { type: 'hung', worker: 1, silent: HUNG_AFTER_MS },
    ]);
    assert.deepEqual(types(judge(worker({ isHung: true }), beat, watchUntil(29_750), settings)), []);
    assert.deepEqual(judge(worker({ isHung: true }), beat, watchUntil(30_000), settings), [
      { type: 'silent', worker: 1, silent: 30_000 },
    ]);
  });

  test('is told once', () => {
    const givenUp = worker({ isHung: true, isGivenUp: true });
    assert.deepEqual(judge(givenUp, beat, watchUntil(60_000), settings), []);
  });

  test('has an end', () => {
    const awake = { ...beat, heartbeat: 1900 };
    assert.deepEqual(judge(worker({ isHung: true }), awake, watchUntil(2000), settings), [
      { type: 'beating', worker: 1 },
    ]);
    assert.deepEqual(judge(worker(), awake, watchUntil(2000), settings), []);
  });

  test('is never too much with a timeout of 0, but still a hang', () => {
    const off = { ...settings, heartbeatTimeout: 0 };
    assert.deepEqual(types(judge(worker(), beat, watchUntil(60_000), off)), ['hung']);
  });

  test('of one that is held is a hang, and too much only so long after', () => {
    const held = worker({ heldUntil: 40_000 });
    assert.deepEqual(types(judge(held, beat, watchUntil(35_000), settings)), ['hung']);
    const hung = { ...held, isHung: true };
    assert.deepEqual(judge(hung, beat, watchUntil(69_750), settings), []);
    assert.deepEqual(types(judge(hung, beat, watchUntil(70_000), settings)), ['silent']);
    assert.deepEqual(types(judge(hung, { ...beat, heartbeat: 34_900 }, watchUntil(35_000), settings)), ['beating']);
  });

  test('before it was held counts no longer than from its last beat', () => {
    const hung = worker({ heldUntil: 1000, isHung: true });
    assert.deepEqual(judge(hung, { ...beat, heartbeat: 5000 }, watchUntil(34_750), settings), []);
  });

  test('shorter than a hang is helped by a timeout that is shorter too', () => {
    const short = { ...settings, heartbeatTimeout: HUNG_AFTER_MS };
    assert.deepEqual(types(judge(worker(), beat, watchUntil(HUNG_AFTER_MS), short)), ['hung', 'silent']);
  });

  test('of one that drains is only told when it is too much: it accepts nothing, and its clients wait', () => {
    const draining = worker({ state: 'draining', asked: 'reload' });
    for (const isHung of [true, false]) {
      assert.deepEqual(judge({ ...draining, isHung }, beat, watchUntil(29_750), settings), []);
      assert.deepEqual(types(judge({ ...draining, isHung }, beat, watchUntil(30_000), settings)), ['silent']);
    }
    const turning = { ...beat, heartbeat: 1900 };
    assert.deepEqual(types(judge({ ...draining, isHung: true }, turning, watchUntil(2000), settings)), ['beating']);
    const limited = { ...settings, maxRequests: 1 };
    assert.deepEqual(judge(draining, { ...beat, heartbeat: 1900, requestsFinished: 9 }, watchUntil(2000), limited), []);
  });

  for (const asked of ['abort', 'rollback'] as const) {
    test(`of one that hung when its release was taken back (${asked}) is too much earlier`, () => {
      const leaving = worker({ state: 'draining', isHung: true, asked });
      const told = (changes: Partial<Worker>, at: number, timeout = 30_000): string[] =>
        types(judge({ ...leaving, ...changes }, beat, watchUntil(at), { ...settings, heartbeatTimeout: timeout }));
      assert.deepEqual(told({}, 4750), []);
      assert.deepEqual(told({}, 5000), ['silent']);
      assert.deepEqual(told({}, 2000, 2000), ['silent'], 'the timeout is shorter');
      assert.deepEqual(told({}, 60_000, 0), [], 'without a timeout the drain has its own');
      assert.deepEqual(told({ isHung: false }, 29_750), [], 'it did not hang then');
      assert.deepEqual(told({ state: 'serving' }, 29_750), [], 'it serves again');
      assert.deepEqual(told({ isGivenUp: true }, 60_000), [], 'it is told once');
    });
  }

  for (const state of ['booting', 'standby', 'taking', 'ending'] as const) {
    test(`of one that is ${state} is not looked at`, () => {
      assert.deepEqual(judge(worker({ state }), beat, watchUntil(60_000), settings), []);
    });
  }
});

describe('a primary that was held up', () => {
  test('blames nobody for the time before it woke up', () => {
    const watch = look(watchUntil(500), 60_500, 100);
    assert.deepEqual(judge(worker(), beat, watch, settings), []);
    const later = [60_750, 61_000, 61_250, 61_500].reduce((last, at) => look(last, at, 0), watch);
    assert.deepEqual(judge(worker(), beat, later, settings), [{ type: 'hung', worker: 1, silent: HUNG_AFTER_MS }]);
  });

  test('by less than three periods was only busy', () => {
    const watch = look(watchUntil(500), 500 + 3 * BEAT_MS, 0);
    assert.deepEqual(types(judge(worker(), beat, watch, settings)), ['hung']);
  });

  test('by what a worker had it do sees hangs all the same: it was awake', () => {
    const late = Array.from({ length: 30 }, (_, nth) => 1000 + 1000 * nth);
    const busy = late.reduce((last, at) => look(last, at, 400), watchUntil(0));
    assert.deepEqual(types(judge(worker(), beat, busy, settings)), ['hung', 'silent']);
    const waiting = late.reduce((last, at) => look(last, at, 100), watchUntil(0));
    assert.deepEqual(judge(worker(), beat, waiting, settings), []);
  });
});

describe('a limit', () => {
  const at = (time: number, heartbeat = time): [Beat, Watch] => [{ ...beat, heartbeat }, watchUntil(time)];

  for (const [name, limits, over] of [
    ['max-requests', { maxRequests: 1000 }, { requestsFinished: 1000 }],
    ['max-memory', { maxMemory: 1e9 }, { rss: 1e9 }],
  ] as const) {
    test(`${name} is one`, () => {
      const [row, watch] = at(1000);
      assert.deepEqual(judge(worker(), { ...row, ...over }, watch, { ...settings, ...limits }), [
        { type: 'operate', kind: 'recycle', target: { worker: 1, reason: name } },
      ]);
      assert.deepEqual(judge(worker(), row, watch, { ...settings, ...limits }), []);
      assert.deepEqual(judge(worker(), { ...row, ...over }, watch, settings), [], 'and 0 is none');
    });
  }

  test('does not take away one that is held', () => {
    const [row, watch] = at(1000);
    const limited = { ...settings, maxMemory: 1 };
    assert.deepEqual(judge(worker({ heldUntil: 1001 }), { ...row, rss: 2 }, watch, limited), []);
    assert.deepEqual(types(judge(worker({ heldUntil: 1000 }), { ...row, rss: 2 }, watch, limited)), ['recycle']);
  });

  test('max-lifetime counts from when it was ready', () => {
    const limited = { ...settings, maxLifetime: 10_000 };
    const [row, watch] = at(12_000);
    assert.deepEqual(judge(worker({ bootedAt: 4000 }), row, watch, limited), []);
    assert.deepEqual(judge(worker({ bootedAt: 2000 }), row, watch, limited), [
      { type: 'operate', kind: 'recycle', target: { worker: 1, reason: 'max-lifetime' } },
    ]);
  });

  test('is not asked about while it is silent', () => {
    const [row, watch] = at(5000, 0);
    const limited = { ...settings, maxRequests: 1 };
    assert.deepEqual(types(judge(worker(), { ...row, requestsFinished: 9 }, watch, limited)), ['hung']);
  });

  test('is lowered by up to a tenth, each worker’s by another share', () => {
    const [row, watch] = at(1000);
    const limited = { ...settings, maxRequests: 10_000 };
    const limitOf = (id: number): number => {
      for (let requestsFinished = 8000; ; requestsFinished += 10) {
        if (judge(worker({ id }), { ...row, requestsFinished }, watch, limited).length > 0) return requestsFinished;
      }
    };
    const limits = Array.from({ length: 8 }, (_, id) => limitOf(id + 1)).toSorted((a, b) => a - b);
    assert.ok(limits[0]! >= 9000 && limits.at(-1)! <= 10_000, limits.join());
    // The eight limits lie in a tenth of 10,000, and so are 125 apart on average.
    const gaps = limits.slice(1).map((limit, nth) => limit - limits[nth]!);
    assert.ok(Math.min(...gaps) >= 50, limits.join());
  });
});

describe('a boot that waits', () => {
  const booting = (changes: Partial<Worker> = {}): Worker =>
    worker({ state: 'booting', bootedAt: undefined, servingSince: undefined, ...changes });
  const told = (one: Worker, changes: Partial<Beat>): string[] =>
    types(judge(one, { ...beat, heartbeat: 1000, utilization: 0.02, ...changes }, watchUntil(1000), settings));

  test('is told once, when its event loop has little to do', () => {
    assert.deepEqual(told(booting(), {}), ['idle']);
    assert.deepEqual(told(booting({ state: 'taking' }), {}), ['idle']);
    assert.deepEqual(told(booting({ isIdle: true }), {}), []);
  });

  test('is none while it computes, or has not begun, or has booted', () => {
    assert.deepEqual(told(booting(), { utilization: 0.5 }), []);
    // This one loads modules since its first beat.
    assert.deepEqual(told(booting(), { heartbeat: 250, utilization: 0 }), []);
    assert.deepEqual(told(booting({ forkedAt: 800 }), {}), []);
    assert.deepEqual(told(booting(), { utilization: 0 }), []);
    assert.deepEqual(told(booting({ state: 'taking', bootedAt: 900 }), {}), []);
    assert.deepEqual(told(worker(), {}), []);
  });
});
