import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedAnswers } from '../../../src/control/shared-answers.ts';

interface Making {
  readonly kind: string;
  readonly end: (body: string | Error) => void;
}

class Bench {
  now = 0;
  readonly begun: Making[] = [];
  readonly rests: number[] = [];
  readonly #subject: SharedAnswers<string, string>;

  constructor(leastRest?: number) {
    this.#subject = new SharedAnswers({
      ...(leastRest !== undefined && { leastRest }),
      now: () => this.now,
      delay: async (ms) => {
        this.rests.push(ms);
        this.now += ms;
      },
    });
  }

  ask(kind: string): Promise<string> {
    return this.#subject.ask(
      kind,
      () =>
        new Promise((resolve, reject) => {
          const end = (body: string | Error): void => (typeof body === 'string' ? resolve(body) : reject(body));
          this.begun.push({ kind, end });
        }),
    );
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('requests that come while an answer is under way share the next one, of their kind', async () => {
  const bench = new Bench();
  const { begun, rests } = bench;
  const first = bench.ask('text');
  await turn();
  const shared = Array.from({ length: 100 }, () => bench.ask('text'));
  const open = bench.ask('open');
  await turn();
  assert.equal(begun.length, 1, 'one at a time');
  bench.now += 20;
  begun[0]!.end('first');
  assert.equal(await first, 'first');
  await turn();
  assert.deepEqual(rests, [40]);
  assert.equal(begun.length, 2);
  const later = bench.ask('text');
  bench.now += 2000;
  begun[1]!.end('second');
  assert.deepEqual([...new Set(await Promise.all(shared))], ['second']);
  await turn();
  assert.deepEqual(rests, [40, 500]);
  assert.equal(begun[2]!.kind, 'open');
  begun[2]!.end('third');
  assert.equal(await open, 'third');
  await turn();
  begun[3]!.end('fourth');
  assert.equal(await later, 'fourth', 'no request is told what was read before it came');
});

test('an answer that fails fails its own requests alone', async () => {
  const bench = new Bench();
  const { begun } = bench;
  const failing = bench.ask('text');
  await turn();
  const next = bench.ask('text');
  begun[0]!.end(new Error('it broke'));
  await assert.rejects(failing, /it broke/);
  await turn();
  begun[1]!.end('whole');
  assert.equal(await next, 'whole');
});

test('a rest lasts for the least time, also where answers take none', async () => {
  const bench = new Bench(200);
  const { begun, rests } = bench;
  for (let nth = 0; nth < 3; nth++) {
    const answer = bench.ask('text');
    await turn();
    begun[nth]!.end('done');
    await answer;
  }
  assert.deepEqual(rests, [200, 200]);
});
