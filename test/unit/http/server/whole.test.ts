/**
 * Tests that answers are whole, however slowly they are read and whatever their clients do. Otherwise they do not look
 * whole.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { duplexPair, type Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { Server, type Context, type ServerOptions } from '../../../../src/http.ts';
import { certificate } from '../../../support/paths.ts';
import { request, resolvers, serve } from '../helpers.ts';

const secure = { key: readFileSync(certificate.TLS_KEY), cert: readFileSync(certificate.TLS_CERT) };

/** The size of an answer, which is more than the kernel takes for a client that does not read. */
const SIZE_BYTES = 24 * 1024 * 1024;
const content = Buffer.alloc(SIZE_BYTES, 'x');
/** A pause that is longer than the server waits for a client that has everything. */
const PAUSE_MS = 2800;

interface Slow {
  readonly options?: ServerOptions;
  readonly handler?: (ctx: Context) => unknown;
  readonly sent?: string;
  /** True when the client closes its half after the request. */
  readonly ends?: boolean;
}

const old = 'GET / HTTP/1.0\r\n\r\n';
const slow: Readonly<Record<string, Slow>> = {
  'Connection: close': { sent: request('GET /', { Connection: 'close' }) },
  'a half-closed connection': { ends: true },
  maxRequestsPerConn: { options: { maxRequestsPerConn: 1 } },
  'a short idleTimeout': { options: { idleTimeout: 500 } },
  'HTTP/1.0': { sent: old },
  'HTTP/1.0, without a length': { sent: old, handler: (ctx) => (ctx.write(content), ctx.end()) },
  'a stream': { sent: request('GET /', { Connection: 'close' }), handler: (ctx) => ctx.stream(quarters()) },
  TLS: { sent: request('GET /', { Connection: 'close' }), options: { tls: secure } },
  'TLS, half-closed': { ends: true, options: { tls: secure } },
  'TLS, HTTP/1.0': { sent: old, options: { tls: secure }, handler: (ctx) => (ctx.write(content), ctx.end()) },
};

function* quarters(): Generator<Buffer> {
  for (let at = 0; at < SIZE_BYTES; at += SIZE_BYTES / 4) yield content.subarray(at, at + SIZE_BYTES / 4);
}

/** Counts the bytes that come, from the first x on: heads have none. */
function counting(socket: Socket): { bytes: number; error: unknown } {
  const count = { bytes: 0, error: undefined as unknown };
  socket.setEncoding('latin1').on('data', (text: string) => {
    // Chunks have lines of their own.
    for (let at = text.indexOf('xx'); at >= 0 && at < text.length; at++) if (text[at] === 'x') count.bytes++;
  });
  socket.on('error', (error) => (count.error = error));
  return count;
}

test(
  'a client that does not read for longer than linger and idle last gets everything',
  { timeout: 60_000 },
  async (t) => {
    await Promise.all(
      Object.entries(slow).map(async ([what, { options, handler, sent = request('GET /'), ends }]) => {
        const { client } = await serve(t, { ...options, handler: handler ?? ((ctx) => ctx.end(content)) });
        const { socket } = client();
        socket.removeAllListeners('data');
        const count = counting(socket);
        socket.pause();
        if (ends) socket.end(sent);
        else socket.write(sent);
        await delay(PAUSE_MS);
        socket.resume();
        if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
        assert.deepEqual(count, { bytes: SIZE_BYTES, error: undefined }, what);
      }),
    );
  },
);

/**
 * Reads byte by byte, so that a reset is an error. In Node 20 and 22 a reset that comes with the rest of the bytes is
 * an end.
 *
 * @returns how much has come, and the code of the error
 */
async function readToReset(
  port: number,
  sent: string,
  { ends = false, until = Promise.resolve() } = {},
): Promise<[number, unknown]> {
  let bytes = 0;
  let code: unknown = undefined;
  const onread = { buffer: Buffer.alloc(1), callback: (length: number) => ((bytes += length), true) };
  const socket = connect({ port, host: '127.0.0.1', onread }).pause();
  socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code));
  if (ends) socket.end(sent);
  else socket.write(sent);
  await until;
  socket.resume();
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return [bytes, code];
}

test('a client that stops reading is cut at writeTimeout, and sees that it has not got everything', async (t) => {
  for (const tls of [undefined, secure]) {
    const { server, client, port } = await serve(t, {
      ...(tls && { tls }),
      writeTimeout: 100,
      handler: (ctx) => (ctx.write(content), ctx.end()),
      connState: (_socket, state) => void (state === 'closed' && server.emit('cut')),
    });
    const cut = once(server, 'cut').then(() => undefined);
    if (tls === undefined) {
      const [bytes, code] = await readToReset(port, old, { until: cut });
      assert.ok(bytes < SIZE_BYTES);
      assert.equal(code, 'ECONNRESET');
      continue;
    }
    const { socket } = client();
    const count = counting(socket);
    socket.pause();
    socket.write(old);
    await cut;
    socket.resume();
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
    assert.ok(count.bytes < SIZE_BYTES);
  }
});

