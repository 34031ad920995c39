import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scrapes } from '../../../../src/primary/endpoints/scrapes.ts';

interface Scrape {
  readonly accept: string | undefined;
  readonly end: (body: string | Error) => void;
}

function scrapes(): { subject: Scrapes; begun: Scrape[]; rests: number[]; pass: (ms: number) => void } {
  let now = 0;
  const begun: Scrape[] = [];
  const rests: number[] = [];
  const subject = new Scrapes({
    scrape: (accept) =>
      new Promise((resolve, reject) => {
        const end = (body: string | Error): void => {
          if (typeof body === 'string') resolve({ ok: true, contentType: 'text/plain', body });
          else reject(body);
        };
        begun.push({ accept, end });
      }),
    kindOf: (accept) => accept === 'open',
    now: () => now,
    delay: async (ms) => {
      rests.push(ms);
      now += ms;
    },
  });
  return { subject, begun, rests, pass: (ms) => (now += ms) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const bodyOf = async (answer: ReturnType<Scrapes['ask']>): Promise<string> => {
  const result = await answer;
  return result.ok ? result.body : '';
};

test('requests that come while a scrape is under way share the next one, of their kind', async () => {
  const { subject, begun, rests, pass } = scrapes();
  const first = subject.ask(undefined);
  await turn();
  const shared = Array.from({ length: 100 }, () => bodyOf(subject.ask('text')));
  const open = bodyOf(subject.ask('open'));
  await turn();
  assert.equal(begun.length, 1, 'one at a time');
  pass(20);
  begun[0]!.end('first');
  assert.equal(await bodyOf(first), 'first');
  await turn();
  assert.deepEqual(rests, [40]);
  assert.equal(begun.length, 2);
  const later = bodyOf(subject.ask('text'));
  pass(2000);
  begun[1]!.end('second');
  assert.deepEqual([...new Set(await Promise.all(shared))], ['second']);
  await turn();
  assert.deepEqual(rests, [40, 500]);
  assert.equal(begun[2]!.accept, 'open');
  begun[2]!.end('third');
  assert.equal(await open, 'third');
  await turn();
  begun[3]!.end('fourth');
  assert.equal(await later, 'fourth', 'no request is told what was read before it came');
});

test('a scrape that fails fails its own requests alone', async () => {
  const { subject, begun } = scrapes();
  const failing = subject.ask(undefined);
  await turn();
  const next = bodyOf(subject.ask(undefined));
  begun[0]!.end(new Error('it broke'));
  await assert.rejects(failing, /it broke/);
  await turn();
  begun[1]!.end('whole');
  assert.equal(await next, 'whole');
});
