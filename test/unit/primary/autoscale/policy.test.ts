import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Disturbance } from '../../../../src/contract/autoscaling.ts';
import {
  decideWorkers,
  NO_MEMORY,
  type Limits,
  type Loop,
  type Memory,
  type Verdict,
  type View,
} from '../../../../src/primary/fleet/autoscale/policy.ts';

const LOOK_MS = 250;
const limits: Limits = { least: 1, most: 8, memory: Infinity, cores: 8 };

interface Situation extends Omit<Partial<View>, 'limits'> {
  readonly limits?: Partial<Limits>;
  readonly utilization?: number;
  readonly late?: number;
}

/** Looks at workers for as long as they are in a situation, or until their number is to change. */
class Watcher {
  at = 1_000_000;
  memory: Memory = NO_MEMORY;
  workers: number;

  constructor(workers: number) {
    this.workers = workers;
  }

  /** @returns the verdict that changes the number, with its time since the beginning; else the last one. */
  for(seconds: number, situation: Situation = {}): Verdict & { readonly after: number } {
    const from = this.at;
    for (;;) {
      const verdict = this.look(situation);
      const after = (this.at - from) / 1000;
      if (verdict.workers !== this.workers || after >= seconds) {
        this.workers = verdict.workers;
        return { ...verdict, after };
      }
    }
  }

  look({ utilization = 0.5, late = 0, ...changes }: Situation = {}): Verdict {
    this.at += LOOK_MS;
    const loop: Loop = { since: this.at - 60_000, utilization, late };
    const view: View = {
      at: this.at,
      workers: this.workers,
      loops: Array.from({ length: this.workers }, () => loop),
      disturbed: undefined,
      isThrottled: false,
      cpu: undefined,
      ...changes,
      limits: { ...limits, ...changes.limits },
    };
    const verdict = decideWorkers(this.memory, view);
    this.memory = verdict.memory;
    return verdict;
  }
}

test('workers that are busy get more beside them, as many as bring them down to 65 %', () => {
  const watcher = new Watcher(4);
  watcher.for(20, { utilization: 0.4 });
  const { reason, workers, after } = watcher.for(20, { utilization: 0.9 });
  assert.deepEqual({ reason, workers }, { reason: 'busy', workers: 6 });
  assert.ok(after <= 3.25, `after ${after} s`);
});

test('a step of the load to all that there is is answered within 3 seconds', () => {
  const watcher = new Watcher(1);
  watcher.for(20, { utilization: 0.2 });
  const { reason, after } = watcher.for(20, { utilization: 1 });
  assert.equal(reason, 'saturated');
  assert.ok(after <= 3, `after ${after} s`);
});

test('loops that are saturated and late for one and a half seconds get more workers at once', () => {
  const watcher = new Watcher(1);
  watcher.for(20, { utilization: 0.2 });
  const { reason, workers, after } = watcher.for(20, { utilization: 1, late: 120 });
  assert.deepEqual({ reason, workers }, { reason: 'saturated', workers: 3 });
  assert.ok(after <= 1.5, `after ${after} s`);
});

test('a single request that takes long is no reason for more workers', () => {
  const watcher = new Watcher(1);
  watcher.for(20, { utilization: 0.2 });
  for (let request = 0; request < 5; request++) {
    // The worker says nothing while its loop stands still, and then how late it is.
    watcher.for(1.25, { utilization: 1, late: 1500 });
    assert.equal(watcher.for(5, { utilization: 0.2 }).workers, 1);
  }
});

test('after a time without looks, as of a primary that did not run, one late look is no reason for more workers', () => {
  const watcher = new Watcher(2);
  watcher.for(19, { utilization: 0.2 });
  watcher.at += 2000 - LOOK_MS;
  assert.equal(watcher.look({ utilization: 1, late: 400 }).workers, 2);
  const { reason, after } = watcher.for(20, { utilization: 1, late: 400 });
  assert.equal(reason, 'saturated');
  assert.ok(after >= 1, `after ${after} s`);
});

