/** The fetch form, with Hono and by itself. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { streamText } from 'hono/streaming';
import type { FetchFunction } from '../../../../src/http.ts';
import { essence, request, resolvers, serve } from '../helpers.ts';

const close = { Connection: 'close' };

interface Case {
  readonly what: string;
  readonly fetch: FetchFunction;
  readonly sent?: string;
  readonly answer: string;
}

const hi = 'Content-Length: 2\nConnection: close\n\nhi';
const text = 'Content-Type: text/plain;charset=UTF-8\n';

const cases: readonly Case[] = [
  { what: 'a string', fetch: () => new Response('hi'), answer: `HTTP/1.1 200 OK\n${text}${hi}` },
  { what: 'a promise', fetch: async () => new Response('hi'), answer: `HTTP/1.1 200 OK\n${text}${hi}` },
  {
    what: 'an empty string, which has a type too',
    fetch: () => new Response(''),
    answer: `HTTP/1.1 200 OK\n${text}Content-Length: 0\nConnection: close\n\n`,
  },
  { what: 'bytes', fetch: () => new Response(Buffer.from('hi')), answer: `HTTP/1.1 200 OK\n${hi}` },
  {
    what: 'nothing',
    fetch: () => new Response(null, { status: 204 }),
    answer: 'HTTP/1.1 204 No Content\nConnection: close\n\n',
  },
  {
    what: 'JSON',
    fetch: () => Response.json([1]),
    answer: 'HTTP/1.1 200 OK\ncontent-type: application/json\nContent-Length: 3\nConnection: close\n\n[1]'.replace(
      'content-type',
      'Content-Type',
    ),
  },
  {
    what: 'status and headers',
    fetch: () =>
      new Response('hi', {
        status: 418,
        headers: [
          ['x-a', '1'],
          ['set-cookie', 'a'],
          ['set-cookie', 'b'],
        ],
      }),
    answer: `HTTP/1.1 418 I'm a Teapot\n${text}x-a: 1\nset-cookie: a\nset-cookie: b\n${hi}`,
  },
  {
    what: 'a status with words of its own',
    fetch: () => new Response('hi', { status: 404, statusText: 'Not Here' }),
    answer: `HTTP/1.1 404 Not Here\n${text}${hi}`,
  },
  {
    what: '500 where they would inject something',
    fetch: () => new Response('hi', { statusText: 'OK\r\nX: y' }),
    answer:
      'HTTP/1.1 500 Internal Server Error\nContent-Type: text/plain; charset=utf-8\nContent-Length: 21\nConnection: close\n\nInternal Server Error',
  },
  {
    what: 'headers that are set later',
    fetch: () => {
      const response = new Response('hi');
      response.headers.set('x-a', '1');
      return response;
    },
    answer: `HTTP/1.1 200 OK\nContent-Type: text/plain;charset=UTF-8\nx-a: 1\n${hi}`,
  },
  {
    what: 'a stream',
    fetch: () =>
      new Response(
        new ReadableStream({
          start(c) {
            c.enqueue(Buffer.from('h'));
            c.enqueue(Buffer.from('i'));
            c.close();
          },
        }),
      ),
    answer: 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nConnection: close\n\n1\nh\n1\ni\n0\n\n',
  },
  {
    what: 'a stream whose length is known',
    fetch: () => new Response(new Blob(['hi']).stream(), { headers: { 'content-length': '2' } }),
    answer: `HTTP/1.1 200 OK\n${hi}`,
  },
  {
    what: 'what the request says',
    fetch: async (r) =>
      Response.json([r.method, r.url, r.headers.get('x-a'), await r.text(), r.bodyUsed, r instanceof Request]),
    sent: request('POST /a/../b?c=%20', { ...close, 'X-A': '1' }, 'body'),
    answer:
      'HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 58\nConnection: close\n\n["POST","http://test/b?c=%20","1","body",true,true]',
  },
  ...(
    [
      ['GET http://other/login?next=/a?b=c', 'http://other/login?next=/a?b=c'],
      ['GET http://other?a', 'http://other/?a'],
      ['GET HTTP://other', 'http://other/'],
      ['OPTIONS *', 'http://test/*'],
      ['GET //other/./a', 'http://test//other/a'],
    ] as const
  ).map(([line, url]) => ({
    what: `the URL of ${line}`,
    fetch: (r: Request) => new Response(r.url),
    sent: request(line, close),
    answer: `HTTP/1.1 200 OK\n${text}Content-Length: ${url.length}\nConnection: close\n\n${url}`,
  })),
  {
    what: 'what another request of it says',
    fetch: async (r) => new Response(await new Request(new Request(r), { headers: { a: 'b' } }).text()),
    sent: request('POST /', close, 'hi'),
    answer: `HTTP/1.1 200 OK\n${text}${hi}`,
  },
  {
    what: '500 when it throws',
    fetch: () => {
      throw new Error('secret');
    },
    answer:
      'HTTP/1.1 500 Internal Server Error\nContent-Type: text/plain; charset=utf-8\nContent-Length: 21\nConnection: close\n\nInternal Server Error',
  },
  {
    what: '500 when it returns no response',
    fetch: () => 'hi' as never,
    answer:
      'HTTP/1.1 500 Internal Server Error\nContent-Type: text/plain; charset=utf-8\nContent-Length: 21\nConnection: close\n\nInternal Server Error',
  },
];

for (const lightGlobals of [true, false]) {
  for (const { what, fetch, sent = request('GET /', close), answer } of cases) {
    test(`fetch answers ${what}${lightGlobals ? '' : ', with the original Response'}`, async (t) => {
      const globals = { Request, Response };
      t.after(() => Object.assign(globalThis, globals));
      const { client } = await serve(t, { fetch, lightGlobals });
      const sender = client();
      sender.send(sent);
      await sender.closed();
      assert.equal(lower(essence(sender.text)), lower(answer));
    });
  }
}

test('a response of another server is passed on', async (t) => {
  const behind = await serve(t, { fetch: () => new Response('hi', { headers: { 'x-a': '1' } }) });
  const { client } = await serve(t, { fetch: async () => fetch(`http://127.0.0.1:${behind.port}/`) });
  const sender = client();
  sender.send(request('GET /', close));
  await sender.closed();
  assert.match(sender.text, /\r\nx-a: 1\r\n[^]*\r\n\r\nhi$/);
});

test('the head of a stream is sent before it has anything, and with its first piece when it has', async (t) => {
  const { promise: seen, resolve: see } = resolvers<string>();
  let isFull = true;
  const { client } = await serve(t, {
    fetch: () =>
      new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(Buffer.from(isFull ? 'full' : await seen));
            controller.close();
          },
        }),
      ),
  });
  const sender = client();
  const pieces: string[] = [];
  sender.socket.on('data', (text: string) => pieces.push(text));
  sender.send(request('GET /'));
  await sender.received(/full\r\n/);
  assert.match(pieces[0]!, /\r\n\r\n4\r\nfull\r\n/);
  isFull = false;
  sender.send(request('GET /', close));
  await sender.received(/\r\n0\r\n\r\nHTTP\/1.1 200 OK\r\n[^]*\r\n\r\n$/);
  see('late');
  await sender.received(/4\r\nlate\r\n0\r\n\r\n$/);
});

test('a stream is not read for HEAD, but cancelled', async (t) => {
  const { promise: cancelled, resolve: cancel } = resolvers<void>();
  const { client } = await serve(t, { fetch: () => new Response(new ReadableStream({ cancel: () => cancel() })) });
  const sender = client();
  sender.send(request('HEAD /', close));
  await Promise.all([sender.closed(), cancelled]);
  assert.match(sender.text, /^HTTP\/1.1 200 OK\r\n[^]*Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n$/);
});

for (const part of ['', 'part']) {
  test(`a client that leaves after ${part.length} of 9 bytes: reading fails with what the signal aborts with`, async (t) => {
    const { promise, resolve } = resolvers<unknown[]>();
    const { client } = await serve(t, {
      streamRequestBody: true,
      async fetch(r) {
        const error: unknown = await r.text().catch((reason: unknown) => reason);
        resolve([error, r.signal.aborted, r.signal.reason]);
        return new Response('late');
      },
    });
    const sender = client();
    sender.send(request('POST /', { 'Content-Length': '9' }) + part);
    await once(sender.socket, 'connect');
    setImmediate(() => sender.socket.destroy());
    const [error, isAborted, reason] = await promise;
    assert.equal(isAborted, true);
    assert.equal(error, reason);
    assert.deepEqual([(error as Error).name, (error as NodeJS.ErrnoException).code], ['AbortError', 'ECONNRESET']);
  });
}

test('a response is changed by making another of it, whoever has made it', async (t) => {
  const { Response: Native } = globalThis;
  t.after(() => void (globalThis.Response = Native));
  const init = { status: 404, statusText: 'Not Here', headers: { 'x-a': '1' } };
  const makes: ReadonlyArray<() => Response> = [() => new Native('of it', init), () => new Response('of it', init)];
  for (const make of makes) {
    const { client } = await serve(t, {
      fetch() {
        const first = make();
        const second = new Response(first.body, first);
        second.headers.set('x-b', '2');
        return second;
      },
    });
    const sender = client();
    sender.send(request('GET /', close));
    await sender.closed();
    assert.match(sender.text, /^HTTP\/1.1 404 Not Here\r\n[^]*\r\nx-a: 1\r\nx-b: 2\r\n[^]*of it/);
  }
});

test('a client that leaves aborts the signal and cancels the stream', async (t) => {
  const { promise: aborted, resolve: onAbort } = resolvers<void>();
  const { promise: cancelled, resolve: cancel } = resolvers<void>();
  const { client } = await serve(t, {
    fetch(r) {
      r.signal.addEventListener('abort', () => onAbort());
      return new Response(
        new ReadableStream({ start: (c) => c.enqueue(Buffer.from('first')), cancel: () => cancel() }),
      );
    },
  });
  const sender = client();
  sender.send(request('GET /'));
  await sender.received(/first/);
  sender.socket.resetAndDestroy();
  await Promise.all([aborted, cancelled]);
});

test('Hono', async (t) => {
  const app = new Hono();
  app.use('/limited', bodyLimit({ maxSize: 3 }));
  app.get('/', (c) => c.text('hello'));
  app.get('/json/:name', (c) => c.json({ name: c.req.param('name'), q: c.req.query('q') }));
  app.get('/html', (c) => c.html('<p>'));
  app.get(
    '/cookie',
    (c) => (c.header('Set-Cookie', 'a=1'), c.header('Set-Cookie', 'b=2', { append: true }), c.body(null, 204)),
  );
  app.post('/echo', async (c) => c.json(await c.req.json()));
  app.post('/form', async (c) => c.json(await c.req.parseBody()));
  app.post('/limited', async (c) => c.text(await c.req.text()));
  app.get('/stream', (c) => streamText(c, async (stream) => void (await stream.write('a'), await stream.write('b'))));
  app.get('/redirect', (c) => c.redirect('/'));
  const { port } = await serve(t, { fetch: (r) => app.fetch(r) });
  const base = `http://127.0.0.1:${port}`;
  const ask = async (path: string, init?: RequestInit): Promise<[number, string]> => {
    const response = await fetch(base + path, { redirect: 'manual', ...init });
    return [response.status, await response.text()];
  };
  const form = new FormData();
  form.set('file', new File(['abc'], 'a.txt'));
  form.set('name', 'ä');
  assert.deepEqual(await ask('/'), [200, 'hello']);
  assert.deepEqual(await ask('/json/x?q=1'), [200, '{"name":"x","q":"1"}']);
  assert.deepEqual(await ask('/html'), [200, '<p>']);
  assert.deepEqual(await ask('/echo', { method: 'POST', body: '{"a":1}' }), [200, '{"a":1}']);
  assert.deepEqual(await ask('/form', { method: 'POST', body: form }), [200, '{"file":{},"name":"ä"}']);
  assert.deepEqual(await ask('/limited', { method: 'POST', body: 'abc' }), [200, 'abc']);
  assert.equal((await ask('/limited', { method: 'POST', body: 'abcd' }))[0], 413);
  assert.deepEqual(await ask('/stream'), [200, 'ab']);
  assert.equal((await ask('/redirect'))[0], 302);
  assert.deepEqual(await ask('/none'), [404, '404 Not Found']);
  const cookies = await fetch(`${base}/cookie`);
  assert.deepEqual(cookies.headers.getSetCookie(), ['a=1', 'b=2']);
});

/** Puts names of fields in lower case, and takes chunks for their content: the original Response has no length. */
function lower(answer: string): string {
  const [head, ...rest] = answer.split('\n\n');
  const body = rest.join('\n\n');
  const isChunked = head!.includes('Transfer-Encoding');
  const content = body.replaceAll(/[\da-f]+\n([^]*?)\n(?=[\da-f]+\n)/g, '$1').replace(/0\n\n$/, '');
  const named = head!.replaceAll(/^[a-z-]+(?=: )/gim, (name) => name.toLowerCase());
  const [status, ...lines] = named.replace(/content-length: \d+|transfer-encoding: chunked/, 'length').split('\n');
  return [status, ...lines.toSorted(), '', isChunked ? content : body].join('\n');
}
