/** Tests handlers that go wrong: the client learns nothing about it, the log tells it once, and the server goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HttpError, type Context, type ServerOptions } from '../../../../src/http.ts';
import { request, serve } from '../helpers.ts';

const secret = 'the password is swordfish';

interface Failure {
  readonly what: string;
  readonly handler: (ctx: Context) => unknown;
  readonly answer: RegExp;
  readonly logged: number;
  readonly options?: Partial<ServerOptions>;
}

const plain500 = /^HTTP\/1.1 500 Internal Server Error\r\n(?!.*X-Set)[^]*\r\n\r\nInternal Server Error$/;

const wrong: readonly Failure[] = [
  { what: 'throws', handler: thrower, answer: plain500, logged: 1 },
  { what: 'rejects', handler: async (ctx) => (await nextTurn(), thrower(ctx)), answer: plain500, logged: 1 },
  {
    what: 'throws after it has set fields',
    handler: (ctx) => thrower(ctx.status(201).header('X-Set', 1)),
    answer: plain500,
    logged: 1,
  },
  {
    what: 'throws an HttpError',
    handler: () => {
      throw new HttpError(404, secret);
    },
    answer: /^HTTP\/1.1 404 [^]*\r\n\r\nNot Found$/,
    logged: 0,
  },
  {
    what: 'gives JSON what JSON has not',
    handler: (ctx) => ctx.json(1n),
    answer: /\r\nContent-Type: text\/plain; charset=utf-8\r\n[^]*\r\n\r\nInternal Server Error$/,
    logged: 1,
  },
  { what: 'answers twice', handler: (ctx) => (ctx.end('once'), ctx.end('twice')), answer: /once$/, logged: 1 },
  {
    what: 'rejects after its end',
    handler: async (ctx) => (ctx.end('once'), thrower(ctx)),
    answer: /once$/,
    logged: 1,
  },
  { what: 'rejects with nothing', handler: () => Promise.reject(), answer: plain500, logged: 1 },
  { what: 'answers twice, later', handler: answersTwiceLater, answer: /once$/, logged: 1 },
  { what: 'writes after its end', handler: (ctx) => (ctx.end('once'), ctx.write('more')), answer: /once$/, logged: 1 },
  {
    what: 'sets a field after its end',
    handler: (ctx) => (ctx.end('once'), ctx.header('A', 'b')),
    answer: /once$/,
    logged: 1,
  },
  {
    what: 'throws in the middle',
    handler: (ctx) => (ctx.write('half'), thrower(ctx)),
    answer: /^(?:HTTP\/1.1 200 [^]*half\r\n)?$/,
    logged: 1,
  },
  {
    what: 'writes more than it announced',
    handler: (ctx) => (ctx.header('Content-Length', 1), ctx.write('12')),
    answer: /^(?:HTTP\/1.1 200 [^]*\r\n\r\n)?$/,
    logged: 1,
  },
  {
    what: 'splits the response by a value',
    handler: (ctx) => ctx.header('A', `b\r\nSet-Cookie: ${secret}`).end(),
    answer: plain500,
    logged: 1,
  },
  {
    what: 'splits it by the words of a status',
    handler: (ctx) => ctx.status(200, 'OK\r\nSet-Cookie: a').end(),
    answer: plain500,
    logged: 1,
  },
  {
    what: 'splits it by a default type',
    handler: (ctx) => ctx.defaultType('text/html\r\nSet-Cookie: a').end('content'),
    answer: plain500,
    logged: 1,
  },
  { what: 'splits it by a name', handler: (ctx) => ctx.header('A: b\r\nC', 'd').end(), answer: plain500, logged: 1 },
  {
    what: 'splits it by a location',
    handler: (ctx) => ctx.redirect(`/\r\nSet-Cookie: a`),
    answer: /\r\nLocation: \/%0D%0ASet-Cookie:%20a\r\n/,
    logged: 0,
  },
  {
    what: 'sets a value that latin1 has not',
    handler: (ctx) => ctx.header('A', '☃').end(),
    answer: plain500,
    logged: 1,
  },
  {
    what: 'sets the framing',
    handler: (ctx) => ctx.header('Transfer-Encoding', 'chunked').end(),
    answer: plain500,
    logged: 1,
  },
  { what: 'sets a status that there is not', handler: (ctx) => ctx.status(1000).end(), answer: plain500, logged: 1 },
  {
    what: 'throws what errorHandler answers',
    handler: thrower,
    options: { errorHandler: (ctx) => ctx.status(502).end('sorry') },
    answer: /^HTTP\/1.1 502 [^]*sorry$/,
    logged: 0,
  },
  {
    what: 'throws, as errorHandler does',
    handler: thrower,
    options: { errorHandler: thrower },
    answer: plain500,
    logged: 1,
  },
];

for (const { what, handler, answer, logged, options } of wrong) {
  test(`a handler that ${what}`, async (t) => {
    const { client, log } = await serve(t, {
      ...options,
      handler: (ctx) => (ctx.path === '/right' ? ctx.end('right') : handler(ctx)),
    });
    const sender = client();
    sender.send(request('GET /', { Connection: 'close' }));
    await sender.closed();
    assert.match(sender.text, answer);
    assert.equal(sender.text.includes(secret), false);
    assert.equal(log.errors.length, logged);
    const another = client();
    another.send(request('GET /right'));
    await another.received(/right$/);
  });
}

async function answersTwiceLater(ctx: Context): Promise<void> {
  await nextTurn();
  ctx.end('once');
  await nextTurn();
  ctx.json({ secret });
}

function thrower(_ctx: Context): never {
  throw new Error(secret);
}
