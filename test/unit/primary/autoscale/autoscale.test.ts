import assert from 'node:assert/strict';
import { test } from 'node:test';
import { autoscaleOf } from '../../../../src/primary/fleet/autoscale/state.ts';
import type { Effect, FleetEvent } from '../../../../src/primary/fleet/events.ts';
import type { FleetSettings } from '../../../../src/primary/fleet/fleet.ts';
import { Driver, stop } from '../fleet/driver.ts';

const MB = 1024 * 1024;
const LOOK_MS = 250;

type Load = Extract<FleetEvent, { type: 'load' }>;

interface Situation extends Partial<Omit<Load, 'type' | 'rows'>> {
  readonly utilization?: number;
  readonly late?: number;
  readonly rss?: number;
  readonly silent?: number;
}

/** A server of two workers that may have up to eight. */
class Server extends Driver {
  constructor(changes: Partial<FleetSettings> = {}) {
    super({ workers: 2, range: { text: '1..8', least: 1, most: 8, isAsked: true }, ...changes });
    this.serve();
  }

  /** Looks at the load again and again. @returns the effects of the first look with which workers are forked or leave. */
  load(seconds: number, situation: Situation = {}): readonly Effect[] {
    for (let nth = 0; nth < (seconds * 1000) / LOOK_MS; nth++) {
      this.at += LOOK_MS;
      const effects = this.look(situation);
      if (effects.some((effect) => effect.do === 'fork' || effect.do === 'drain' || effect.do === 'park'))
        return effects;
    }
    return [];
  }

  look({ utilization = 0.5, late = 0, rss = 50 * MB, silent = 0, ...machine }: Situation = {}): readonly Effect[] {
    const rows = [...this.fleet.workers.values()]
      .filter(({ state }) => state === 'serving')
      .map(({ id }) => ({ worker: id, utilization, late, rss, silent }));
    return this.send({
      type: 'load',
      rows,
      cpu: undefined,
      isThrottled: false,
      memory: undefined,
      cores: 8,
      ...machine,
    });
  }

  /** Brings new workers up to where they serve. */
  bootAll(): void {
    for (const { id, state } of this.fleet.workers.values()) {
      if (state === 'booting') this.takeOver(id);
    }
    // What has not settled yet may serve at once: there is no settling.
    for (const { id, state } of this.fleet.workers.values()) {
      if (state === 'taking') this.send({ type: 'serving', worker: id });
    }
  }

  get hold(): string | undefined {
    return autoscaleOf(this.fleet).hold;
  }

  get size(): number {
    return this.fleet.slots.length;
  }
}

function count(effects: readonly Effect[], what: Effect['do']): number {
  return effects.filter((effect) => effect.do === what).length;
}

test('without a range the number of workers stays', () => {
  const server = new Server({ range: undefined });
  server.load(60, { utilization: 1 });
  assert.deepEqual([server.size, server.fleet.autoscale], [2, undefined]);
});

test('busy workers get more beside them, by the operation that scales', () => {
  const server = new Server();
  const effects = server.load(60, { utilization: 0.9 });
  assert.equal(count(effects, 'fork'), 1);
  assert.deepEqual(server.fleet.running?.operation.kind, 'scale');
  assert.deepEqual(server.fleet.running?.operation.target, { workers: 3, reason: 'busy', demand: 1.8 });
  const told = effects.flatMap((effect) =>
    effect.do === 'tell' && effect.event.name === 'scaling' ? [effect.event.facts] : [],
  );
  assert.deepEqual(told, [{ from: 2, to: 3, reason: 'busy', demand: 1.8 }]);
  const { last, paused } = autoscaleOf(server.fleet);
  assert.deepEqual([last, paused], [{ at: server.at, from: 2, to: 3, reason: 'busy' }, undefined]);
});

test('nothing more while the new workers boot, and for 10 s after that', () => {
  const server = new Server();
  server.load(60, { utilization: 1 });
  assert.equal(server.size, 4);
  server.load(20, { utilization: 1 });
  assert.deepEqual([server.size, server.hold], [4, 'boot']);
  server.bootAll();
  const from = server.at;
  server.load(60, { utilization: 1 });
  assert.equal(server.size, 8);
  assert.equal(server.at - from, 10_000);
});

test('nothing during a reload, and for 10 s after it', () => {
  const server = new Server();
  server.load(20);
  server.send({ type: 'operate', kind: 'reload' });
  server.load(20, { utilization: 1 });
  assert.deepEqual([server.size, server.hold], [2, 'reload']);
});

test('nothing while a server that stops still accepts', () => {
  const server = new Server({ drainDelay: 60_000 });
  server.load(20);
  server.send(stop);
  assert.equal(server.load(20, { utilization: 1 }).length, 0);
  assert.equal(server.size, 2);
});

