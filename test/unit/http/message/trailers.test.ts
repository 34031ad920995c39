/** Tests fields after the content, in requests and in responses: RFC 9110, 6.5, and RFC 9112, 7.1.2. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Context, FetchFunction } from '../../../../src/http.ts';
import { CLOSE, PLAIN, close, testExchanges, type Exchange } from '../exchanges.ts';
import { request, serve } from '../helpers.ts';

const get = request('GET /', close);
const CHUNKED = `HTTP/1.1 200 OK\n${PLAIN}Transfer-Encoding: chunked\n`;

/** Returns a request with three bytes of content, and with these fields after it. */
function chunks(trailers: string, fields: Readonly<Record<string, string>> = close): string {
  return `${request('POST /', { ...fields, 'Transfer-Encoding': 'chunked' })}3\r\nabc\r\n0\r\n${trailers}\r\n`;
}

/** Answers with what a handler sees of the trailers. */
function tell(ctx: Context): void {
  const { trailers, headers, body } = ctx;
  ctx.end(`${[...trailers].map((field) => field.join('=')).join(' ')}|${headers.get('x-sum')}|${String(body.bytes)}`);
}

function told(text: string): string {
  return `HTTP/1.1 200 OK\n${PLAIN}Content-Length: ${text.length}\n${CLOSE}${text}`;
}

const exchanges: readonly Exchange[] = [
  {
    what: 'with the trailers of the request, which are not among its headers',
    handler: tell,
    sent: chunks('X-Sum: 3\r\nx-other:  a b \r\nX-Sum: 4\r\n'),
    answer: told('x-sum=3 x-other=a b x-sum=4|null|abc'),
  },
  {
    what: 'with trailers beside a header of the same name',
    handler: tell,
    sent: chunks('X-Sum: 3\r\n', { ...close, 'X-Sum': 'in front' }),
    answer: told('x-sum=3|in front|abc'),
  },
  { what: 'without trailers', handler: tell, sent: chunks(''), answer: told('|null|abc') },
  {
    what: 'without trailers to a request without chunks',
    handler: tell,
    sent: request('POST /', { ...close, 'X-Sum': '1' }, 'abc'),
    answer: told('|1|abc'),
  },
  { what: 'without trailers to a request without body', handler: tell, sent: get, answer: told('|null|') },
  {
    what: 'with trailers that come after a streamed body',
    options: { streamRequestBody: true },
    async handler(ctx) {
      const before = [...ctx.trailers].length;
      const text = await ctx.body.text();
      ctx.end(`${before} ${text} ${ctx.trailers.get('X-SUM')} ${ctx.trailers.has('x-none')}`);
    },
    sent: chunks('X-Sum: 3\r\n'),
    answer: told('0 abc 3 false'),
  },
  {
    what: 'the next request without the trailers of the one before',
    handler: (ctx) => (ctx.path === '/' ? ctx.end('first') : tell(ctx)),
    sent: chunks('X-Sum: 3\r\n', {}) + request('GET /second', close),
    answer: `HTTP/1.1 200 OK\n${PLAIN}Content-Length: 5\n\nfirst${told('|null|')}`,
  },
  {
    what: 'with a trailer that is announced, as it is given before the content',
    handler: (ctx) => ctx.trailer('X-Sum', 3).end('abc'),
    sent: get,
    answer: `${CHUNKED}Trailer: X-Sum\n${CLOSE}3\nabc\n0\nX-Sum: 3\n\n`,
  },
  {
    what: 'with trailers that are announced by name, and one that is not',
    async handler(ctx) {
      ctx.header('Trailer', 'X-Sum, x-when');
      ctx.write('abc');
      await nextTurn();
      ctx.trailer('X-Sum', '3').trailer('x-when', 'now').trailer('X-When', 'later').trailer('X-More', '');
      ctx.end('d');
    },
    sent: get,
    answer: `${CHUNKED}Trailer: X-Sum, x-when\n${CLOSE}3\nabc\n1\nd\n0\nX-Sum: 3\nx-when: now\nX-When: later\nX-More: \n\n`,
  },
  {
    what: 'with a trailer and no content',
    handler: (ctx) => ctx.trailer('X-Sum', 0).end(),
    sent: get,
    answer: `HTTP/1.1 200 OK\n${PLAIN}Transfer-Encoding: chunked\nTrailer: X-Sum\n${CLOSE}0\nX-Sum: 0\n\n`,
  },
  {
    what: 'in chunks where there is a trailer, though the length is said',
    handler: (ctx) => ctx.header('Content-Length', 3).trailer('X-Sum', 3).end('abc'),
    sent: get,
    answer: `${CHUNKED}Trailer: X-Sum\n${CLOSE}3\nabc\n0\nX-Sum: 3\n\n`,
  },
  {
    what: 'with no trailer in HTTP/1.0, which has no chunks',
    handler: (ctx) => ctx.trailer('X-Sum', 3).end('abc'),
    sent: 'GET / HTTP/1.0\r\n\r\n',
    answer: told('abc'),
  },
  {
    what: 'with no trailer to HEAD, as there is no content',
    handler: (ctx) => ctx.trailer('X-Sum', 3).end('abc'),
    sent: request('HEAD /', close),
    answer: `${CHUNKED}Trailer: X-Sum\n${CLOSE}`,
  },
  {
    what: 'with no trailer of a 204',
    handler: (ctx) => ctx.status(204).trailer('X-Sum', 3).end(),
    sent: get,
    answer: `HTTP/1.1 204 No Content\n${CLOSE}`,
  },
];

