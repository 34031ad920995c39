/**
 * Tests what is written past a socket's stream. Nothing is lost or out of turn when the client is slow, and it is
 * counted as waiting.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerOptions } from '../../../../src/http.ts';
import { request, serve, type Served } from '../helpers.ts';

/** The size of an answer: less than goes past the stream, and enough to fill the kernel's buffers soon. */
const SIZE_BYTES = 12 * 1024;
/** The number of answers, which are more than all buffers of the kernel take. */
const MOST = 4000;

type Internal = Socket & { readonly _handle: { readonly writeQueueSize: number } };

/** Counts how often the stream of a connection has written. */
function streamWrites(socket: Socket): { count: number } {
  const writes = { count: 0 };
  const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
  socket.write = (...given: unknown[]) => {
    writes.count++;
    return write(...given);
  };
  return writes;
}

test('of a process the first answer alone passes through a stream', async (t) => {
  let writes = { count: 0 };
  const { client } = await serve(t, {
    connState: (socket, state) => void (state === 'new' && (writes = streamWrites(socket))),
    handler: (ctx) => ctx.end('x'),
  });
  const { socket } = client();
  for (let n = 0; n < 5; n++) {
    socket.write(request('GET /'));
    await once(socket, 'data');
  }
  assert.equal(writes.count, 1);
});

test('a socket that the application has given a timeout hears of each write', async (t) => {
  let writes = { count: 0 };
  const { client } = await serve(t, {
    connState(socket, state) {
      if (state === 'new') writes = streamWrites(socket.setTimeout(60_000));
    },
    handler: (ctx) => ctx.end('x'),
  });
  const { socket } = client();
  for (let n = 0; n < 3; n++) {
    socket.write(request('GET /'));
    await once(socket, 'data');
  }
  assert.equal(writes.count, 3);
});

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await delay(0);
}

interface Full extends Served {
  readonly socket: Socket;
  /** The server's end of the connection. */
  readonly theirs: Internal;
  readonly answered: number;
  /** Returns all text that has come. */
  text(): string;
}

/** Makes a client that asks, does not read, and has been answered until the kernel takes no more. */
async function full(t: TestContext, options: ServerOptions = {}): Promise<Full> {
  let theirs!: Internal;
  let answered = 0;
  const served = await serve(t, {
    handler(ctx) {
      theirs = ctx.socket as Internal;
      if (ctx.path === '/take') ctx.hijack().socket.end('taken');
      else ctx.end(String(answered++).padEnd(SIZE_BYTES));
    },
    ...options,
  });
  const { socket } = served.client();
  let text = '';
  socket.removeAllListeners('data').setEncoding('latin1');
  socket.pause();
  for (let asked = 1; asked <= MOST; asked++) {
    socket.write(request('GET /'));
    await until(() => {
      assert.equal(socket.closed, false, 'it was closed as idle, or cut: the machine is too busy');
      return answered === asked;
    });
    if (theirs._handle.writeQueueSize > 0) break;
  }
  assert.ok(theirs._handle.writeQueueSize > 0, 'the kernel takes everything');
  assert.equal(theirs.writableLength, 0, 'it is the stream that waits');
  socket.on('data', (piece: string) => (text += piece)).pause();
  return { ...served, socket, theirs, answered, text: () => text };
}

/** Returns the numbers of the answers that have come, all of them whole. */
function answersOf(text: string): number[] {
  return text
    .split(/HTTP\/1\.1 200[^]*?\r\n\r\n/)
    .slice(1)
    .map((body) => (assert.equal(body.length, SIZE_BYTES), Number(body)));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

test('what waits is no idle connection, and what comes after it stays behind it', async (t) => {
  const { server, socket, answered, text } = await full(t, { idleTimeout: 1500 });
  server.closeIdleConnections();
  // This is longer than idleTimeout, and longer than the wait for a client that has its last answer.
  await delay(2300);
  for (let n = 0; n < 3; n++) socket.write(request('GET /'));
  socket.resume();
  await once(socket, 'close');
  assert.deepEqual(answersOf(text()), upTo(answered + 3));
});

test('a server that closes sends it all the same', async (t) => {
  const { server, socket, answered, text } = await full(t);
  const closed = once(server.close(), 'close');
  socket.resume();
  await until(() => text().length >= answered * SIZE_BYTES);
  socket.end();
  await closed;
  assert.deepEqual(answersOf(text()), upTo(answered));
});

test('it is cut at writeTimeout', async (t) => {
  const { theirs, log } = await full(t, { writeTimeout: 300 });
  if (!theirs.closed) await once(theirs, 'close');
  assert.deepEqual(log.errors, []);
});

test('a client that leaves meanwhile is harmless', async (t) => {
  const { socket, theirs, log } = await full(t);
  // The promise is not made by `once`, which rejects at an 'error'.
  const closed = new Promise((resolve) => theirs.once('close', resolve));
  socket.resetAndDestroy();
  await closed;
  assert.deepEqual(log.errors, []);
});

test('who takes the connection writes behind it', async (t) => {
  const { socket, answered, text } = await full(t);
  socket.write(request('GET /take'));
  socket.resume();
  await once(socket, 'end');
  assert.ok(text().endsWith('taken'));
  assert.deepEqual(answersOf(text().slice(0, -'taken'.length)), upTo(answered));
});
