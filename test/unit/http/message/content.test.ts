/**
 * Tests what a handler may give. Content is sent where it has a meaning. Anything else is a 500 before anything is
 * sent. Hooks that throw are here too.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, openAsBlob, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import type { Context, ServerOptions } from '../../../../src/http.ts';
import { request, serve } from '../helpers.ts';

const bytes = new Uint8Array([104, 105]);
const BINARY = 'application/octet-stream';

/** The contents, with what is sent of each, and as what type. */
const contents: ReadonlyArray<readonly [what: string, content: unknown, sent: string, type: string | undefined]> = [
  ['an ArrayBuffer', bytes.buffer, 'hi', BINARY],
  ['an ArrayBuffer of nothing', new ArrayBuffer(0), '', undefined],
  ['a view of a part', new Uint8Array(bytes.buffer, 1), 'i', BINARY],
  ['a DataView', new DataView(bytes.buffer, 1), 'i', BINARY],
  ['a Uint16Array', new Uint16Array(bytes.buffer), 'hi', BINARY],
  ['a SharedArrayBuffer', sharedOf(bytes), 'hi', BINARY],
  ['an ArrayBuffer of another realm', runInNewContext('new Uint8Array([104, 105]).buffer'), 'hi', BINARY],
  ['a Uint8Array of another realm', runInNewContext('new Uint8Array([104, 105])'), 'hi', BINARY],
  ['a Blob', new Blob(['h', bytes], { type: 'text/x' }), 'hhi', 'text/x'],
  ['a Blob without a type', new Blob(['hi']), 'hi', undefined],
  ['a Blob of nothing', new Blob([]), '', undefined],
];

for (const [what, content, sent, type] of contents) {
  test(`end() sends ${what}`, async (t) => {
    const { client, log } = await serve(t, { handler: (ctx) => ctx.end(content as string) });
    const sender = client();
    sender.send(request('GET /') + request('GET /') + request('HEAD /', { Connection: 'close' }));
    await sender.closed();
    const answer = `HTTP/1.1 200 OK\r\n[^]*?${type === undefined ? '' : `Content-Type: ${type}\r\n`}Content-Length: ${sent.length}\r\n`;
    assert.match(sender.text, new RegExp(`^(?:${answer}\r\n${sent}){2}${answer}Connection: close\r\n\r\n$`));
    assert.equal(sender.text.includes('Content-Type'), type !== undefined);
    assert.deepEqual(log.errors, []);
  });
}

function sharedOf(source: Uint8Array): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(source.length);
  new Uint8Array(shared).set(source);
  return shared;
}

const odd: ReadonlyArray<readonly [what: string, call: (ctx: Context) => unknown, got: string]> = [
  ['end() of a number', (ctx) => ctx.end(123 as never), 'number'],
  ['end() of an object', (ctx) => ctx.end({} as never), 'Object'],
  ['end() of an object without prototype', (ctx) => ctx.end(Object.create(null) as never), 'an object'],
  ['end() of null', (ctx) => ctx.end(null as never), 'null'],
  ['end() of a Date', (ctx) => ctx.end(new Date() as never), 'Date'],
  ['end() of an array', (ctx) => ctx.end(['a'] as never), 'Array'],
  ['end() of a promise', (ctx) => ctx.end(Promise.resolve('a') as never), 'Promise'],
  ['end() of a symbol', (ctx) => ctx.end(Symbol('a') as never), 'symbol'],
  ['end() of a function', (ctx) => ctx.end((() => 'a') as never), 'function'],
  ['write() of a number', (ctx) => ctx.write(1 as never), 'number'],
  ['write() of undefined', (ctx) => ctx.write(undefined as never), 'undefined'],
  ['write() of a Blob', (ctx) => ctx.write(new Blob(['a']) as never), 'Blob'],
  ['json() of undefined', (ctx) => ctx.json(undefined), 'undefined'],
  ['json() of a function', (ctx) => ctx.json(() => 1), 'function'],
  ['stream() of numbers', (ctx) => ctx.stream([1, 2] as never), 'number'],
];

for (const [what, call, got] of odd) {
  test(`${what} is a TypeError and a 500, and the next request is answered`, async (t) => {
    const { client, log } = await serve(t, {
      handler: (ctx) => (ctx.path === '/right' ? ctx.end('right') : call(ctx.status(201).header('X-Set', 1))),
    });
    const sender = client();
    sender.send(request('GET /') + request('GET /right'));
    await sender.received(/^HTTP\/1.1 500 (?!.*X-Set)[^]*Internal Server ErrorHTTP\/1.1 200 OK[^]*right$/);
    assert.equal(log.errors.length, 1);
    const error = log.errors[0]![1] as NodeJS.ErrnoException;
    assert.ok(error instanceof TypeError);
    assert.equal(error.code, 'ERR_HTTP_BODY');
    assert.match(error.message, new RegExp(`${got}$`));
  });
}

