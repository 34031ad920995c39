/** Tests clients that leave: what their handlers do then is harmless, and leaves nothing behind. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HttpError, type Context, type ServerOptions } from '../../../../src/http.ts';
import { closing, request, resolvers, serve, type Served } from '../helpers.ts';

/** All calls that a handler may make on a context whose client has left. */
const calls: Readonly<Record<string, (ctx: Context) => unknown>> = {
  end: (ctx) => ctx.end('x'),
  'end, twice': (ctx) => (ctx.end('x'), ctx.end('y')),
  'end, with a Blob': (ctx) => ctx.end(new Blob(['x'])),
  json: (ctx) => ctx.json({}),
  redirect: (ctx) => ctx.redirect('/'),
  status: (ctx) => ctx.status(201).header('A', 'b').append('A', 'c').type('text/html').end(),
  write: (ctx) => assert.equal(ctx.write('x'), false),
  flushHeaders: (ctx) => ctx.flushHeaders(),
  trailer: (ctx) => ctx.trailer('A', 'b'),
  earlyHints: (ctx) => ctx.earlyHints({ Link: '<a>' }),
  drained: (ctx) => ctx.drained(),
  'stream, of a generator': (ctx) => ctx.stream(['a', 'b']),
  'stream, of one that fails': (ctx) => ctx.stream(Readable.from(failing())),
  file: (ctx) => ctx.file('/package.json', { root: process.cwd() }),
};

async function* failing(): AsyncGenerator<string> {
  yield await nextTurn('part');
  throw new Error('the source has failed');
}

/** Gathers the errors with which the process would end. */
function uncaught(t: TestContext): unknown[] {
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  process.on('uncaughtException', onError).on('unhandledRejection', onError);
  t.after(() => process.off('uncaughtException', onError).off('unhandledRejection', onError));
  return errors;
}

for (const [name, call] of Object.entries(calls)) {
  test(`what is called when the client has left does nothing: ${name}`, async (t) => {
    const errors = uncaught(t);
    const { promise, resolve } = resolvers<Context>();
    const served = await serve(t, { handler: (ctx) => resolve(ctx) });
    const gone = served.client();
    gone.send(request('GET /'));
    const ctx = await promise;
    gone.socket.resetAndDestroy();
    await once(ctx.signal, 'abort');
    assert.deepEqual([ctx.isAbandoned, ctx.isAnswered, ctx.isOpen], [true, false, false]);
    await call(ctx);
    await quiet(served, errors);
  });

  test(`what is called after handlerTimeout does nothing: ${name}`, async (t) => {
    const errors = uncaught(t);
    const { promise, resolve } = resolvers<Context>();
    const served = await serve(t, { handlerTimeout: 40, handler: (ctx) => resolve(ctx) });
    const patient = served.client();
    patient.send(request('GET /'));
    const ctx = await promise;
    await patient.closed();
    assert.match(patient.text, /^HTTP\/1.1 503 /);
    assert.equal(served.log.errors.length, 1);
    served.log.errors.length = 0;
    await call(ctx);
    await quiet(served, errors, false);
  });
}

/** Checks that nothing was thrown or logged, and that the next client is served. */
async function quiet({ client, log }: Served, errors: unknown[], isServed = true): Promise<void> {
  await nextTurn();
  await nextTurn();
  assert.deepEqual(errors, []);
  assert.deepEqual(log.errors, []);
  if (!isServed) return;
  const another = client();
  another.send('nonsense\r\n\r\n');
  await another.received(/^HTTP\/1.1 400 /);
}

test('hijack throws when the client has left, with what the signal aborts with, and is not logged', async (t) => {
  const { promise, resolve } = resolvers<Context>();
  const { client, log } = await serve(t, {
    async handler(ctx) {
      resolve(ctx);
      await once(ctx.signal, 'abort');
      ctx.hijack();
    },
  });
  const gone = client();
  gone.send(request('GET /'));
  const ctx = await promise;
  const aborted = once(ctx.signal, 'abort');
  gone.socket.resetAndDestroy();
  await aborted;
  await nextTurn();
  assert.throws(() => ctx.hijack(), ctx.signal.reason);
  assert.deepEqual(log.errors, []);
});

