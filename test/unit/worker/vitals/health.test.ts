import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeWorkerMessage,
  LONGEST_REASON,
  type PrimaryMessage,
  type WorkerMessage,
} from '../../../../src/ipc/messages.ts';
import { CLIENT_PLACES } from '../../../../src/contract/peer.ts';
import type { Link } from '../../../../src/worker/link.ts';
import type { HealthHook } from '../../../../src/worker/registry.ts';
import { Clients } from '../../../../src/worker/vitals/clients.ts';
import { Health } from '../../../../src/worker/vitals/health.ts';

type Answer = Extract<WorkerMessage, { type: 'health' }>;
type Question = Extract<PrimaryMessage, { type: 'health' }>;

/** A link whose primary asks when the test says so. */
class FakeLink {
  readonly answers: Answer[] = [];
  #answered = (): void => {};
  #ask: ((question: Question) => void) | undefined;

  on(_type: string, handler: (question: Question) => void): void {
    this.#ask = handler;
  }

  send(message: Answer): void {
    assert.ok(decodeWorkerMessage(JSON.parse(JSON.stringify(message))), 'the primary believes it');
    this.answers.push(message);
    this.#answered();
  }

  async ask(metrics: readonly string[] = []): Promise<Answer> {
    const answered = new Promise<void>((resolve) => void (this.#answered = resolve));
    this.#ask!({ type: 'health', metrics });
    await answered;
    return this.answers.at(-1)!;
  }
}

function healthOf(hooks: readonly HealthHook[], families: readonly unknown[] = []): FakeLink {
  const link = new FakeLink();
  const health = new Health(link as unknown as Link, () => Promise.resolve(families), new Clients());
  for (const hook of hooks) health.add(hook);
  return link;
}

const none = Array.from({ length: CLIENT_PLACES }, () => 0);
const clients = { requests: none, abandoned: none };
const no = (reason: string): object => ({ type: 'health', ok: false, reason, readings: [], clients });
const yes = { type: 'health', ok: true, reason: '', readings: [], clients };

const cases: ReadonlyArray<readonly [name: string, hook: HealthHook, answer: object]> = [
  ['true', () => true, yes],
  ['nothing', () => {}, yes],
  ['a promise of nothing', async () => {}, yes],
  ['ok', () => ({ ok: true }), yes],
  ['false', () => false, no('')],
  ['not ok', () => ({ ok: false, reason: 'no queue' }), no('no queue')],
  ['not ok without a reason', () => ({ ok: false }), no('')],
  ['what is no answer', () => 'fine' as unknown as boolean, no('')],
  ['a reason that is no text', () => ({ ok: false, reason: { a: 1 } }) as unknown as boolean, no('')],
  ['an ok that is no boolean', () => ({ ok: 1 }) as unknown as boolean, no('')],
  ['a rejection', () => Promise.reject(new Error('no database')), no('no database')],
  ['a reason that is too long', () => ({ ok: false, reason: 'x'.repeat(5000) }), no('x'.repeat(LONGEST_REASON))],
];
for (const [name, hook, answer] of cases) {
  test(`a function that returns ${name}`, async () => assert.deepEqual(await healthOf([hook]).ask(), answer));
}

test('a function that throws', async () => {
  const hook = (): never => {
    throw new Error('broken');
  };
  assert.deepEqual(await healthOf([hook]).ask(), no('broken'));
});

test('without a function there is no word', async () => {
  assert.deepEqual(await healthOf([]).ask(), { ...yes, ok: null });
});

test('of several functions all have to say that it is well', async () => {
  assert.deepEqual(await healthOf([() => true, () => ({ ok: false, reason: 'second' })]).ask(), no('second'));
});

test('a function that never answers is not waited for for ever, and not called again meanwhile', async () => {
  let calls = 0;
  const link = healthOf([
    () => {
      calls++;
      return new Promise(() => {});
    },
  ]);
  const first = link.ask();
  void link.ask();
  void first;
  await link.ask();
  assert.equal(calls, 1);
  assert.deepEqual(link.answers, [no('no answer within 2000 ms')]);
});

test('metrics come in the order of their names, all labels together', async () => {
  const values = [
    { value: 3, labels: { kind: 'a' } },
    { value: 4, labels: { kind: 'b' } },
  ];
  const histogram = [
    { value: 9, labels: { le: 1 }, metricName: 'took_seconds_bucket' },
    { value: 12.5, labels: {}, metricName: 'took_seconds_sum' },
    { value: 10, labels: {}, metricName: 'took_seconds_count' },
  ];
  const link = healthOf(
    [],
    [
      { name: 'failed_total', type: 'counter', values },
      { name: 'took_seconds', type: 'histogram', values: histogram },
      { name: 'waiting', type: 'gauge', values },
      { name: 'empty', type: 'gauge', values: [] },
      { name: 'broken', type: 'gauge' },
      { name: 'wild', type: 'gauge', values: [{ value: NaN }, { value: 'x' }, null] },
      null,
    ],
  );
  const { readings } = await link.ask(['waiting', 'none', 'failed_total', 'took_seconds', 'empty', 'broken', 'wild']);
  assert.deepEqual(readings, [{ value: 7 }, null, { total: 7 }, { sum: 12.5, count: 10 }, null, null, null]);
});