const growth: ReadonlyArray<readonly [string, number, number]> = [
  ['loops that come to their timers at once', 0, 4],
  ['loops that are a tenth of a second late', 150, 6],
  ['loops that are far behind', 400, 8],
];
for (const [what, late, expected] of growth) {
  test(`the number grows by how late loops are that are always busy: ${what}`, () => {
    const { workers } = new Watcher(2).for(20, { utilization: 1, late });
    assert.equal(workers, expected);
  });
}

test('a load that only seems high by chance changes nothing', () => {
  const watcher = new Watcher(1);
  // The mean is 0.8, and what a single look says is between 0 and 1.
  for (let nth = 0; nth < 400; nth++) assert.equal(watcher.look({ utilization: nth % 5 === 0 ? 0 : 1 }).workers, 1);
});

test('a load between the two thresholds changes nothing, however long it lasts', () => {
  const watcher = new Watcher(4);
  assert.equal(watcher.for(3600, { utilization: 0.68 }).reason, undefined);
  assert.equal(watcher.workers, 4);
});

test('fewer workers, when the largest demand of five minutes would do with fewer', () => {
  const watcher = new Watcher(8);
  watcher.for(10, { utilization: 0.69 });
  const early = watcher.for(280, { utilization: 0.1 });
  assert.equal(early.reason, undefined, 'the demand of the first seconds counts');
  const { reason, workers } = watcher.for(60, { utilization: 0.1 });
  assert.deepEqual({ reason, workers }, { reason: 'idle', workers: 6 });
});

test('fewer workers at most once in 30 s, by a quarter at most', () => {
  const watcher = new Watcher(64);
  watcher.for(600, { utilization: 0.01, limits: { most: 64 } });
  let before = watcher.workers;
  while (watcher.workers > 1) {
    const { after, workers } = watcher.for(600, { utilization: 0.5 / watcher.workers, limits: { most: 64 } });
    assert.ok(after >= 30, `after ${after} s`);
    assert.ok(before - workers <= Math.max(1, before / 4), `${before} to ${workers}`);
    before = workers;
  }
});

test('not fewer workers when those that are left would be busy by the demand of the moment', () => {
  const watcher = new Watcher(2);
  watcher.for(400, { utilization: 0.34 });
  // The largest demand of five minutes, 0.68, is enough for one worker. It would be busy for 0.68 of its time.
  assert.equal(watcher.workers, 2);
});

test('nothing is known yet: not fewer workers for two minutes', () => {
  const watcher = new Watcher(8);
  const verdict = watcher.for(110, { utilization: 0.05 });
  assert.deepEqual([verdict.reason, verdict.hold], [undefined, 'short history']);
  assert.equal(watcher.for(20, { utilization: 0.05 }).reason, 'idle');
});

test('a load that comes back soon after there were fewer workers doubles the time until there are fewer again', () => {
  const untilFewer = (watcher: Watcher): number => {
    watcher.for(5, { utilization: 0.7 });
    return watcher.for(3600, { utilization: 0.05 }).after;
  };
  const watcher = new Watcher(4);
  const first = untilFewer(watcher);
  const again = watcher.for(10, { utilization: 0.9 });
  assert.equal(again.reason, 'busy');
  const second = untilFewer(watcher);
  assert.ok(first < 310 && second > 550 && second < 610, `${first} s, then ${second} s`);
});

const disturbances: readonly Disturbance[] = ['boot', 'reload', 'scale', 'recycle', 'upgrade', 'drain delay', 'hang'];
for (const by of disturbances) {
  test(`nothing is decided during and for 10 s after: ${by}`, () => {
    const watcher = new Watcher(2);
    watcher.for(20);
    for (let nth = 0; nth < 100; nth++) {
      const { reason, hold } = watcher.look({ utilization: 1, disturbed: { by, at: watcher.at + LOOK_MS } });
      assert.deepEqual([reason, hold], [undefined, by]);
    }
    const disturbed = { by, at: watcher.at };
    const { reason, after } = watcher.for(60, { utilization: 1, disturbed });
    assert.equal(reason, 'saturated');
    assert.equal(after, 10);
  });
}

