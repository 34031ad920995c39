/** Tests what a worker learns about the durations of requests: src/http/server/served.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { HttpError, type Context, type ServerOptions } from '../../../../src/http.ts';
import { servedBy } from '../../../../src/http/server/served.ts';
import { request, resolvers, serve } from '../helpers.ts';

const SLOW = 50;

interface Case {
  readonly what: string;
  readonly options?: ServerOptions;
  readonly handler: (context: Context) => unknown;
  readonly sent?: string;
  /** The statuses of the responses, in turn. */
  readonly statuses: readonly number[];
  readonly atLeast?: number;
}

const cases: readonly Case[] = [
  { what: 'one that answers at once', handler: (ctx) => ctx.end('ok'), statuses: [200] },
  {
    what: 'two in one packet',
    handler: (ctx) => ctx.end('ok'),
    sent: request('GET /').repeat(2),
    statuses: [200, 200],
  },
  { what: 'a status of its own', handler: (ctx) => ctx.status(404).end(), statuses: [404] },
  {
    what: 'one that answers later',
    handler: (ctx) => delay(SLOW).then(() => ctx.end('ok')),
    statuses: [200],
    atLeast: SLOW - 1,
  },
  {
    what: 'one that streams until later',
    handler: async (ctx) => {
      ctx.write('a');
      await delay(SLOW);
      ctx.end('b');
    },
    statuses: [200],
    atLeast: SLOW - 1,
  },
  {
    what: 'one that throws',
    handler: () => {
      throw new HttpError(409, 'taken');
    },
    statuses: [409],
  },
  {
    what: 'one that does not answer in time',
    options: { handlerTimeout: 40 },
    handler: () => undefined,
    statuses: [503],
    // The time counts from the last tick of the server's clock, which on a busy machine is some time ago.
    atLeast: 20,
  },
  { what: 'what no handler has seen', handler: () => assert.fail(), sent: 'nonsense\r\n\r\n', statuses: [] },
  { what: 'what is taken away', handler: (ctx) => ctx.hijack().socket.end('HTTP/1.1 200 mine\r\n\r\n'), statuses: [] },
];

for (const { what, options, handler, sent = request('GET /'), statuses, atLeast = 0 } of cases) {
  test(`${what} is heard of as ${statuses.join(', ') || 'nothing'}`, async (t) => {
    const { server, client } = await serve(t, { ...options, handler });
    const heard: Array<readonly [number, number]> = [];
    servedBy(server)!.time!((status, ms) => void heard.push([status, ms]));
    const one = client();
    one.send(sent);
    await one.received(new RegExp(`^(?:HTTP/1.1 [^]*){${Math.max(1, statuses.length)}}`));
    one.socket.end();
    await one.closed();
    assert.deepEqual(
      heard.map(([status]) => status),
      statuses,
    );
    for (const [, ms] of heard) assert.ok(ms >= atLeast && ms < 5000, `${ms} ms`);
  });
}

test('a client that leaves first was not answered', async (t) => {
  const { promise, resolve } = resolvers<undefined>();
  const { server, client } = await serve(t, {
    handler: async (ctx) => {
      ctx.signal.addEventListener('abort', () => resolve(undefined));
      await promise;
    },
  });
  const heard: number[] = [];
  const served = servedBy(server)!;
  served.time!((status) => void heard.push(status));
  const one = client();
  one.send(request('GET /'));
  while (served.started === 0) await delay(1);
  one.socket.resetAndDestroy();
  await promise;
  assert.deepEqual([heard, served.finished], [[], 1]);
});

async function* failing(): AsyncGenerator<Buffer> {
  yield Buffer.from('x');
  await delay(1);
  throw new Error('the source broke');
}

test('a connection that a handler takes over is an answer, and a response that breaks is none', async (t) => {
  const { client, server } = await serve(t, {
    handler: async (ctx) => {
      if (ctx.path === '/hijack') ctx.hijack().socket.end('mine');
      else await ctx.stream(failing());
    },
  });
  const told: string[] = [];
  const times: number[] = [];
  servedBy(server)!.time!((status) => times.push(status));
  servedBy(server)!.follow!({
    begun: () => {},
    answered: () => told.push('answered'),
    gaveUp: () => told.push('gave up'),
  });
  const [taken, broken] = [client(), client()];
  taken.send(request('GET /hijack'));
  await taken.closed();
  broken.send(request('GET /broken'));
  await broken.closed();
  assert.deepEqual([told, times], [['answered', 'gave up'], []]);
});
