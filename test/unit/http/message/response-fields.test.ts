/**
 * Tests the fields of responses: none is lost, none is another than the one that was looked at, and the status has its
 * say.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Context, FetchFunction } from '../../../../src/http.ts';
import { CLOSE, PLAIN, close, testExchanges, type Exchange } from '../exchanges.ts';
import { essence, request, serve } from '../helpers.ts';

const get = request('GET /', close);
const NONE = `Content-Length: 0\n${CLOSE}`;

const exchanges: readonly Exchange[] = [
  {
    what: 'a list of values, as many fields',
    handler: (ctx) => ctx.header('Link', ['<a>', '<b>']).append('Vary', ['a', 'b']).append('vary', 'c').end(),
    sent: get,
    answer: `HTTP/1.1 200 OK\nLink: <a>\nLink: <b>\nVary: a\nVary: b\nvary: c\n${NONE}`,
  },
  {
    what: 'a list in place of what was before, and an empty one in place of that',
    handler: (ctx) => ctx.header('A', '1').header('a', ['2', '3']).header('B', '1').header('b', []).end(),
    sent: get,
    answer: `HTTP/1.1 200 OK\na: 2\na: 3\n${NONE}`,
  },
  {
    what: 'one length that was said twice',
    handler: (ctx) => ctx.append('Content-Length', 2).append('content-length', '2').end('ab'),
    sent: get,
    answer: `HTTP/1.1 200 OK\n${PLAIN}Content-Length: 2\n${CLOSE}ab`,
  },
  {
    what: 'early hints of a list',
    handler: (ctx) => (ctx.earlyHints({ link: ['<a>', '<b>'], x: 'y' }), ctx.end()),
    sent: get,
    answer: `HTTP/1.1 103 Early Hints\nlink: <a>\nlink: <b>\nx: y\n\nHTTP/1.1 200 OK\n${NONE}`,
  },
  {
    what: '205 with the length 0, whatever is given',
    handler: (ctx) => ctx.status(205).type('text/plain').header('Content-Length', 3).end('abc'),
    sent: get,
    answer: `HTTP/1.1 205 Reset Content\nContent-Type: text/plain\n${NONE}`,
  },
  {
    what: '205 to HEAD likewise',
    handler: (ctx) => ctx.status(205).header('Content-Length', 3).end('abc'),
    sent: request('HEAD /', close),
    answer: `HTTP/1.1 205 Reset Content\n${NONE}`,
  },
  {
    what: '205 in pieces likewise, without trailers',
    handler: (ctx) => (ctx.status(205).write('abc'), ctx.trailer('X-Sum', '1').end('d')),
    sent: get,
    answer: `HTTP/1.1 205 Reset Content\n${NONE}`,
  },
  {
    what: '205 with a trailer before its content likewise',
    handler: (ctx) => ctx.status(205).trailer('X-Sum', '1').end('d'),
    sent: get,
    answer: `HTTP/1.1 205 Reset Content\n${NONE}`,
  },
];

testExchanges(exchanges);

const refused: ReadonlyArray<readonly [what: string, handler: (ctx: Context) => unknown]> = [
  ['two lengths', (ctx) => ctx.append('Content-Length', 1).append('Content-Length', 2).end()],
  ['lengths that are joined', (ctx) => ctx.header('Content-Length', '2, 2').end()],
  ['a length that is no decimal number', (ctx) => ctx.header('Content-Length', '0x2').end()],
  ['a list with a line end in it', (ctx) => ctx.header('A', ['b', 'c\r\nD: e']).end()],
  ['a list of transfer codings', (ctx) => ctx.header('Transfer-Encoding', ['chunked']).end()],
  ['a name that is no text', (ctx) => ctx.header(twice('A', 'B\r\nC') as never, 'b').end()],
];

for (const [what, handler] of refused) {
  test(`500 for ${what}`, async (t) => {
    const { client } = await serve(t, { handler });
    const sender = client();
    sender.send(get);
    await sender.closed();
    assert.match(sender.text, /^HTTP\/1.1 500 /);
  });
}

/** Makes an object that is one text when it is checked, and another when it is used. */
function twice(first: string, second: string): object {
  let asked = 0;
  return { toString: () => (asked++ === 0 ? first : second) };
}

const takers: Readonly<Record<string, (ctx: Context, value: never) => Context>> = {
  header: (ctx, value) => ctx.header('X-A', value),
  append: (ctx, value) => ctx.append('X-A', value),
  list: (ctx, value) => ctx.header('X-A', [value]),
  'content-type': (ctx, value) => ctx.header('Content-Type', value),
  type: (ctx, value) => ctx.type(value),
  defaultType: (ctx, value) => ctx.defaultType(value),
  reason: (ctx, value) => ctx.status(200, value),
  trailer: (ctx, value) => ctx.trailer('X-A', value),
  Trailer: (ctx, value) => ctx.header('Trailer', value),
  connection: (ctx, value) => ctx.header('Connection', value),
  date: (ctx, value) => ctx.header('Date', value),
};