test('the socket of an upgrade, a tunnel or a hijack whose client resets it ends nothing, though nobody listens for its errors', async (t) => {
  const errors = uncaught(t);
  const { promise, resolve } = resolvers<void>();
  const sockets: Socket[] = [];
  const take = (socket: Socket): void => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    if (sockets.push(socket) === 3) resolve();
  };
  const served = await serve(t, { handler: (ctx) => take(ctx.hijack().socket) });
  for (const event of ['upgrade', 'connect'])
    served.server.on(event, (_request: unknown, socket: Socket) => take(socket));
  const lines = ['GET /', 'CONNECT a:1', 'GET /up'];
  const clients = lines.map((line) => {
    const one = served.client();
    one.send(request(line, line === 'GET /up' ? { Connection: 'upgrade', Upgrade: 'echo' } : {}));
    return one;
  });
  await promise;
  const closed = sockets.map((socket) => closing(socket));
  for (const { socket } of clients) socket.resetAndDestroy();
  for (const socket of sockets) socket.resume();
  await Promise.all(closed);
  await quiet(served, errors);
});

const failures: Readonly<Record<string, (ctx: Context) => Error>> = {
  'the reason itself': (ctx) => ctx.signal.reason as Error,
  'what it has caused': (ctx) => new Error('no result', { cause: ctx.signal.reason }),
};
for (const [what, failure] of Object.entries(failures)) {
  test(`a handler that fails with ${what} because its client has left is not logged`, async (t) => {
    const { promise, resolve } = resolvers<void>();
    const { client, log } = await serve(t, {
      async handler(ctx) {
        await once(ctx.signal, 'abort');
        await nextTurn();
        resolve();
        throw failure(ctx);
      },
    });
    const gone = client();
    gone.send(request('GET /'));
    await once(gone.socket, 'connect');
    setImmediate(() => gone.socket.destroy());
    await promise;
    await nextTurn();
    assert.deepEqual(log.errors, []);
  });
}

test('an error of a handler is logged, though its client has left', async (t) => {
  const { promise, resolve } = resolvers<Context>();
  const { client, log } = await serve(t, {
    async handler(ctx) {
      resolve(ctx);
      await once(ctx.signal, 'abort');
      throw new TypeError('undefined is not a function');
    },
  });
  const gone = client();
  gone.send(request('GET /'));
  await promise;
  gone.socket.resetAndDestroy();
  while (log.errors.length === 0) await nextTurn();
  assert.equal(log.errors.length, 1);
});

test('a handler that writes without end lets go of the event loop when its client has left', async (t) => {
  const { promise, resolve } = resolvers<void>();
  const { client } = await serve(t, {
    async handler(ctx) {
      const piece = Buffer.alloc(32 * 1024);
      while (!ctx.isAbandoned) if (!ctx.write(piece)) await ctx.drained();
      // This handler does not look, and goes on for some rounds.
      for (let round = 0; round < 3; round++) if (!ctx.write(piece)) await ctx.drained();
      resolve();
    },
  });
  const gone = client();
  gone.send(request('GET /'));
  await gone.received(/200 OK/);
  gone.socket.resetAndDestroy();
  await promise;
});

