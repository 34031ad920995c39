/** Tests each limit of what a client can make the server do, wait for and hold, from outside. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { Context, ServerOptions } from '../../../../src/http.ts';
import { settingsTable } from '../../../../src/http/server/settings.ts';
import { certificate } from '../../../support/paths.ts';
import { close } from '../exchanges.ts';
import { listen } from '../../worker/helpers.ts';
import { Client, request, resolvers, serve } from '../helpers.ts';

interface Refusal {
  readonly what: string;
  readonly options?: ServerOptions;
  readonly sent: string;
  readonly status: number;
}

const chunked = { 'Transfer-Encoding': 'chunked' };
const large = 'x'.repeat(20_000);

const refusals: readonly Refusal[] = [
  { what: 'a head larger than readBufferSize', sent: request('GET /', { A: large }), status: 431 },
  { what: 'a name of a field without end', sent: `GET / HTTP/1.1\r\n${large}`, status: 431 },
  { what: 'a target longer than readBufferSize', sent: `GET /${large}`, status: 414 },
  { what: 'a method without end', sent: large, status: 431 },
  {
    what: 'more fields than maxFields',
    options: { maxFields: 3 },
    sent: `GET / HTTP/1.1\r\n${'a:\r\n'.repeat(4)}`,
    status: 431,
  },
  {
    what: 'an announced body larger than the limit',
    options: { maxRequestBodySize: 9 },
    sent: request('POST /', {}, large),
    status: 413,
  },
  {
    what: 'chunks larger than the limit',
    options: { maxRequestBodySize: 9 },
    sent: `${request('POST /', chunked)}9\r\n123456789\r\n1\r\n1`,
    status: 413,
  },
  {
    what: 'bodies larger than maxBodyMemory',
    options: { maxBodyMemory: 9 },
    sent: request('POST /', {}, '1234567890'),
    status: 503,
  },
  { what: 'chunk extensions without end', sent: `${request('POST /', chunked)}1;${large}`, status: 413 },
  { what: 'a chunk size without end', sent: `${request('POST /', chunked)}${'f'.repeat(17)}`, status: 400 },
  {
    what: 'zeros without end before a chunk size',
    sent: `${request('POST /', chunked)}${'0'.repeat(17_000)}`,
    status: 413,
  },
  {
    what: 'blanks without end after a chunk size',
    sent: `${request('POST /', chunked)}1${' '.repeat(17_000)}`,
    status: 413,
  },
  {
    what: 'trailers without end',
    sent: `${request('POST /', chunked)}0\r\n${`a: ${'b'.repeat(900)}\r\n`.repeat(20)}`,
    status: 431,
  },
  {
    what: 'more trailers than maxFields',
    options: { maxFields: 3 },
    sent: `${request('POST /', chunked)}0\r\n${'a:\r\n'.repeat(4)}`,
    status: 431,
  },
  { what: 'two hosts', sent: 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', status: 400 },
  { what: 'no host', sent: 'GET / HTTP/1.1\r\n\r\n', status: 400 },
  { what: 'a host with a path', sent: request('GET /', { Host: 'a/b' }), status: 400 },
  { what: 'both lengths', sent: request('POST /', { ...chunked, 'Content-Length': '3' }, 'abc'), status: 400 },
  { what: 'chunked in HTTP/1.0', sent: 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', status: 400 },
  { what: 'another expectation', sent: request('POST /', { Expect: 'more' }, 'abc'), status: 417 },
  {
    what: 'an expectation that continueHandler refuses',
    options: { continueHandler: () => false },
    sent: request('POST /', { Expect: '100-continue' }, 'abc'),
    status: 417,
  },
  { what: 'POST with getOnly', options: { getOnly: true }, sent: request('POST /'), status: 405 },
  { what: 'CONNECT that nobody listens to', sent: request('CONNECT a:1'), status: 501 },
  { what: 'HTTP/2', sent: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', status: 501 },
  { what: 'HTTP/3.1', sent: 'GET / HTTP/3.1\r\n\r\n', status: 505 },
  {
    what: 'the rest of a request in readTimeout',
    options: { readTimeout: 40 },
    sent: 'GET / HTTP/1.1\r\nHost: a\r\n',
    status: 408,
  },
  {
    what: 'the rest of a body in readTimeout',
    options: { readTimeout: 40 },
    sent: request('POST /', { 'Content-Length': '9' }, 'abc'),
    status: 408,
  },
];

for (const { what, options, sent, status } of refusals) {
  test(`${status} for ${what}`, async (t) => {
    let handled = 0;
    const { client } = await serve(t, { handler: (ctx) => (handled++, ctx.end()), ...options });
    const sender = client();
    sender.send(sent);
    await sender.closed();
    assert.match(
      sender.text,
      new RegExp(`^HTTP/1.1 ${status} [^]*\r\nContent-Length: 0\r\nConnection: close\r\n\r\n$`),
    );
    assert.equal(handled, 0);
  });
}

test('headerReceived may allow one request more, or less', async (t) => {
  const headerReceived = (ctx: Context) => ({ maxRequestBodySize: ctx.path === '/upload' ? 100 : 1 });
  const { client } = await serve(t, { headerReceived, maxRequestBodySize: 10, handler: (ctx) => ctx.end('ok') });
  const sender = client();
  sender.send(request('POST /upload', {}, 'x'.repeat(100)));
  await sender.received(/ok$/);
  sender.send(request('POST /', {}, 'xx'));
  await sender.closed();
  assert.match(sender.text, /HTTP\/1.1 413 /);
});

test('0 is no limit', async (t) => {
  const limits = Object.entries(settingsTable).filter(([, { default: value, least }]) => value !== 0 && least === 0);
  const numbers = limits.filter(([, { default: value }]) => typeof value === 'number');
  const none = Object.fromEntries(numbers.map(([name]) => [name, 0]));
  const { client } = await serve(t, { ...none, handler: (ctx) => ctx.end(String(ctx.body.bytes.length)) });
  const sender = client();
  sender.send(request('POST /', {}, 'x'.repeat(5_000_000)) + request('POST /', close, large));
  await sender.closed();
  assert.match(sender.text, /\r\n\r\n5000000HTTP[^]*\r\n\r\n20000$/);
});

test('a connection that sends nothing is closed after idleTimeout, before and between requests', async (t) => {
  const { client } = await serve(t, { handler: (ctx) => ctx.end('ok'), idleTimeout: 500 });
  const silent = client();
  await silent.closed();
  assert.equal(silent.text, '');
  const after = client();
  after.send(request('GET /'));
  await after.closed();
  assert.match(after.text, /ok$/);
});

test('empty lines do not keep a connection from idleTimeout', async (t) => {
  const { client } = await serve(t, { handler: (ctx) => ctx.end('ok'), idleTimeout: 100 });
  const idler = client();
  const timer = setInterval(() => idler.send('\r\n'), 10);
  await idler.closed();
  clearInterval(timer);
});

test('a request that comes byte by byte is cut at readTimeout, counted from its first', async (t) => {
  const { client } = await serve(t, { handler: (ctx) => ctx.end('ok'), readTimeout: 100 });
  const slow = client();
  slow.send('GET / HTTP/1.1\r\nHost: a\r\nX: ');
  const timer = setInterval(() => slow.send('y'), 10);
  await slow.closed();
  clearInterval(timer);
  assert.match(slow.text, /^HTTP\/1.1 408 /);
});

/** A time that no test comes near. */
const LONG_MS = 60_000;

