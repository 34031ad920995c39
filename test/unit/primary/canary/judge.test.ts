import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GenerationSample, WorkerSample } from '../../../../src/contract/canary.ts';
import { judge } from '../../../../src/primary/fleet/canary/judge.ts';
import { DURATIONS } from '../../../../src/scoreboard/durations.ts';
import { LATENCIES } from '../../../../src/scoreboard/latencies.ts';
import { Random } from '../../../support/random.ts';
import { limits, watch, type Fault, type Outcome, type Scene } from '../../../support/canary-traffic.ts';

const scene: Scene = { seed: 1, workers: 4, canary: 1, rate: 1000, watch: 15_000 };

function all(scenes: readonly Scene[]): Outcome[] {
  return scenes.map((one) => watch(one));
}

function seeds(count: number, one: Partial<Scene>): Scene[] {
  return Array.from({ length: count }, (_, index) => ({ ...scene, seed: index + 1, ...one }));
}

describe('a good release', () => {
  for (const [workers, canary, rate] of [
    [2, 1, 200],
    [4, 2, 1000],
    [8, 1, 5000],
    [16, 8, 1000],
    [64, 32, 1000],
  ] as const) {
    test(`${canary} of ${workers} workers at ${rate} requests a second is never taken back`, () => {
      for (const { verdict, reasons } of all(seeds(8, { workers, canary, rate }))) {
        assert.equal(verdict, 'better-or-equal', reasons.join('; '));
      }
    });
  }

  test('is not decided before the time is over', () => {
    assert.equal(watch(scene).at, 15_000);
  });

  test('may have the same outages, errors and stalls as the old one', () => {
    const noise = { errors: 0.05, stalls: 0.2, outages: 0.3, retries: 0.1 };
    for (const { verdict, reasons } of all(seeds(8, { noise }))) assert.notEqual(verdict, 'worse', reasons.join('; '));
  });
});

describe('clients that ask the canary and leave, again and again,', () => {
  const leaving = (clients: number, change: Partial<Scene> = {}): Outcome[] =>
    all(seeds(4, { noise: { outages: 0, retries: 0, leaving: { clients, requests: 60 } }, ...change }));

  test('do not have a good release taken back while they are one to three', () => {
    for (const { verdict, reasons } of [1, 2, 3].flatMap((clients) => leaving(clients)))
      assert.equal(verdict, 'better-or-equal', reasons.join('; '));
  });

  test('do not hide a bad one', () => {
    for (const { verdict, at } of leaving(1, { fault: { stuck: 0.05 } })) {
      assert.equal(verdict, 'worse');
      assert.ok(at <= 8000, `after ${at} ms`);
    }
  });

  test('are what clients of a bad release look like when they are many, or make most of the requests', () => {
    for (const { verdict } of leaving(20)) assert.equal(verdict, 'worse');
    for (const { verdict } of leaving(1, { rate: 160 })) assert.equal(verdict, 'worse');
  });
});