test('a large Blob is sent as it is read, and nothing is answered beside it', async (t) => {
  const content = randomBytes(3 * 1024 * 1024);
  const { client, log } = await serve(t, {
    handler(ctx) {
      ctx.end(new Blob([content]));
      assert.throws(() => ctx.end('again'), { code: 'ERR_HTTP_ANSWERED' });
      assert.throws(() => ctx.write('more'), { code: 'ERR_HTTP_ANSWERED' });
      assert.throws(() => ctx.header('A', 'b'), { code: 'ERR_HTTP_ANSWERED' });
      assert.deepEqual([ctx.isAnswered, ctx.isOpen], [true, false]);
    },
  });
  const sender = client();
  sender.send(request('GET /') + request('GET /', { Connection: 'close' }));
  await sender.closed();
  assert.equal(sender.text.split(content.toString('latin1')).length, 3);
  assert.deepEqual(log.errors, []);
});

test('a Blob that cannot be read to its end does not look whole', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'prefork-blob-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'file');
  writeFileSync(path, 'what it was');
  const blob = await openAsBlob(path);
  writeFileSync(path, 'what it has become, which is longer');
  const { client, log } = await serve(t, { handler: (ctx) => ctx.end(blob) });
  const sender = client();
  sender.send(request('GET /'));
  await sender.closed();
  assert.match(sender.text, /Content-Length: 11\r\n\r\n$/);
  assert.equal(log.errors.length, 1);
});

const fails = (): never => {
  throw new Error('the hook has failed');
};
const failsLater = async (): Promise<never> => (await nextTurn(), fails());
const post = request('POST /', {}, 'body');
const expecting = request('POST /', { Expect: '100-continue' }, 'body');

interface Hook {
  readonly options: ServerOptions;
  readonly sent: string;
  readonly answer: RegExp;
  readonly logged: number;
}

/** Hooks that fail. No type allows asynchronous ones: their failure is logged, and their decision is not waited for. */
const hooks: Readonly<Record<string, Hook>> = {
  headerReceived: { options: { headerReceived: fails }, sent: post, answer: /^HTTP\/1.1 500 /, logged: 1 },
  'headerReceived, later': {
    options: { headerReceived: failsLater as never },
    sent: post,
    answer: /^HTTP\/1.1 200 /,
    logged: 1,
  },
  'headerReceived, which errorHandler answers': {
    options: { headerReceived: fails, errorHandler: (ctx) => ctx.status(418).end() },
    sent: post,
    answer: /^HTTP\/1.1 418 /,
    logged: 0,
  },
  'headerReceived, which errorHandler answers later': {
    options: { headerReceived: fails, errorHandler: async (ctx) => (await nextTurn(), ctx.status(418).end()) },
    sent: post,
    answer: /^HTTP\/1.1 418 /,
    logged: 0,
  },
  'headerReceived, after its answer': {
    options: { headerReceived: (ctx) => (ctx.end('early'), fails()) },
    sent: post,
    answer: /^HTTP\/1.1 200 [^]*early/,
    logged: 1,
  },
  continueHandler: { options: { continueHandler: fails }, sent: expecting, answer: /^HTTP\/1.1 500 /, logged: 1 },
  'continueHandler, later': {
    options: { continueHandler: failsLater as never },
    sent: expecting,
    answer: /^HTTP\/1.1 100 [^]*HTTP\/1.1 200 /,
    logged: 1,
  },
  // The hook hears new, active and idle. The state closed comes after the answer.
  connState: { options: { connState: fails }, sent: post, answer: /^HTTP\/1.1 200 /, logged: 3 },
  'connState, later': { options: { connState: failsLater }, sent: post, answer: /^HTTP\/1.1 200 /, logged: 3 },
  onRefused: { options: { onRefused: fails }, sent: 'nonsense\r\n\r\n', answer: /^HTTP\/1.1 400 /, logged: 1 },
  'onRefused, later': {
    options: { onRefused: failsLater },
    sent: 'nonsense\r\n\r\n',
    answer: /^HTTP\/1.1 400 /,
    logged: 1,
  },
  logger: { options: { handler: fails, logger: { error: fails } }, sent: post, answer: /^HTTP\/1.1 500 /, logged: 0 },
  'logger, later': {
    options: { handler: fails, logger: { error: failsLater } },
    sent: post,
    answer: /^HTTP\/1.1 500 /,
    logged: 0,
  },
};

for (const streamRequestBody of [false, true]) {
  for (const [hook, { options, sent, answer, logged }] of Object.entries(hooks)) {
    test(`a hook that throws does not end the process: ${hook}${streamRequestBody ? ', streamed' : ''}`, async (t) => {
      const { client, log, server } = await serve(t, {
        streamRequestBody,
        handler: async (ctx) => (await ctx.body.text(), ctx.end()),
        ...options,
      });
      const sender = client();
      sender.send(sent);
      await sender.received(answer);
      while (log.errors.length < logged) await nextTurn();
      assert.equal(log.errors.length, logged);
      assert.equal(server.listening, true);
      const next = client();
      next.send(sent);
      await next.received(answer);
    });
  }
}

for (const event of ['upgrade', 'connect']) {
  test(`a listener of '${event}' that throws does not end the process, and its connection closes`, async (t) => {
    const { client, log, server } = await serve(t, { handler: (ctx) => ctx.end() });
    server.on(event, fails);
    const sender = client();
    if (event === 'connect') sender.send(request('CONNECT host:1'));
    else sender.send(request('GET /', { Connection: 'Upgrade', Upgrade: 'raw' }));
    await sender.closed();
    assert.equal(log.errors.length, 1);
  });
}
