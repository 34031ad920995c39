import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HttpError, type Context } from '../../../../src/http.ts';
import { CLOSE, PLAIN, close, testExchanges, type Exchange } from '../exchanges.ts';
import { request, resolvers, serve } from '../helpers.ts';

const get = request('GET /users?page=2', close);

const exchanges: readonly Exchange[] = [
  {
    what: 'a string',
    handler: (ctx) => ctx.end(`${ctx.method} ${ctx.path} ${ctx.query.get('page')} ${ctx.host}`),
    sent: get,
    answer: `HTTP/1.1 200 OK\n${PLAIN}Content-Length: 17\n${CLOSE}GET /users 2 test`,
  },
  {
    what: 'a string that is not ASCII, as UTF-8',
    handler: (ctx) => ctx.end('Grüße ☃'),
    sent: get,
    answer: `HTTP/1.1 200 OK\n${PLAIN}Content-Length: 11\n${CLOSE}${Buffer.from('Grüße ☃').toString('latin1')}`,
  },
  {
    what: 'bytes',
    handler: (ctx) => ctx.end(new Uint8Array([104, 105])),
    sent: get,
    answer: `HTTP/1.1 200 OK\nContent-Type: application/octet-stream\nContent-Length: 2\n${CLOSE}hi`,
  },
  {
    what: 'JSON, with status and fields',
    handler: (ctx) =>
      ctx.status(201).header('X-A', 1).header('x-a', 2).append('Link', '<a>').append('Link', '<b>').json([1]),
    sent: get,
    answer: `HTTP/1.1 201 Created\nContent-Type: application/json\nx-a: 2\nLink: <a>\nLink: <b>\nContent-Length: 3\n${CLOSE}[1]`,
  },
  {
    what: 'a redirection, whose target is encoded',
    handler: (ctx) => ctx.redirect('/ü b'),
    sent: get,
    answer: `HTTP/1.1 302 Found\nLocation: /%C3%BC%20b\nContent-Length: 0\n${CLOSE}`,
  },
  {
    what: 'to HEAD without content',
    handler: (ctx) => ctx.end('12345'),
    sent: request('HEAD /', close),
    answer: `HTTP/1.1 200 OK\n${PLAIN}Content-Length: 5\n${CLOSE}`,
  },
  {
    what: '204 without content or length',
    handler: (ctx) => ctx.status(204).end('not to be sent'),
    sent: get,
    answer: `HTTP/1.1 204 No Content\n${CLOSE}`,
  },
  {
    what: '304 likewise',
    handler: (ctx) => ctx.status(304).header('ETag', '"a"').end(),
    sent: get,
    answer: `HTTP/1.1 304 Not Modified\nETag: "a"\n${CLOSE}`,
  },
  {
    what: 'in pieces, with a trailer',
    handler: (ctx) => (ctx.write('one'), ctx.write(Buffer.from('two')), ctx.trailer('X-Sum', '6').end('!')),
    sent: get,
    answer: `HTTP/1.1 200 OK\n${PLAIN}Transfer-Encoding: chunked\n${CLOSE}3\none\n3\ntwo\n1\n!\n0\nX-Sum: 6\n\n`,
  },
  {
    what: 'in pieces whose length is known',
    handler: (ctx) => (ctx.header('Content-Length', 6), ctx.write('one'), ctx.write('two'), ctx.end()),
    sent: get,
    answer: `HTTP/1.1 200 OK\n${PLAIN}Content-Length: 6\n${CLOSE}onetwo`,
  },
  {
    what: 'in pieces to HTTP/1.0, until the connection closes',
    handler: (ctx) => (ctx.write('one'), ctx.end('two')),
    sent: 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    answer: `HTTP/1.1 200 OK\n${PLAIN}${CLOSE}onetwo`,
  },
  {
    what: 'a generator, as a stream',
    handler: (ctx) => ctx.stream(['a', 'b']),
    sent: get,
    answer: `HTTP/1.1 200 OK\n${PLAIN}Transfer-Encoding: chunked\n${CLOSE}1\na\n1\nb\n0\n\n`,
  },
  {
    what: 'after early hints',
    handler: (ctx) => (ctx.earlyHints({ Link: '</a.css>; rel=preload' }), ctx.end('x')),
    sent: get,
    answer: `HTTP/1.1 103 Early Hints\nLink: </a.css>; rel=preload\n\nHTTP/1.1 200 OK\n${PLAIN}Content-Length: 1\n${CLOSE}x`,
  },
  {
    what: 'to a body',
    handler: async (ctx) => ctx.end(`${ctx.body.bytes.length} ${await ctx.body.text()}`),
    sent: request('POST /', close, 'name=value'),
    answer: `HTTP/1.1 200 OK\n${PLAIN}Content-Length: 13\n${CLOSE}10 name=value`,
  },
  {
    what: 'to a form',
    handler: async (ctx) => ctx.end((await ctx.body.form()).get('name')!),
    sent: request(
      'POST /',
      { ...close, 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' },
      'name=a+b',
    ),
    answer: `HTTP/1.1 200 OK\n${PLAIN}Content-Length: 3\n${CLOSE}a b`,
  },
  {
    what: '400 to what is not JSON',
    handler: async (ctx) => ctx.json(await ctx.body.json()),
    sent: request('POST /', close, '{'),
    answer: `HTTP/1.1 400 Bad Request\n${PLAIN}Content-Length: 11\n${CLOSE}Bad Request`,
  },
  {
    what: 'to chunks',
    handler: (ctx) => ctx.end(ctx.body.bytes),
    sent: `${request('POST /', { ...close, 'Transfer-Encoding': 'chunked' })}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n`,
    answer: `HTTP/1.1 200 OK\nContent-Type: application/octet-stream\nContent-Length: 5\n${CLOSE}abcde`,
  },
  {
    what: '100 to a client that expects it',
    handler: (ctx) => ctx.end(ctx.body.bytes),
    sent: request('POST /', { ...close, Expect: '100-continue' }, 'abc'),
    answer: `HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nContent-Type: application/octet-stream\nContent-Length: 3\n${CLOSE}abc`,
  },
  {
    what: 'to the absolute form, whose host it has',
    handler: (ctx) => ctx.end(`${ctx.host} ${ctx.path} ${ctx.url}`),
    sent: request('GET http://example.org/a?b', close),
    answer: `HTTP/1.1 200 OK\n${PLAIN}Content-Length: 38\n${CLOSE}example.org /a http://example.org/a?b`.replace(
      '38',
      '37',
    ),
  },
  {
    what: 'to OPTIONS *',
    handler: (ctx) => ctx.end(ctx.path),
    sent: request('OPTIONS *', close),
    answer: `HTTP/1.1 200 OK\n${PLAIN}Content-Length: 1\n${CLOSE}*`,
  },
  {
    what: 'with what cookies say',
    handler: (ctx) => ctx.json([...ctx.cookies]),
    sent: request('GET /', { ...close, Cookie: 'a=1; b="2"; a=3; c=%20; d=%' }),
    answer: `HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 41\n${CLOSE}[["a","1"],["b","2"],["c"," "],["d","%"]]`,
  },
];

testExchanges(exchanges);

test('requests of a pipeline are answered in turn, whichever is ready first', async (t) => {
  const waiting: Context[] = [];
  const { client } = await serve(t, { handler: (ctx) => (ctx.path === '/now' ? ctx.end('now') : waiting.push(ctx)) });
  const { send, received, socket } = bound(client());
  send(request('GET /now') + request('GET /later') + request('GET /now') + request('GET /later') + request('GET /now'));
  await received(/now$/);
  assert.equal(waiting.length, 1);
  waiting[0]!.end('first');
  await received(/first[^]*now$/);
  assert.equal(waiting.length, 2);
  waiting[1]!.end('second');
  await received(/second[^]*now$/);
  socket.end();
});

test('a context that is answered later has kept its request', async (t) => {
  const waiting: Context[] = [];
  const { client } = await serve(t, { handler: (ctx) => void waiting.push(ctx) });
  const first = client();
  first.send(request('GET /first?a=1', { 'X-Name': 'one' }));
  while (waiting.length === 0) await nextTurn();
  const second = client();
  second.send(request('GET /another?b=2', { 'X-Name': 'two' }));
  while (waiting.length === 1) await nextTurn();
  const [ctx] = waiting;
  ctx!.end([ctx!.url, ctx!.query.get('a'), ctx!.headers.get('x-name'), ctx!.headers.has('x-other')].join(' '));
  await first.received(/\/first\?a=1 1 one false$/);
});

const answers: Readonly<Record<string, (ctx: Context) => unknown>> = {
  'at once': (ctx) => ctx.end('done'),
  'at once, by a handler that goes on': async (ctx) => (ctx.end('done'), nextTurn()),
  'in pieces': (ctx) => (ctx.write('do'), ctx.end('ne')),
  'by an error': () => {
    throw new HttpError(404, 'not here');
  },
  'by who has taken the connection': (ctx) => ctx.hijack().socket.end('HTTP/1.1 200 OK\r\n\r\n'),
};

for (const [how, answer] of Object.entries(answers)) {
  for (const connection of ['keep-alive', 'close']) {
    test(`a context that was answered ${how} has kept its request (${connection})`, async (t) => {
      const held: Context[] = [];
      const { client } = await serve(t, { handler: (ctx) => (held.push(ctx), answer(ctx)) });
      for (const name of ['one', 'two']) {
        const sender = client();
        sender.send(request(`GET /${name}?name=${name}`, { Connection: connection, 'X-Name': name }));
        await sender.received(/\r\n\r\n/);
      }
      const [ctx] = held;
      assert.deepEqual(
        [ctx!.url, ctx!.path, ctx!.query.get('name'), ctx!.headers.get('x-name'), ctx!.host],
        ['/one?name=one', '/one', 'one', 'one', 'test'],
      );
    });
  }
}

test('what follows in a pipeline does not change a context that was answered', async (t) => {
  const held: Context[] = [];
  const { client } = await serve(t, { handler: (ctx) => (held.push(ctx), ctx.end(String(held.length))) });
  const sender = client();
  sender.send(request('GET /one', { 'X-Name': 'one' }) + request('GET /two', { 'X-Name': 'two' }));
  await sender.received(/2$/);
  assert.deepEqual(
    held.map((ctx) => `${ctx.url} ${ctx.headers.get('x-name')}`),
    ['/one one', '/two two'],
  );
});

for (const way of ['destroy', 'resetAndDestroy'] as const) {
  test(`a client that leaves (${way}) aborts the signal, and what the handler does then is harmless`, async (t) => {
    const { promise, resolve } = resolvers<Context>();
    const { client, log, server } = await serve(t, { handler: (ctx) => resolve(ctx) });
    const gone = client();
    gone.send(request('GET /'));
    const ctx = await promise;
    const aborted = once(ctx.signal, 'abort');
    gone.socket[way]();
    await aborted;
    ctx.end('too late');
    // The server only knows that the first sends nothing more. That client may still get its answer.
    if (way === 'destroy') assert.throws(() => ctx.end('again'), { code: 'ERR_HTTP_ANSWERED' });
    else ctx.end('again');
    assert.deepEqual([ctx.isAnswered, ctx.isAbandoned], [way === 'destroy', way !== 'destroy']);
    assert.deepEqual(log.errors, []);
    assert.equal(server.listening, true);
  });
}

test('a client that has sent all and closed its half is answered', async (t) => {
  const waiting: Context[] = [];
  const { client } = await serve(t, { handler: (ctx) => void waiting.push(ctx) });
  const half = client();
  half.socket.end(request('GET /'));
  while (waiting.length === 0) await nextTurn();
  await nextTurn();
  waiting[0]!.end('here');
  await half.received(/here$/);
  await half.closed();
});

test('a streamed body ends whenever its handler begins to read, also when its last bytes are more than may wait', async (t) => {
  const handler = async (ctx: Context): Promise<void> => {
    // All that is read without the handler has come.
    for (let before = -1; before !== ctx.socket.bytesRead;) {
      before = ctx.socket.bytesRead;
      for (let turn = 0; turn < 50; turn++) await nextTurn();
    }
    const { length } = await ctx.body.buffer();
    ctx.end(String(length));
  };
  const sizes = [65_536, 65_537, 100_000, 131_072, 131_073];
  const framings = [{}, { 'Transfer-Encoding': 'chunked' }];
  const { client } = await serve(t, { handler, streamRequestBody: true, readTimeout: 2000 });
  for (const size of sizes) {
    for (const framing of framings) {
      const content = 'x'.repeat(size);
      const isChunked = 'Transfer-Encoding' in framing;
      const head = request('POST /', isChunked ? framing : { 'Content-Length': String(size) });
      const body = isChunked ? `${size.toString(16)}\r\n${content}\r\n0\r\n\r\n` : content;
      const sender = client();
      sender.send(head);
      sender.send(body);
      await sender.received(/\r\n\r\n\d*$/);
      assert.match(
        sender.text,
        new RegExp(`^HTTP/1.1 200 [^]*\r\n\r\n${size}$`),
        `${size} bytes, ${JSON.stringify(framing)}`,
      );
      sender.socket.destroy();
    }
  }
});

test('a body is streamed when asked for, and not read faster than it is taken', async (t) => {
  const size = 8 * 1024 * 1024;
  const { promise, resolve } = resolvers<Context>();
  const { client } = await serve(t, {
    handler: (ctx) => resolve(ctx),
    streamRequestBody: true,
    maxRequestBodySize: size,
  });
  const sender = client();
  sender.send(request('PUT /', { 'Content-Length': String(size) }));
  const ctx = await promise;
  const isTaken = sender.socket.write(Buffer.alloc(size));
  assert.equal(isTaken, false);
  // This waits as long as the kernel takes something.
  for (let before = -1; before !== sender.socket.bytesWritten - sender.socket.writableLength;) {
    before = sender.socket.bytesWritten - sender.socket.writableLength;
    for (let turn = 0; turn < 50; turn++) await nextTurn();
  }
  assert.ok(ctx.body.waiting < 256 * 1024, `${ctx.body.waiting} bytes wait`);
  let sum = 0;
  for await (const piece of ctx.body) sum += piece.length;
  ctx.end(String(sum));
  await sender.received(new RegExp(`${size}$`));
});

test('a response is written as fast as the client takes it', async (t) => {
  const { promise, resolve } = resolvers<Context>();
  const { client } = await serve(t, { handler: (ctx) => resolve(ctx) });
  const reader = client();
  reader.socket.pause();
  reader.send(request('GET /', { Connection: 'close' }));
  const ctx = await promise;
  const piece = Buffer.alloc(64 * 1024, 'x');
  let written = 0;
  while (ctx.write(piece)) written++;
  let isDrained = false;
  const drained = ctx.drained().then(() => (isDrained = true));
  await nextTurn();
  assert.equal(isDrained, false);
  reader.socket.resume();
  await drained;
  ctx.end();
  await reader.closed();
  assert.ok(reader.text.length > written * piece.length);
});

function bound(client: ReturnType<Awaited<ReturnType<typeof serve>>['client']>) {
  return {
    send: (text: string) => client.send(text),
    received: (pattern: RegExp) => client.received(pattern),
    socket: client.socket,
  };
}