describe('a bad release', () => {
  const cases: ReadonlyArray<
    readonly [name: string, fault: Fault, within: number, figure: string, change?: Partial<Scene>]
  > = [
    ['fails 1 % of its requests', { errors: 0.01 }, 60_000, '5xx', { watch: 60_000 }],
    ['fails 2 % of its requests', { errors: 0.02 }, 10_000, '5xx'],
    ['fails 5 % of its requests', { errors: 0.05 }, 6000, '5xx'],
    ['fails 20 % of its requests', { errors: 0.2 }, 4000, '5xx'],
    ['fails 5 % of its requests after half of the time', { errors: 0.05, after: 7000 }, 15_000, '5xx'],
    ['takes twice as long', { slower: 2 }, 15_000, 'p50|event loop utilization'],
    ['takes five times as long', { slower: 5 }, 10_000, 'p50|event loop utilization'],
    ['never answers 5 %', { stuck: 0.05 }, 8000, 'unanswered'],
    ['leaks 40 KB a request', { leak: 40_000 }, 15_000, 'memory \\(old: peak\\)', { workers: 2 }],
    ['leaks 2 KB a request', { leak: 2400 }, 40_000, 'memory growth', { workers: 2, watch: 40_000 }],
    ['crashes after 10 s', { crash: 10_000 }, 10_000, 'crashes'],
    ['hangs after 3 s', { hang: 3000 }, 4000, 'hangs'],
    ['says itself that it is not well', { unwell: 5000 }, 6000, 'unwell by their own word'],
  ];
  for (const [name, fault, within, figure, change = {}] of cases) {
    test(`that ${name} is worse within ${within / 1000} s`, () => {
      const quiet = { outages: 0, retries: 0 };
      for (const { verdict, at, table } of all(seeds(4, { fault, noise: quiet, ...change }))) {
        assert.equal(verdict, 'worse');
        assert.ok(at <= within, `after ${at} ms`);
        const found = table.filter((row) => row.verdict === 'worse').map((row) => row.figure);
        assert.match(found.join(), new RegExp(`^(${figure})`));
      }
    });
  }

  for (const clients of [1, 2, 3, 4, 10]) {
    test(`that never answers 5 % is worse, with ${clients} clients, or as many proxies, as with many`, () => {
      const quiet = { outages: 0, retries: 0 };
      for (const { verdict, table } of all(seeds(4, { fault: { stuck: 0.05 }, noise: quiet, clients }))) {
        assert.equal(verdict, 'worse');
        assert.equal(table.find((row) => row.verdict === 'worse')?.figure, 'unanswered');
      }
    });
  }

  test('is worse for a reason that says the figures of both', () => {
    const { reasons } = watch({ ...scene, fault: { errors: 0.2 } });
    assert.match(
      reasons.join(),
      /^2\d % of its answers are 5xx \(\d+ of [\d,]+\), of the baseline 0?\.?\d+ % \(\d+ of [\d,]+\)$/,
    );
  });
});

describe('too little traffic', () => {
  test('is said, with what there was', () => {
    const { verdict, reasons } = watch({ ...scene, rate: 10, fault: { errors: 0.5 } });
    assert.equal(verdict, 'doubt');
    assert.match(
      reasons[0]!,
      /^too little traffic to tell: \d+ answers of the canary and \d+ of the baseline, and 100 of each are needed$/,
    );
  });

  test('does not excuse a crash', () => {
    assert.equal(watch({ ...scene, rate: 0, fault: { crash: 3000 } }).verdict, 'worse');
  });

  test('leaves a doubt where a fault shows, and could be chance', () => {
    const noise = { errors: 0, outages: 0, retries: 0 };
    const outcomes = all(seeds(40, { workers: 2, rate: 150, noise, fault: { errors: 0.012 } }));
    const doubts = outcomes.filter(({ verdict }) => verdict === 'doubt');
    assert.ok(doubts.length > 0);
    for (const { reasons } of doubts) assert.match(reasons[0]!, /too few to be sure$/);
  });
});

/** A worker that is well, at a moment. */
function worker(id: number, at: number, changes: Partial<WorkerSample> = {}): WorkerSample {
  return {
    worker: id,
    pid: id,
    slot: id,
    age: at,
    durations: new Float64Array(60).fill(at),
    latencies: new Float64Array(98).fill(at),
    requestsStarted: at,
    requestsFinished: at,
    connectionsOpen: 1,
    utilization: 0.5,
    cpu: at,
    delay: 1,
    delayP99: 1,
    rss: 1e8,
    peak: 1e8,
    heapUsed: 1e7,
    ...changes,
  };
}

function samples(change: (at: number) => Partial<WorkerSample>, id: number): GenerationSample[] {
  return Array.from({ length: 21 }, (_, index) => {
    const at = index * 1000;
    return { at, generation: id, workers: [worker(id, at, change(at))], crashes: 0, hangs: 0 };
  });
}

function judged(
  canary: (at: number) => Partial<WorkerSample>,
  baseline: (at: number) => Partial<WorkerSample> = () => ({}),
  given = limits,
): ReturnType<typeof judge> {
  return judge(samples(baseline, 1), samples(canary, 2), { elapsed: 20_000, total: 20_000 }, given);
}