interface Source {
  readonly make: () => { source: AsyncIterable<string> | ReadableStream<string>; closed: Promise<unknown> };
}
const sources: Readonly<Record<string, Source>> = {
  'a web stream that waits': {
    make() {
      const { promise: closed, resolve } = resolvers<unknown>();
      return { source: new ReadableStream({ start: (c) => c.enqueue('first'), cancel: resolve }), closed };
    },
  },
  'a Node stream that waits': {
    make() {
      const source = new Readable({ read: () => undefined });
      source.push('first');
      return { source, closed: closing(source) };
    },
  },
  'a generator that goes on': {
    make() {
      const { promise: closed, resolve } = resolvers<unknown>();
      async function* numbers(): AsyncGenerator<string> {
        try {
          yield 'first';
          for (;;) {
            await nextTurn();
            yield 'more';
          }
        } finally {
          resolve(undefined);
        }
      }
      return { source: numbers(), closed };
    },
  },
};
for (const [what, { make }] of Object.entries(sources)) {
  test(`the source of a response is closed when its client leaves: ${what}`, async (t) => {
    const errors = uncaught(t);
    const { source, closed } = make();
    // The promise is not returned, so a rejection would end the process.
    const { client, log } = await serve(t, { handler: (ctx) => void ctx.stream(source) });
    const gone = client();
    gone.send(request('GET /'));
    await gone.received(/first/);
    gone.socket.resetAndDestroy();
    await closed;
    await nextTurn();
    assert.deepEqual([errors, log.errors], [[], []]);
  });

  test(`the source of a response whose client has left before is closed unread: ${what}`, async (t) => {
    const errors = uncaught(t);
    const { promise, resolve } = resolvers<Context>();
    const { client, log } = await serve(t, { handler: (ctx) => resolve(ctx) });
    const gone = client();
    gone.send(request('GET /'));
    const ctx = await promise;
    gone.socket.resetAndDestroy();
    await once(ctx.signal, 'abort');
    const { source, closed } = make();
    await ctx.stream(source);
    // A generator that has not begun has no `finally` to run.
    if (!what.startsWith('a generator')) await closed;
    await nextTurn();
    assert.deepEqual([errors, log.errors], [[], []]);
  });
}

const form = 'multipart/form-data; boundary=b';
const part = '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n';

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

for (const [how, read] of Object.entries({ multipart: readForm, pieces: readPieces, 'web stream': readStream })) {
  test(
    `uploads to a file that are reset in the middle leave nothing open: ${how}`,
    { skip: process.platform !== 'linux' },
    async (t) => {
      const errors = uncaught(t);
      const folder = mkdtempSync(join(tmpdir(), 'prefork-uploads-'));
      t.after(() => rmSync(folder, { recursive: true }));
      const settled: string[] = [];
      let begun = 0;
      const options: ServerOptions = {
        streamRequestBody: true,
        async handler(ctx) {
          const path = join(folder, String(++begun));
          await read(ctx, path).then(
            () => settled.push('read'),
            (error: NodeJS.ErrnoException) => settled.push(error.code ?? error.message),
          );
          ctx.end('done');
        },
      };
      const { client, log } = await serve(t, options);
      const before = openFiles();
      const uploads = 50;
      for (let upload = 1; upload <= uploads; upload++) {
        const sender = client();
        sender.send(
          request('POST /', { 'Content-Type': form, 'Content-Length': '1000000' }) + part + 'x'.repeat(100_000),
        );
        while (readdirSync(folder).length < upload) await nextTurn();
        sender.socket.resetAndDestroy();
      }
      while (settled.length < uploads) await nextTurn();
      assert.deepEqual(new Set(settled), new Set(['ECONNRESET']));
      // Files are closed by threads, which a busy machine may let wait.
      for (const end = performance.now() + 10_000; openFiles() > before && performance.now() < end;) await nextTurn();
      assert.ok(openFiles() <= before, `${openFiles()} open, ${before} before`);
      assert.deepEqual([errors, log.errors], [[], []]);
    },
  );
}

async function readForm(ctx: Context, path: string): Promise<void> {
  await ctx.body.multipart(({ content }) => pipeline(content, createWriteStream(path)));
}

async function readPieces(ctx: Context, path: string): Promise<void> {
  await pipeline(ctx.body, createWriteStream(path));
}

async function readStream(ctx: Context, path: string): Promise<void> {
  await pipeline(Readable.fromWeb(ctx.body.stream as never), createWriteStream(path));
}

test('a form that a handler never reads to its end settles when the server gives up', async (t) => {
  const { promise, resolve } = resolvers<unknown>();
  const { client, log } = await serve(t, {
    handlerTimeout: 40,
    async handler(ctx) {
      const error: unknown = await ctx.body
        .multipart(() => new Promise(() => undefined))
        .catch((reason: unknown) => reason);
      resolve(error);
      throw new HttpError(400);
    },
  });
  const sender = client();
  sender.send(request('POST /', { 'Content-Type': form }, `${part}x\r\n--b--\r\n`));
  await sender.received(/^HTTP\/1.1 503 /);
  assert.match(String(await promise), /handlerTimeout/);
  assert.equal(log.errors.length, 1);
});