const overTwoParts: ReadonlyArray<readonly [what: string, options: ServerOptions, first: string, status: number]> = [
  ['readTimeout', { readTimeout: 2000 }, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n', 408],
  [
    'readTimeout, with a body that is streamed',
    { readTimeout: 2000, streamRequestBody: true },
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n',
    408,
  ],
  [
    'the readTimeout of headerReceived',
    { readTimeout: LONG_MS, headerReceived: () => ({ readTimeout: 2000 }) },
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n',
    408,
  ],
  ['handlerTimeout, whose client ends its side', { handlerTimeout: 2000 }, request('GET /'), 503],
];

test('a timeout does not begin anew with the second part of what it is for', async (t) => {
  const handler = (ctx: Context): unknown => (ctx.method === 'POST' ? ctx.body.buffer() : undefined);
  const cut = overTwoParts.map(async ([what, options, first, status]) => {
    const { client } = await serve(t, { handler, ...options });
    const slow = client();
    slow.send(first);
    await delay(1700);
    if (status === 408) slow.send('\r\n');
    else slow.socket.end();
    const began = performance.now();
    await slow.closed();
    assert.match(slow.text, new RegExp(`^HTTP/1.1 ${status} `), what);
    const more = performance.now() - began;
    // The clock goes by half seconds.
    assert.ok(more < 1400, `${what}: ${more} ms more`);
  });
  await Promise.all(cut);
});

test('a head in one piece: readTimeout counts from it, and headerReceived may take the limit away, or give one', async (t) => {
  for (const [readTimeout, changed, isCut] of [
    [100, LONG_MS, false],
    [100, 0, false],
    [0, 100, true],
    [100, undefined, true],
  ] as const) {
    const headerReceived = (): { readTimeout?: number } => (changed === undefined ? {} : { readTimeout: changed });
    const { client } = await serve(t, { readTimeout, headerReceived, handler: (ctx) => ctx.end('ok') });
    const slow = client();
    slow.send(request('POST /', { 'Content-Length': '3' }, 'ab'));
    await (isCut ? slow.closed() : delay(300));
    slow.send('c');
    await slow.received(isCut ? /^HTTP\/1.1 408 / : /ok$/);
  }
});

test('a client that does not read is cut at writeTimeout', async (t) => {
  const { promise, resolve } = resolvers<Context>();
  const { client, server } = await serve(t, { writeTimeout: 60, handler: (ctx) => resolve(ctx) });
  const slow = client();
  slow.socket.pause();
  slow.send(request('GET /'));
  const ctx = await promise;
  const closed = once(ctx.socket, 'close');
  while (ctx.write(Buffer.alloc(65_536))) await nextTurn();
  await closed;
  assert.equal(ctx.signal.aborted, true);
  assert.equal(server.listening, true);
});

test('a client that pipelines and does not read makes its next request wait', async (t) => {
  const counts = { handled: 0 };
  const content = 'x'.repeat(100_000);
  const { client } = await serve(t, { handler: (ctx) => (counts.handled++, ctx.end(content)) });
  const greedy = client();
  greedy.socket.pause();
  const many = 2000;
  greedy.send(request('GET /').repeat(many));
  for (let before = -1; before !== counts.handled;) {
    before = counts.handled;
    for (let turn = 0; turn < 50; turn++) await nextTurn();
  }
  // The kernel's buffers take some megabytes, and no more.
  assert.ok(counts.handled < many / 4, `${counts.handled} of ${many} were answered`);
  greedy.socket.resume();
  while (counts.handled < many) await once(greedy.socket, 'data');
});

test('what a client sends while its request is answered is held up to a limit, then not read', async (t) => {
  const { promise, resolve } = resolvers<Context>();
  let handled = 0;
  const { client } = await serve(t, {
    handler: (ctx) => (handled++ === 0 ? resolve(ctx) : ctx.end(handled === many ? 'last' : 'ok')),
  });
  const many = 20_000;
  const sender = client();
  sender.send(request('GET /').repeat(many));
  const ctx = await promise;
  for (let before = -1; before !== ctx.socket.bytesRead;) {
    before = ctx.socket.bytesRead;
    for (let turn = 0; turn < 50; turn++) await nextTurn();
  }
  assert.ok(ctx.socket.bytesRead <= 2 * 64 * 1024, `${ctx.socket.bytesRead} bytes were read`);
  ctx.end('first');
  await sender.received(/last$/);
  assert.equal(handled, many);
});

test('a handler that does not answer is 503 after handlerTimeout, and logged once', async (t) => {
  const waiting: Context[] = [];
  const { client, log } = await serve(t, { handlerTimeout: 40, handler: (ctx) => void waiting.push(ctx) });
  const patient = client();
  patient.send(request('GET /'));
  await patient.closed();
  assert.match(patient.text, /^HTTP\/1.1 503 /);
  assert.equal(log.errors.length, 1);
  assert.equal(waiting[0]!.signal.aborted, true);
  waiting[0]!.end('late');
  assert.deepEqual([waiting[0]!.isAnswered, waiting[0]!.isAbandoned], [false, true]);
  assert.equal(log.errors.length, 1);
});

test('a body that the handler does not read is skipped when short, and ends the connection when long', async (t) => {
  const options: ServerOptions = { streamRequestBody: true, handler: (ctx) => ctx.end('ok'), maxRequestBodySize: 1e9 };
  const { client } = await serve(t, options);
  const short = client();
  short.send(request('POST /', {}, 'x'.repeat(1000)) + request('POST /', {}, 'x'.repeat(1000)));
  await short.received(/ok[^]*ok$/);
  const long = client();
  long.send(request('POST /', { 'Content-Length': '1000000000' }));
  const timer = setInterval(() => long.send('x'.repeat(100_000)), 1);
  await long.closed();
  clearInterval(timer);
  assert.match(long.text, /ok$/);
});

test('concurrency and maxConnsPerIP refuse what is too much, and count what has left', async (t) => {
  for (const [options, status] of [
    [{ concurrency: 1 }, 503],
    [{ maxConnsPerIP: 1 }, 429],
  ] as const) {
    const { client } = await serve(t, { handler: (ctx) => ctx.end('ok'), ...options });
    const first = client();
    first.send(request('GET /'));
    await first.received(/ok$/);
    const second = client();
    await second.closed();
    assert.match(second.text, new RegExp(`^HTTP/1.1 ${status} `));
    first.socket.destroy();
    await first.closed();
    let third = client();
    for (third.send(request('GET /')); ; third.send(request('GET /'))) {
      await Promise.race([third.received(/ok$|^HTTP\/1.1 (?:503|429)/), third.closed()]);
      if (third.text.endsWith('ok')) break;
      third = client();
    }
  }
});

test('maxConnsPerIP counts a /64 of IPv6 as one client, and IPv4 in its notation as IPv4', async (t) => {
  const { server } = await serve(t, { maxConnsPerIP: 1, handler: (ctx) => ctx.end('ok') });
  const addresses = [
    '2001:db8::1',
    '2001:db8::2:0:0:1',
    '2001:db8:0:1::1',
    '::ffff:192.0.2.1',
    '192.0.2.1',
    '192.0.2.2',
  ];
  let next = 0;
  const front = createServer((socket) => {
    Object.defineProperty(socket, 'remoteAddress', { value: addresses[next++] });
    server.emit('connection', socket);
  });
  const port = await listen(t, front);
  const statuses: string[] = [];
  for (const address of addresses) {
    const one = new Client(t, port);
    one.send(request('GET /'));
    await one.received(/^HTTP\/1.1 (\d+) /);
    statuses.push(`${address} ${one.text.slice(9, 12)}`);
  }
  const expected = [200, 429, 200, 200, 429, 200].map((status, nth) => `${addresses[nth]} ${status}`);
  assert.deepEqual(statuses, expected);
});

test('maxRequestsPerConn, maxKeepaliveDuration and disableKeepalive end a connection with its response', async (t) => {
  for (const [options, expected] of [
    [{ maxRequestsPerConn: 2 }, 2],
    [{ disableKeepalive: true }, 1],
  ] as const) {
    const { client } = await serve(t, { handler: (ctx) => ctx.end('ok'), ...options });
    const sender = client();
    sender.send(request('GET /').repeat(5));
    await sender.closed();
    assert.equal(sender.text.match(/ 200 OK/g)?.length, expected);
    assert.equal(sender.text.match(/Connection: close/g)?.length, 1);
  }
});

test('a handler that takes a body slowly does not make its client one that is slow', async (t) => {
  const { promise, resolve } = resolvers<Context>();
  const readTimeout = 1500;
  const options: ServerOptions = { streamRequestBody: true, readTimeout, handlerTimeout: 60_000 };
  const { client } = await serve(t, { ...options, handler: (ctx) => resolve(ctx) });
  const sender = client();
  sender.send(request('POST /', {}, 'x'.repeat(1_000_000)));
  const ctx = await promise;
  await delay(readTimeout + 700);
  let size = 0;
  for await (const piece of ctx.body) size += piece.length;
  ctx.end(String(size));
  await sender.received(/\r\n\r\n1000000$/);
});

test('headerReceived may answer before a body is sent, which is then not asked for, and nothing after it read', async (t) => {
  const { client } = await serve(t, {
    headerReceived(ctx) {
      ctx.status(403).end('no');
      return undefined;
    },
    handler: (ctx) => ctx.end('handled'),
  });
  const sender = client();
  sender.send(request('POST /', { Expect: '100-continue', 'Content-Length': '3' }));
  await sender.received(/^HTTP\/1.1 403 [^]*\r\nConnection: close\r\n\r\nno$/);
  // The server cannot tell whether the client sends the body all the same, or its next request.
  sender.send(`abc${request('GET /')}`);
  await sender.closed();
  assert.equal(sender.text.includes('handled'), false);
});

const early: ReadonlyArray<readonly [what: string, sent: string, closes: boolean]> = [
  ['a short body that is to come', request('POST /', { 'Content-Length': '1000' }), false],
  ['a long one', request('POST /', { 'Content-Length': '1000000' }), true],
  ['one whose length is not known', request('POST /', { 'Transfer-Encoding': 'chunked' }), true],
  ['one that has come', request('POST /', { 'Content-Length': '3' }, 'abc'), false],
  ['one that was asked for', request('POST /', { 'Content-Length': '3', Expect: '100-continue' }), false],
  ['none', request('GET /'), false],
];

for (const [what, sent, closes] of early) {
  for (const how of ['end', 'stream'] as const) {
    test(`a response (${how}) before ${what} ${closes ? 'says' : 'does not say'} Connection: close`, async (t) => {
      const { client } = await serve(t, {
        streamRequestBody: true,
        maxRequestBodySize: 1e9,
        handler: (ctx) => (how === 'end' ? ctx.end('ok') : (ctx.write('o'), ctx.end('k'))),
      });
      const sender = client();
      sender.send(sent);
      await sender.received(how === 'end' ? /ok$/ : /\r\n0\r\n\r\n$/);
      assert.equal(/\r\nConnection: close\r\n/.test(sender.text), closes);
      if (closes) await sender.closed();
    });
  }
}

test('a response that begins while its body is read does not say Connection: close', async (t) => {
  const { client } = await serve(t, { streamRequestBody: true, handler: (ctx) => ctx.stream(ctx.body) });
  const sender = client();
  sender.send(`${request('POST /', { 'Transfer-Encoding': 'chunked' })}3\r\nabc\r\n`);
  await sender.received(/3\r\nabc\r\n$/);
  sender.send('0\r\n\r\n');
  await sender.received(/\r\n0\r\n\r\n$/);
  assert.doesNotMatch(sender.text, /Connection: close/);
});

test('connections over TLS that do not begin their handshake count, and are closed at readTimeout', async (t) => {
  const tls = { key: readFileSync(certificate.TLS_KEY), cert: readFileSync(certificate.TLS_CERT) };
  const { port } = await serve(t, { tls, concurrency: 1, readTimeout: 200, handler: (ctx) => ctx.end() });
  const silent = new Client(t, port);
  await once(silent.socket, 'connect');
  const second = new Client(t, port);
  await second.closed();
  assert.equal(silent.socket.destroyed, false);
  await silent.closed();
});

test('connections over TLS count for maxConnsPerIP from when they are accepted until they close, each once', async (t) => {
  const tls = { key: readFileSync(certificate.TLS_KEY), cert: readFileSync(certificate.TLS_CERT) };
  const reasons: string[] = [];
  const { server, port, client } = await serve(t, {
    tls,
    maxConnsPerIP: 2,
    readTimeout: 300,
    onRefused: (reason) => void reasons.push(reason),
    handler: (ctx) => ctx.end('ok'),
  });
  server.on('upgrade', (_request, socket: Socket) => void socket.end('bye'));
  const plain = (): Client => new Client(t, port);
  const accepted = async (one: Client): Promise<Client> => {
    await once(server, 'connection');
    return one;
  };
  const open = (): Promise<number> =>
    new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
  /** All places are free: two are served, and a third one is reset before its handshake. */
  const areFree = async (): Promise<void> => {
    while ((await open()) > 0) await delay(5);
    reasons.length = 0;
    const both = [client(), client()];
    for (const one of both) {
      one.send(request('GET /'));
      await one.received(/ok$/);
    }
    const third = client();
    await third.closed();
    assert.equal(third.text, '');
    assert.deepEqual(reasons, ['more connections of one client than maxConnsPerIP allows']);
    for (const one of both) one.socket.destroy();
    while ((await open()) > 0) await delay(5);
  };
  const silent = [await accepted(plain()), await accepted(plain())];
  const third = plain();
  await third.closed();
  assert.deepEqual(
    silent.map((one) => one.socket.destroyed),
    [false, false],
  );
  // The handshake times out.
  for (const one of silent) await one.closed();
  await areFree();
  // The handshake fails.
  for (let round = 0; round < 3; round++) {
    const wrong = plain();
    wrong.send('GET / HTTP/1.1\r\n\r\n');
    await wrong.closed();
  }
  await areFree();
  // The client leaves, in order and not.
  for (const leave of ['destroy', 'resetAndDestroy'] as const)
    for (let round = 0; round < 3; round++) {
      const leaver = await accepted(plain());
      leaver.socket[leave]();
      while ((await open()) > 0) await delay(5);
    }
  await areFree();
  // The connection becomes another one.
  for (let round = 0; round < 3; round++) {
    const upgraded = client();
    upgraded.send(request('GET /', { Connection: 'upgrade', Upgrade: 'x' }));
    await upgraded.received(/bye$/);
    await upgraded.closed();
  }
  await areFree();
});

test('memory of bodies is free again when they are answered, refused, or their clients leave', async (t) => {
  for (const streamRequestBody of [false, true]) {
    const handler = async (ctx: Context): Promise<void> => ctx.end(String((await ctx.body.buffer()).length));
    const { client, server } = await serve(t, {
      handler,
      streamRequestBody,
      maxBodyMemory: 1000,
      maxRequestBodySize: 900,
    });
    for (let round = 0; round < 5; round++) {
      const leaves = client();
      leaves.send(request('POST /', { 'Content-Length': '900', Expect: '100-continue' }));
      await leaves.received(/100 Continue/);
      leaves.send('x'.repeat(800));
      const accepted = once(server, 'connection');
      const refused = client();
      await accepted;
      refused.send(`${request('POST /', { 'Transfer-Encoding': 'chunked' })}385\r\n${'x'.repeat(901)}\r\n`);
      await refused.closed();
      assert.match(refused.text, /^HTTP\/1.1 (?:413|503) /);
      leaves.socket.destroy();
      await leaves.closed();
      const answered = client();
      for (let attempt = 0; attempt < 5; attempt++) answered.send(request('POST /', {}, 'x'.repeat(900)));
      await answered.received(/(?:HTTP\/1.1 200 [^]*900){5}$/);
    }
  }
});

test('of a streamed body only what waits, and the piece in work, counts for maxBodyMemory', async (t) => {
  const most = 1024 * 1024;
  const { client } = await serve(t, {
    streamRequestBody: true,
    maxBodyMemory: most,
    maxRequestBodySize: 8 * most,
    async handler(ctx) {
      if (ctx.path === '/whole') return ctx.end(`${(await ctx.body.buffer()).length} bytes`);
      let size = 0;
      const source: AsyncIterable<Uint8Array> = ctx.path === '/web' ? ctx.body.stream : ctx.body;
      for await (const piece of source) size += piece.length;
      ctx.end(`${size} bytes`);
    },
  });
  const put = (path: string, size: number): Client => {
    const sender = client();
    sender.send(request(`PUT ${path}`, {}, 'x'.repeat(size)));
    return sender;
  };
  for (const path of ['/pieces', '/web']) await put(path, 8 * most).received(new RegExp(`${8 * most} bytes$`));
  // The bytes that are gathered count, and nothing was freed twice.
  const refused = put('/whole', most + 1);
  await refused.closed();
  assert.match(refused.text, /^HTTP\/1.1 503 /);
  await put('/whole', most).received(new RegExp(`${most} bytes$`));
});