test('what a disturbance adds to the demand is not remembered', () => {
  const watcher = new Watcher(4);
  watcher.for(110, { utilization: 0.05 });
  const end = watcher.at + 5000;
  watcher.for(5, { utilization: 1, disturbed: { by: 'reload', at: end } });
  const { reason } = watcher.for(60, { utilization: 0.05, disturbed: { by: 'reload', at: end } });
  assert.equal(reason, 'idle');
});

test('not fewer workers for five minutes after there were more', () => {
  const watcher = new Watcher(4);
  watcher.for(200, { utilization: 0.4 });
  assert.equal(watcher.for(5, { utilization: 0.9 }).reason, 'busy');
  const { reason, after } = watcher.for(600, { utilization: 0.05 });
  assert.equal(reason, 'idle');
  assert.ok(after >= 300, `after ${after} s`);
});

test('a worker younger than 10 s does not count', () => {
  const watcher = new Watcher(2);
  for (let nth = 0; nth < 100; nth++) {
    const at = watcher.at + LOOK_MS;
    const loops = [
      { since: at - 60_000, utilization: 0.5, late: 0 },
      { since: at - 9999, utilization: 1, late: 1000 },
    ];
    const { reason, utilization } = watcher.look({ loops });
    assert.deepEqual([reason, utilization], [undefined, 0.5]);
  }
  const young = { since: watcher.at, utilization: 1, late: 0 };
  assert.equal(new Watcher(1).look({ loops: [{ ...young, since: 999_000 }] }).hold, 'young workers');
});

test('not more workers while the kernel throttles the cgroup', () => {
  const watcher = new Watcher(2);
  const { reason, hold } = watcher.for(60, { utilization: 1, isThrottled: true });
  assert.deepEqual([reason, hold], [undefined, 'throttling']);
  assert.equal(watcher.for(60, { utilization: 1 }).reason, 'saturated');
});

test('fewer workers also while the kernel throttles the cgroup', () => {
  assert.equal(new Watcher(4).for(600, { utilization: 0.05, isThrottled: true }).reason, 'idle');
});

test('never more than the most, and the verdict says that this holds the number', () => {
  const watcher = new Watcher(3);
  assert.equal(watcher.for(60, { utilization: 1, late: 500, limits: { most: 4 } }).workers, 4);
  const { reason, hold } = watcher.for(60, { utilization: 1, limits: { most: 4 } });
  assert.deepEqual([reason, hold], [undefined, 'most']);
});

test('never more than fit into the memory', () => {
  const watcher = new Watcher(3);
  assert.equal(watcher.for(60, { utilization: 1, late: 500, limits: { memory: 5 } }).workers, 5);
  assert.equal(watcher.for(60, { utilization: 1, limits: { memory: 5 } }).hold, 'memory');
});

test('fewer workers when they have grown out of the memory, but not fewer than the least', () => {
  const watcher = new Watcher(6);
  const { workers, reason } = watcher.for(1, { limits: { memory: 4 } });
  assert.deepEqual([workers, reason], [4, 'memory']);
  assert.equal(watcher.for(1, { limits: { memory: 1, least: 3 } }).workers, 3);
  assert.equal(watcher.for(60, { limits: { memory: 1, least: 3 } }).reason, undefined);
});

test('more than the cores where the loops block, and not where they compute', () => {
  const asked = { most: 32, cores: 4 };
  const computing = new Watcher(4).for(60, { utilization: 1, late: 500, cpu: 3.9, limits: asked });
  assert.deepEqual([computing.workers, computing.hold], [4, 'cores']);
  const blocking = new Watcher(4).for(60, { utilization: 1, late: 500, cpu: 0.4, limits: asked });
  assert.equal(blocking.workers, 16);
  const half = new Watcher(4).for(60, { utilization: 1, late: 500, cpu: 2, limits: asked });
  assert.equal(half.workers, 8);
});

test('a number outside of the range, which a person has set, comes back into it', () => {
  assert.deepEqual(pick(new Watcher(1).look({ limits: { least: 2 } })), [2, 'below the least']);
  assert.deepEqual(pick(new Watcher(12).look()), [8, 'above the most']);
});

function pick({ workers, reason }: Verdict): unknown[] {
  return [workers, reason];
}