describe('the event loop', () => {
  test('that is busier with as many requests is worse', () => {
    const { reasons } = judged((at) => ({ utilization: 0.9 + (at % 3000) / 1e5 }));
    assert.match(
      reasons.join(),
      /^its event loops are busy for 9\d % of the time, those of the baseline for 50 % with as many requests$/,
    );
  });

  test('that waits for CPU is not busier', () => {
    const starved = (at: number): Partial<WorkerSample> => ({ utilization: 0.9 + (at % 3000) / 1e5, cpu: at / 2 });
    assert.deepEqual(judged(starved).reasons, []);
  });

  test('may be busier with more requests', () => {
    const more = (at: number): Partial<WorkerSample> => ({
      utilization: 0.9,
      durations: new Float64Array(60).fill(2 * at),
    });
    assert.deepEqual(judged(more).reasons, []);
  });

  test('that runs late is worse', () => {
    assert.match(
      judged((at) => ({ delay: 100 + (at % 3000) / 1000 })).reasons.join(),
      /^its event loops are 101 ms late on the average, those of the baseline 1 ms$/,
    );
  });
});

describe('the memory', () => {
  const booted = (): Partial<WorkerSample> => ({ rss: 1.18e8, peak: 1.18e8 });

  test('that is more than the old workers ever had is worse', () => {
    assert.match(
      judged(booted, () => ({ rss: 6e7, peak: 6.5e7 })).reasons.join(),
      /^its workers have 113M of memory, the largest of the baseline had 62M$/,
    );
  });

  test('may be more than idle old workers have kept of theirs', () => {
    assert.deepEqual(judged(booted, () => ({ rss: 6e7, peak: 1.2e8 })).reasons, []);
  });
});

describe('the word of the application', () => {
  const unwell = () => ({ health: { ok: false, reason: 'the queue is full' } });

  test('counts when it was said twice', () => {
    assert.deepEqual(judged(unwell).reasons, ['its application says that it is not well: the queue is full']);
    assert.deepEqual(judged((at) => (at === 20_000 ? unwell() : {})).reasons, []);
  });

  test('counts once for each answer, in however many samples it is: the primary may have read no other', () => {
    const once = unwell();
    assert.deepEqual(judged((at) => (at >= 18_000 ? once : {})).reasons, []);
    assert.notDeepEqual(judged((at) => (at >= 19_000 ? (at >= 20_000 ? unwell() : once) : {})).reasons, []);
  });

  test('counts for nothing while the old code says the same', () => {
    assert.equal(judged(unwell, unwell).verdict, 'better-or-equal');
  });
});

describe('a metric of the application', () => {
  const given = { ...limits, canaryMetrics: [{ name: 'orders_failed', worse: 'higher', by: 0.5 }] } as const;
  const failed = (perSecond: number) => (at: number) => ({
    metrics: [{ total: (perSecond * at) / 1000 + ((at / 1000) % 3) }],
  });

  test('that is a counter is compared by answered request', () => {
    assert.equal(judged(failed(10), failed(10), given).verdict, 'better-or-equal');
    assert.equal(judged(failed(14), failed(10), given).verdict, 'better-or-equal');
    assert.match(judged(failed(40), failed(10), given).reasons.join(), /^its orders_failed is/);
  });

  test('that is a gauge is compared as it is', () => {
    const gauge = (value: number) => (at: number) => ({ metrics: [{ value: value + (at % 2000) / 1000 }] });
    assert.equal(judged(gauge(10), gauge(10), given).verdict, 'better-or-equal');
    assert.equal(judged(gauge(20), gauge(10), given).verdict, 'worse');
    const lower = { ...limits, canaryMetrics: [{ name: 'orders', worse: 'lower', by: 0.5 }] } as const;
    assert.equal(judged(gauge(20), gauge(10), lower).verdict, 'better-or-equal');
    assert.equal(judged(gauge(3), gauge(10), lower).verdict, 'worse');
  });

  test('that is a histogram is compared by its mean', () => {
    const mean = (ms: number) => (at: number) => ({ metrics: [{ sum: ms * at + (at % 2000), count: at }] });
    assert.equal(judged(mean(10), mean(10), given).verdict, 'better-or-equal');
    assert.equal(judged(mean(20), mean(10), given).verdict, 'worse');
  });

  test('that a worker does not have is not judged', () => {
    const { verdict, table } = judged(() => ({ metrics: [undefined] }), failed(10), given);
    assert.equal(verdict, 'better-or-equal');
    assert.equal(table.find(({ figure }) => figure === 'orders_failed')?.verdict, 'too little');
  });
});