test('nothing while a worker hangs, and for 10 s after that', () => {
  const server = new Server();
  server.load(20);
  server.send({ type: 'hung', worker: 1, silent: 1000 });
  server.load(20, { utilization: 1, silent: 5000 });
  assert.deepEqual([server.size, server.hold], [2, 'hang']);
  server.send({ type: 'beating', worker: 1 });
  const from = server.at;
  server.load(60, { utilization: 1 });
  assert.ok(server.size > 2);
  assert.ok(server.at - from >= 10_000 - LOOK_MS, `${server.at - from} ms`);
});

test('a worker that is silent for a moment holds it for that moment, unless it was busy all the time before', () => {
  const server = new Server();
  server.load(20);
  server.send({ type: 'hung', worker: 1, silent: 1000 });
  server.load(2, { utilization: 0.9, silent: 2000 });
  assert.deepEqual([server.size, server.hold], [2, 'hang']);
  server.load(2, { utilization: 1, silent: 2000 });
  assert.equal(server.size, 3);
});

test('nothing when a slot waits for its next worker', () => {
  const server = new Server({ recoverInterval: 20_000 });
  server.load(20);
  for (let nth = 0; nth < 3; nth++) {
    const { worker } = server.fleet.slots[0]!;
    if (worker !== undefined) server.exit(worker);
  }
  server.load(15, { utilization: 1 });
  assert.deepEqual([server.size, server.hold], [2, 'boot']);
});

for (const [name, by, expected] of [
  ['SIGTTIN', 1, 3],
  ['SIGTTOU', -1, 1],
] as const) {
  test(`a person's scale pauses it: ${name}`, () => {
    const server = new Server();
    server.load(20);
    const effects = server.send({ type: 'operate', kind: 'scale', target: { by } });
    assert.ok(effects.some((effect) => effect.do === 'tell' && effect.event.name === 'autoscaling paused'));
    server.bootAll();
    server.load(600, { utilization: by === 1 ? 0.01 : 1, late: 500 });
    assert.equal(server.size, expected);
    assert.equal(autoscaleOf(server.fleet).paused?.by, name);
  });
}

test('a person’s number holds also outside of the range, and `auto` resumes', () => {
  const server = new Server();
  server.send({ type: 'operate', kind: 'scale', target: { workers: 10 }, request: 1 });
  server.bootAll();
  server.load(60);
  assert.deepEqual([server.size, autoscaleOf(server.fleet).paused?.by], [10, 'prefork scale']);
  const effects = server.send({ type: 'operate', kind: 'scale', target: { auto: true }, request: 2 });
  assert.ok(effects.some((effect) => effect.do === 'answer' && effect.outcome.ok));
  assert.equal(autoscaleOf(server.fleet).paused, undefined);
  server.load(60);
  assert.deepEqual([server.size, autoscaleOf(server.fleet).last?.reason], [8, 'above the most']);
});

test('`auto` is refused where the number is fixed', () => {
  const server = new Server({ range: undefined });
  const effects = server.send({ type: 'operate', kind: 'scale', target: { auto: true }, request: 1 });
  const answers = effects.flatMap((effect) => (effect.do === 'answer' ? [effect.outcome] : []));
  assert.deepEqual(answers, [
    { ok: false, reason: 'the number of workers does not change by itself: start with --workers <min>..<max>' },
  ]);
});

test('a scale that is refused pauses nothing', () => {
  const server = new Server();
  server.send({ type: 'operate', kind: 'scale', target: { workers: 0 }, request: 1 });
  assert.equal(autoscaleOf(server.fleet).paused, undefined);
});

test('a new worker that fails to boot is not tried again for a minute', () => {
  const server = new Server();
  server.load(60, { utilization: 1 });
  assert.equal(server.size, 4);
  // The worker of the first new slot fails, and the next one in its place does as well.
  server.exit(3);
  assert.deepEqual([server.size, server.workers[2]], [3, 5]);
  server.exit(5);
  assert.equal(server.size, 2);
  for (const { id, state } of server.fleet.workers.values()) if (state === 'ending') server.exit(id, null, 'SIGTERM');
  const from = server.at;
  server.load(50, { utilization: 1 });
  assert.deepEqual([server.size, server.hold], [2, 'failure']);
  server.load(30, { utilization: 1 });
  assert.equal(server.size, 4);
  assert.ok(server.at - from >= 60_000);
});

test('of several new workers those that boot stay, and the last slot goes for each that does not', () => {
  const server = new Server();
  server.load(60, { utilization: 1, late: 200 });
  assert.equal(server.size, 6);
  const outcomes: Effect[] = [];
  // The workers 3 to 6 boot. The first new slot is tried again.
  outcomes.push(...server.takeOver(4), ...server.exit(3));
  assert.deepEqual([server.size, server.workers], [5, [1, 2, 7, 4, 5]]);
  // The next failure is that of the last slot itself.
  outcomes.push(...server.exit(5));
  assert.deepEqual(server.workers, [1, 2, 7, 4]);
  outcomes.push(...server.boot(7));
  assert.equal(server.fleet.running, undefined);
  assert.deepEqual(server.states, ['serving', 'serving', 'serving', 'serving']);
  const told = outcomes.flatMap((effect) => (effect.do === 'tell' ? effect.event : []));
  const names = told.map(({ name }) => name);
  assert.ok(names.includes('scaled') && names.includes('scaling failed'));
  const failed = told.find(({ name }) => name === 'scaling failed');
  assert.deepEqual(failed?.facts, { workers: 4, slot: 2, reason: 'exited with code 1' });
  server.load(30, { utilization: 1 });
  assert.equal(server.hold, 'failure', 'it is not tried again for a minute');
});