for (const [what, take] of Object.entries(takers)) {
  test(`what is checked is what is sent: ${what}`, async (t) => {
    const { client } = await serve(t, {
      handler: (ctx) => take(ctx, twice('close', 'close\r\nX-Evil: 1') as never).end('content'),
    });
    const sender = client();
    sender.send(get);
    await sender.closed();
    assert.doesNotMatch(sender.text, /X-Evil/);
  });
}

const several: ReadonlyArray<readonly [what: string, init: () => ConstructorParameters<typeof Response>[1]]> = [
  [
    'pairs',
    () => ({
      headers: [
        ['link', '<a>'],
        ['Link', '<b>'],
        ['vary', 'a'],
        ['Vary', 'b'],
        ['set-cookie', 'a'],
        ['Set-Cookie', 'b'],
      ],
    }),
  ],
  ['an object whose names differ by case', () => ({ headers: { link: '<a>', Link: '<b>', Vary: 'a', vary: 'b' } })],
  [
    'Headers',
    () => ({
      headers: new Headers([
        ['link', '<a>'],
        ['Link', '<b>'],
        ['vary', 'a'],
        ['Vary', 'b'],
      ]),
    }),
  ],
  [
    'nine pairs',
    () => ({
      headers: [
        ...Array.from({ length: 9 }, (_, n): [string, string] => [`x-${n}`, 'y']),
        ['link', '<a>'],
        ['link', '<b>'],
        ['vary', 'a'],
        ['vary', 'b'],
      ],
    }),
  ],
];

for (const lightGlobals of [true, false]) {
  for (const [what, init] of several) {
    const name = `repeated fields of ${what} are combined, and cookies repeated${lightGlobals ? '' : ', with original globals'}`;
    test(name, async (t) => {
      const globals = { Request, Response, fetch };
      t.after(() => Object.assign(globalThis, globals));
      const handler: FetchFunction = () => new Response('a', init());
      const { client } = await serve(t, { fetch: handler, lightGlobals });
      const sender = client();
      sender.send(get);
      await sender.closed();
      const lines = sender.text.split('\r\n');
      const named = (field: string): string[] =>
        lines.filter((line) => line.toLowerCase().startsWith(`${field}: `)).map((line) => line.slice(field.length + 2));
      assert.deepEqual(named('link'), ['<a>, <b>']);
      assert.deepEqual(named('vary'), ['a, b']);
      assert.deepEqual(named('set-cookie'), what === 'pairs' ? ['a', 'b'] : []);
    });
  }
}

test('a response that its handler has read is 500, not an empty one', async (t) => {
  const globals = { Request, Response, fetch };
  t.after(() => Object.assign(globalThis, globals));
  const { client, log } = await serve(t, {
    async fetch() {
      const response = new Response('a');
      await response.text();
      return response;
    },
  });
  const sender = client();
  sender.send(get);
  await sender.closed();
  assert.match(sender.text, /^HTTP\/1.1 500 /);
  assert.equal(log.errors.length, 1);
});

test('a type that a fetch handler has taken out is not put back', async (t) => {
  const globals = { Request, Response, fetch };
  t.after(() => Object.assign(globalThis, globals));
  const { client } = await serve(t, {
    fetch() {
      const response = new Response('a');
      response.headers.delete('content-type');
      return response;
    },
  });
  const sender = client();
  sender.send(get);
  await sender.closed();
  assert.equal(essence(sender.text), `HTTP/1.1 200 OK\nContent-Length: 1\n${CLOSE}a`);
});

test('416 says how long the file is', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'prefork-range-'));
  t.after(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'a.txt'), '0123456789');
  const { client } = await serve(t, { handler: (ctx) => ctx.file(ctx.path, { root }) });
  const sender = client();
  sender.send(request('GET /a.txt', { ...close, Range: 'bytes=20-' }));
  await sender.closed();
  assert.match(sender.text, /^HTTP\/1.1 416 [^]*\r\nContent-Range: bytes \*\/10\r\n[^]*\r\n\r\nRange Not Satisfiable$/);
});

test('HTTP/1.0 is answered, not upgraded', async (t) => {
  const { server, client } = await serve(t, { handler: (ctx) => ctx.end('plain') });
  server.on('upgrade', () => assert.fail('upgraded'));
  const sender = client();
  sender.send('GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
  await sender.closed();
  assert.match(sender.text, /plain$/);
});