testExchanges(exchanges);

const fetches: ReadonlyArray<readonly [what: string, fetch: FetchFunction]> = [
  [
    'a string',
    (_request, { context }) => {
      context.trailer('X-Sum', String(context.trailers.get('x-sum')));
      return new Response('abc');
    },
  ],
  [
    'a stream',
    (request, { context }) => {
      context.header('Trailer', 'X-Sum');
      const copied = request.body!.pipeThrough(
        new TransformStream({ flush: () => void context.trailer('X-Sum', String(context.trailers.get('x-sum'))) }),
      );
      return new Response(copied, { headers: { 'content-type': 'text/plain; charset=utf-8', trailer: 'X-Other' } });
    },
  ],
];

for (const [what, fetch] of fetches) {
  test(`a fetch handler has the context for trailers: ${what}`, async (t) => {
    const { client } = await serve(t, { fetch, streamRequestBody: true });
    const sender = client();
    sender.send(chunks('X-Sum: 3\r\n'));
    await sender.closed();
    assert.match(sender.text, /\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n/);
    assert.match(sender.text, /\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: (?:3|null)\r\n\r\n$/);
    if (what === 'a stream') assert.match(sender.text, /X-Sum: 3/);
  });
}

for (const trailer of [
  'Content-Length: 3',
  'Transfer-Encoding: chunked',
  'Host: a',
  'Connection: close',
  'Expect: x',
]) {
  test(`refuses ${trailer} after a body`, async (t) => {
    let handled = 0;
    const { client } = await serve(t, { handler: (ctx) => (handled++, ctx.end()) });
    const sender = client();
    sender.send(chunks(`X-Sum: 3\r\n${trailer}\r\n`));
    await sender.closed();
    assert.match(sender.text, /^HTTP\/1.1 400 /);
    assert.equal(handled, 0);
  });
}

const wrong: ReadonlyArray<readonly [what: string, set: (ctx: Context) => unknown]> = [
  ['a value with a line end', (ctx) => ctx.trailer('X-Sum', '3\r\nX-More: 4')],
  ['a name with a colon', (ctx) => ctx.trailer('X-Sum: 3\r\nX-More', '4')],
  ['no name', (ctx) => ctx.trailer('', '4')],
  ['a value that latin1 has not', (ctx) => ctx.trailer('X-Sum', '☃')],
  ['a name that is announced with a line end', (ctx) => ctx.header('Trailer', 'X-Sum\r\nX-More: 4')],
  ['an announcement that is no name', (ctx) => ctx.header('Trailer', 'X-Sum, X More')],
  ['an empty announcement', (ctx) => ctx.header('Trailer', '')],
  ...(
    'Content-Length Transfer-Encoding Host Connection Trailer TE Upgrade Authorization ' +
    'Set-Cookie WWW-Authenticate Cache-Control Location Vary Content-Type content-encoding'
  )
    .split(' ')
    .flatMap((name): Array<(typeof wrong)[number]> => [
      [`the field ${name}`, (ctx) => ctx.trailer(name, '3')],
      [`an announcement of ${name}`, (ctx) => ctx.header('Trailer', `X-Sum, ${name}`)],
    ]),
];

test('trailers that would inject something, or come too late, throw and send nothing', async (t) => {
  const { client, log } = await serve(t, {
    handler(ctx) {
      if (ctx.path === '/last') return ctx.end();
      const [what, set] = wrong[Number(ctx.query.get('case'))]!;
      assert.throws(() => set(ctx), { code: 'ERR_HTTP_FIELD' }, what);
      ctx.end(ctx.fields?.trailers?.lines ?? '');
    },
  });
  const sender = client();
  for (const index of wrong.keys()) sender.send(request(`GET /?case=${index}`));
  sender.send(request('GET /last', close));
  await sender.closed();
  assert.equal(sender.text.match(/HTTP\/1.1 200 OK/g)?.length, wrong.length + 1);
  assert.deepEqual(log.errors, []);
  assert.doesNotMatch(sender.text, /X-More|Trailer|chunked/);
});

test('a trailer is an error where the response has begun with its length, or is given', async (t) => {
  const { client } = await serve(t, {
    handler(ctx) {
      ctx.header('Content-Length', 3).write('abc');
      assert.throws(() => ctx.trailer('X-Sum', 3), { code: 'ERR_HTTP_FIELD', message: /header\('Trailer'/ });
      ctx.end();
      assert.throws(() => ctx.trailer('X-Sum', 3), { code: 'ERR_HTTP_ANSWERED' });
    },
  });
  const sender = client();
  sender.send(get);
  await sender.closed();
  assert.match(sender.text, /\r\nContent-Length: 3\r\n[^]*\r\n\r\nabc$/);
});

test('a response in chunks that is shorter than it said has no last chunk', async (t) => {
  const { client } = await serve(t, {
    handler: (ctx) => ctx.header('Content-Length', 9).trailer('X-Sum', 3).end('abc'),
  });
  const sender = client();
  sender.send(request('GET /'));
  await sender.closed();
  assert.doesNotMatch(sender.text, /\r\n0\r\n/);
});