test('a client that leaves no back-pressure but takes nothing is cut at writeTimeout all the same', async (t) => {
  const { promise, resolve } = resolvers<void>();
  const { client } = await serve(t, {
    writeTimeout: 150,
    async handler(ctx) {
      // More and more bytes wait, so the client makes no progress.
      while (!ctx.isAbandoned) {
        ctx.write(content.subarray(0, 256 * 1024));
        await delay(10);
      }
      resolve();
    },
  });
  const { socket } = client();
  socket.pause();
  socket.write(request('GET /'));
  await promise;
});

const answers: Readonly<Record<string, ServerOptions>> = {
  'at once': { handler: (ctx) => ctx.end(ctx.path) },
  later: { handler: async (ctx) => (await nextTurn(), ctx.end(ctx.path)) },
  'by callback': { handler: (ctx) => void setTimeout(() => ctx.end(ctx.path), 5) },
  'in pieces': { handler: async (ctx) => (ctx.write(ctx.path), await delay(2), ctx.end('.')) },
  'by fetch': { fetch: async (r) => (await nextTurn(), new Response(new URL(r.url).pathname)) },
  'by fetch, as a stream': { fetch: (r) => new Response(streamOf(new URL(r.url).pathname)) },
};

function streamOf(text: string): ReadableStream<Uint8Array> {
  const pieces = Array.from(text, (character) => Buffer.from(character));
  return new ReadableStream({
    async pull(controller) {
      await delay(2);
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
}

for (const [how, options] of Object.entries(answers)) {
  for (const cut of [false, true]) {
    test(`ten pipelined requests and a FIN get ten answers: ${how}${cut ? ', in small pieces' : ''}`, async (t) => {
      const { client } = await serve(t, options);
      const { socket } = client();
      let text = '';
      socket.on('data', (piece: string) => (text += piece));
      const requests = Array.from({ length: 10 }, (_, index) => request(`GET /${index}`)).join('');
      if (cut) for (let at = 0; at < requests.length; at += 50) await write(socket, requests.slice(at, at + 50));
      socket.end(cut ? '' : requests);
      if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
      assert.equal(text.match(/HTTP\/1.1 200 OK/g)?.length, 10, text);
      const contents = text.split(/HTTP\/1.1 200[^]*?\r\n\r\n/).slice(1);
      assert.deepEqual(
        contents.map((body) => body.replaceAll(/(?:^|\r\n)\d\r\n/g, '').replaceAll(/[.\r\n]/g, '')),
        Array.from({ length: 10 }, (_, index) => `/${index}`),
      );
    });
  }
}

async function write(socket: Socket, text: string): Promise<void> {
  await new Promise((resolve) => socket.write(text, resolve));
}

test('a FIN in the middle of a request closes the connection', async (t) => {
  for (const sent of ['GET / HT', request('POST /', { 'Content-Length': '9' }) + 'half']) {
    for (const streamRequestBody of [false, true]) {
      const { client, log } = await serve(t, {
        streamRequestBody,
        handler: async (ctx) => ctx.end(await ctx.body.text()),
      });
      const half = client();
      half.socket.end(sent);
      await half.closed();
      assert.equal(half.text, '');
      assert.deepEqual(log.errors, []);
    }
  }
});

test('a stream of events ends when its client says that it sends no more', async (t) => {
  const { promise, resolve } = resolvers<unknown>();
  const { client } = await serve(t, {
    fetch: () =>
      new Response(new ReadableStream({ start: (c) => c.enqueue(Buffer.from('data: 1\n\n')), cancel: resolve }), {
        headers: { 'Content-Type': 'text/event-stream' },
      }),
  });
  const half = client();
  half.send(request('GET /'));
  await half.received(/data: 1/);
  half.socket.end();
  await Promise.all([promise, half.closed()]);
  assert.doesNotMatch(half.text, /0\r\n\r\n$/);
});

/** A Blob whose content comes late. The clock of deadlines goes by half seconds. */
class SlowBlob extends Blob {
  override stream(): ReturnType<Blob['stream']> {
    const pieces = super.stream();
    return ReadableStream.from(
      (async function* () {
        await delay(1500);
        yield* pieces;
      })(),
    );
  }
}

test('the head of a Blob is a piece: handlerTimeout begins anew with it, once its client sends no more', async (t) => {
  const { client } = await serve(t, {
    handlerTimeout: 2500,
    handler: async (ctx) => {
      await delay(2000);
      ctx.end(new SlowBlob(['the rest']));
    },
  });
  const half = client();
  half.socket.end(request('GET /'));
  await half.closed();
  assert.match(half.text, /\r\n\r\nthe rest$/);
});

test('a response of which nothing more comes is broken after handlerTimeout, once its client sends no more', async (t) => {
  const { promise, resolve } = resolvers<unknown>();
  const { client } = await serve(t, {
    handlerTimeout: 60,
    fetch: () => new Response(new ReadableStream({ start: (c) => c.enqueue(Buffer.from('1')), cancel: resolve })),
  });
  const half = client();
  half.socket.end(request('GET /'));
  await Promise.all([promise, half.closed()]);
  assert.match(half.text, /\r\n1\r\n1\r\n$/);
});

const failing: Readonly<Record<string, ServerOptions>> = {
  'a generator': { handler: (ctx) => ctx.stream(failsMidway()) },
  'a web stream': { fetch: () => new Response(ReadableStream.from(failsMidway())) },
  'a handler': { handler: async (ctx) => (ctx.write('part'), await nextTurn(), Promise.reject(new Error('midway'))) },
};

async function* failsMidway(): AsyncGenerator<Buffer> {
  yield Buffer.from('part');
  await nextTurn();
  throw new Error('midway');
}

for (const [what, options] of Object.entries(failing)) {
  for (const half of [false, true]) {
    test(`${what} that fails midway does not look whole${half ? ', half-closed' : ''}`, async (t) => {
      const { client, log, port } = await serve(t, options);
      const modern = client();
      if (half) modern.socket.end(request('GET /'));
      else modern.send(request('GET /'));
      await modern.closed();
      assert.match(modern.text, /\r\n4\r\npart\r\n$/);
      const [, code] = await readToReset(port, old, { ends: half });
      assert.equal(code, 'ECONNRESET');
      assert.equal(log.errors.length, 2);
    });
  }
}

test('what follows an answered body, and is nothing, does not cost the answer', async (t) => {
  const { client } = await serve(t, { streamRequestBody: true, handler: (ctx) => ctx.end(content) });
  const { socket } = client();
  const count = counting(socket);
  socket.pause();
  socket.write(`${request('POST /', { 'Transfer-Encoding': 'chunked' })}3\r\nabc\r\nnonsense\r\n`);
  await nextTurn();
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  assert.equal(count.bytes, SIZE_BYTES);
});

test("server.emit('connection', stream) serves any duplex", async (t) => {
  const server = new Server({
    handler: async (ctx) => ctx.end(`${ctx.path} ${await ctx.body.text()} ${ctx.remoteAddress}`),
  });
  t.after(() => server.close());
  const [ours, theirs] = duplexPair();
  server.emit('connection', theirs);
  const text = reading(ours);
  ours.write(request('POST /one', {}, 'body') + request('GET /two'));
  ours.end(request('GET /three'));
  assert.match(await text, /\/one body undefined[^]*\/two {2}undefined[^]*\/three {2}undefined$/);
});

test('any duplex: a large answer to a slow reader, and refusals', async (t) => {
  const server = new Server({ concurrency: 1, writeTimeout: 200, handler: (ctx) => ctx.end(content) });
  t.after(() => server.close());
  const [ours, theirs] = duplexPair();
  server.emit('connection', theirs);
  ours.write(request('GET /', { Connection: 'close' }));
  const [second, refused] = duplexPair();
  server.emit('connection', refused);
  assert.match(await reading(second), /^HTTP\/1.1 503 /);
  let size = 0;
  for await (const piece of ours) {
    size += (piece as Buffer).length;
    if (size % (64 * 1024) === 0) await delay(1);
  }
  assert.ok(size > SIZE_BYTES);
});

test('sockets of another server, which closes with its clients, are served: ten answers after a FIN', async (t) => {
  const server = new Server({ handler: (ctx) => void setTimeout(() => ctx.end(ctx.path), 2) });
  const acceptor = createServer({ pauseOnConnect: true }, (socket) => server.emit('connection', socket));
  acceptor.listen(0, '127.0.0.1');
  await once(acceptor, 'listening');
  t.after(() => void (acceptor.close(), server.close()));
  const socket = connect((acceptor.address() as AddressInfo).port, '127.0.0.1');
  const text = reading(socket);
  socket.end(Array.from({ length: 10 }, (_, index) => request(`GET /${index}`)).join(''));
  assert.equal((await text).match(/200 OK/g)?.length, 10);
});

async function reading(stream: Duplex): Promise<string> {
  let text = '';
  for await (const piece of stream.setEncoding('latin1')) text += piece as string;
  return text;
}