describe('what a worker of an attacker writes', () => {
  const numbers = [0, 1, -1, 2 ** 41, Number.MAX_SAFE_INTEGER, 1e300, 0.5];
  test('makes no number that JSON cannot carry, and takes no time', () => {
    const startedAt = performance.now();
    let next = 0;
    const any = (): number => numbers[next++ % numbers.length]!;
    for (let run = 0; run < 14; run++) {
      next = run;
      const wild = (): Partial<WorkerSample> => ({
        durations: new Float64Array(60).map(any),
        latencies: new Float64Array(98).map(any),
        requestsFinished: any(),
        utilization: any(),
        delay: any(),
        rss: any(),
        peak: any(),
        metrics: [{ sum: any(), count: any() }],
        clients: { requests: Array.from({ length: 33 }, any), abandoned: Array.from({ length: 33 }, any) },
      });
      const { table } = judged(wild, run % 2 === 0 ? wild : undefined, {
        ...limits,
        canaryMetrics: [{ name: 'any', worse: 'higher', by: 0 }],
      });
      for (const row of table) {
        for (const value of [row.baseline, row.canary, row.limit])
          assert.ok(value === null || Number.isFinite(value), JSON.stringify(row));
      }
    }
    assert.ok(performance.now() - startedAt < 10_000);
  });

  test('no workers at all are no error', () => {
    const none = [0, 1000].map((at) => ({ at, generation: 2, workers: [], crashes: 0, hangs: 0 }));
    assert.equal(judge(none, none, { elapsed: 1000, total: 1000 }, limits).verdict, 'doubt');
    assert.equal(judge([], [], { elapsed: 0, total: 1000 }, limits).verdict, 'undecided');
  });
});

test('histograms that are made up cost little: what a sample says is added up once', () => {
  const cpuOf = (look: () => void): number => {
    const before = process.cpuUsage();
    look();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const random = new Random(1);
  const generation = (number: number): GenerationSample[] => {
    const totals = Array.from({ length: 16 }, () => new Float64Array(LATENCIES));
    return Array.from({ length: 240 }, (_, second) => ({
      at: second * 1000,
      generation: number,
      crashes: 0,
      hangs: 0,
      workers: totals.map((latencies, slot) => {
        for (const bucket of latencies.keys()) latencies[bucket]! += random.between(0, 1_000_000_000);
        const durations = new Float64Array(DURATIONS).fill(second * random.between(1, 1_000_000));
        return { ...sampleOfWorker(number * 100 + slot, second), durations, latencies: latencies.slice() };
      }),
    }));
  };
  const [baseline, canary] = [generation(1), generation(2)];
  const look = (elapsed: number) => () => void judge(baseline, canary, { elapsed, total: 300_000 }, limits);
  const first = cpuOf(look(240_000));
  const others = [241_000, 242_000, 243_000].map((elapsed) => cpuOf(look(elapsed)));
  assert.ok(Math.min(...others) < 0.6 * first, `${first} µs, and then ${others.join()}`);
});

function sampleOfWorker(worker: number, second: number): Omit<WorkerSample, 'durations' | 'latencies'> {
  return {
    worker,
    pid: worker,
    slot: worker % 100,
    age: 60_000 + second * 1000,
    requestsStarted: second * 1000,
    requestsFinished: second * 1000,
    connectionsOpen: 1,
    utilization: 0.5,
    cpu: second * 500,
    delay: 1,
    delayP99: 1,
    rss: 1e8,
    peak: 1e8,
    heapUsed: 1e7,
  };
}