test('a rollback that ends its scale is no failure of a worker', () => {
  const server = new Server({ keepPrevious: 600_000 });
  server.send({ type: 'operate', kind: 'reload' });
  for (const worker of [3, 4]) server.takeOver(worker);
  server.load(60, { utilization: 1 });
  assert.equal(server.fleet.running?.operation.kind, 'scale');
  server.send({ type: 'operate', kind: 'rollback' });
  for (const worker of [1, 2]) server.send({ type: 'serving', worker });
  assert.equal(autoscaleOf(server.fleet).failedAt, -Infinity);
});

const memories: ReadonlyArray<readonly [string, number, Partial<FleetSettings>, number]> = [
  // 64 MB are for the primary. One worker is for the surge of a reload, and one for doubt.
  ['what is left after the primary, a surge and one more', 64 + 6 * 100, {}, 4],
  ['a byte less than that', 64 + 6 * 100 - 1 / MB, {}, 3],
  ['spares', 64 + 8 * 100, { spares: 2 }, 4],
  ['a surge of three', 64 + 8 * 100, { maxSurge: 3 }, 4],
];
for (const [what, limitMb, settings, expected] of memories) {
  test(`never more than fit into the memory: ${what}`, () => {
    const server = new Server(settings);
    server.load(60, { utilization: 1, late: 500, rss: 100 * MB, memory: limitMb * MB });
    assert.equal(server.size, expected);
  });
}

test('the memory of workers counts no more when their code has gone: a canary that was given up, and a rollback', () => {
  const size = (server: Server): number => autoscaleOf(server.fleet).largest.bytes / MB;
  const watched = new Server({ canary: 1 });
  watched.look({ rss: 50 * MB });
  watched.send({ type: 'operate', kind: 'reload' });
  watched.bootAll();
  watched.look({ rss: 900 * MB });
  watched.send({ type: 'judged', judgement: { verdict: 'worse', reasons: ['memory'], table: [] } });
  watched.look({ rss: 60 * MB });
  assert.equal(size(watched), 60);
  const kept = new Server({ keepPrevious: 60_000 });
  kept.send({ type: 'operate', kind: 'reload' });
  for (const worker of [3, 4]) kept.takeOver(worker);
  kept.look({ rss: 900 * MB });
  assert.equal(size(kept), 900);
  kept.send({ type: 'operate', kind: 'rollback' });
  kept.look({ rss: 60 * MB });
  assert.equal(size(kept), 60);
});

test('the largest memory counts that a worker of the generation ever had', () => {
  const server = new Server();
  const memory = (64 + 6 * 100) * MB;
  server.look({ rss: 100 * MB, memory });
  server.load(60, { utilization: 1, late: 500, rss: 50 * MB, memory });
  assert.equal(server.size, 4);
});

test('the range ends at the cores where its end is auto, also when these become fewer', () => {
  const server = new Server({ range: { text: '1..auto', least: 1, most: 8, isAsked: false } });
  server.load(60, { utilization: 1, late: 500, cores: 3 });
  assert.equal(server.size, 3);
});

test('not more while the kernel throttles', () => {
  const server = new Server();
  server.load(60, { utilization: 1, isThrottled: true });
  assert.deepEqual([server.size, server.hold], [2, 'throttling']);
});

test('workers that are not needed are parked, and come back without a boot', () => {
  const server = new Server();
  server.load(600, { utilization: 0.05 });
  assert.deepEqual([server.size, autoscaleOf(server.fleet).last?.reason], [1, 'idle']);
  const [parked] = [...server.fleet.workers.values()].filter(({ state }) => state === 'parked');
  assert.ok(parked);
  const from = server.at;
  while (server.size === 1) {
    server.at += LOOK_MS;
    assert.equal(count(server.look({ utilization: 1 }), 'fork'), 0);
  }
  assert.ok(server.at - from <= 3000, `${server.at - from} ms`);
  assert.equal(server.fleet.workers.get(server.fleet.slots[1]!.worker!)?.id, parked.id);
});

test('parked workers leave after a minute', () => {
  const server = new Server();
  server.load(600, { utilization: 0.05 });
  const [parked] = [...server.fleet.workers.values()].filter(({ state }) => state === 'parked');
  const effects = server.due({ timer: 'parked', worker: parked!.id });
  assert.equal(count(effects, 'drain'), 1);
});
