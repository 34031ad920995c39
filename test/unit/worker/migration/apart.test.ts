/**
 * The contract with what node:http and node:net keep to themselves about a connection. It holds on each line of Node that prefork
 * runs on.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import {
  connectionsOf,
  restOf,
  makeIdle,
  takeHandle,
  unwatchHeads,
  watchHeads,
} from '../../../../src/worker/node-internals/index.ts';
import type { HttpParser } from '../../../../src/worker/node-internals/http1.ts';
import { certificate } from '../../../support/paths.ts';
import { Client, get, listen, seenAtLast } from '../helpers.ts';

const LARGE_BYTES = 16 * 1024 * 1024;
const post = (path: string, length: number): string =>
  `POST ${path} HTTP/1.1\r\nHost: test\r\nContent-Length: ${length}\r\n\r\n`;

interface Bench {
  readonly server: Server;
  readonly client: Client;
  readonly socket: Socket;
}

/** Answers `/large` with many bytes, `/hold` not at all, and all else with its path. An answer does not wait for the body of its request. */
function application(): Server {
  const server = createServer((request, response) => {
    if (request.url === '/hold') return;
    response.end(request.url === '/large' ? Buffer.alloc(LARGE_BYTES) : request.url);
  });
  return server.on('upgrade', (_request, socket: Socket) => void socket.write('HTTP/1.1 101 Up\r\n\r\n'));
}

async function setUp(t: TestContext, server: Server = application()): Promise<Bench> {
  const port = await listen(t, server);
  const opened = once(server, 'connection') as Promise<[Socket]>;
  const client = new Client(t, port);
  const [socket] = await opened;
  return { server, client, socket };
}

/** Settles when what the server has read by now is parsed, and what it has written is sent. */
async function settled(): Promise<void> {
  await delay(30);
  await nextTurn();
}

const situations: Record<string, { rest: 'free' | 'busy' | 'never'; make: (bench: Bench) => Promise<unknown> | void }> =
  {
    'nothing has come': { rest: 'free', make: () => undefined },
    'a request was answered': { rest: 'free', make: ({ client }) => ask(client, '/one') },
    'two that came at once were answered': { rest: 'free', make: ({ client }) => ask(client, '/one', '/two') },
    'one with a body was answered': { rest: 'free', make: ({ client }) => say(client, `${post('/', 3)}abc`, '/') },
    'an empty line was sent, as some clients do': {
      rest: 'free',
      make: ({ client }) => say(client, `${get('/one')}\r\n`, '/one'),
    },
    'one byte has come': { rest: 'busy', make: ({ client }) => void client.socket.write('G') },
    'after an answer half of a head has come': {
      rest: 'busy',
      make: async ({ client }) => {
        await ask(client, '/one');
        client.socket.write(get().slice(0, 20));
      },
    },
    'half of a head has come with the request before it': {
      rest: 'busy',
      make: ({ client }) => say(client, get('/one') + get().slice(0, 5), '/one'),
    },
    'a request is not answered': { rest: 'busy', make: ({ client }) => void client.socket.write(get('/hold')) },
    'the second of two is not answered': {
      rest: 'busy',
      make: ({ client }) => say(client, get('/one') + get('/hold'), '/one'),
    },
    'an answer was given before the body has come': {
      rest: 'busy',
      make: ({ client }) => say(client, `${post('/early', 10)}abc`, '/early'),
    },
    'the client does not take its answer': {
      rest: 'busy',
      make: ({ client }) => {
        client.socket.pause();
        client.socket.write(get('/large'));
      },
    },
    'the application has paused it': { rest: 'busy', make: ({ socket }) => void socket.pause() },
    'the client has sent its end': {
      rest: 'never',
      make: ({ client }) => {
        client.socket.end(get('/hold'));
      },
    },
    'it was upgraded': {
      rest: 'never',
      make: ({ client }) =>
        say(client, 'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: ws\r\n\r\n', '101 Up\\r\\n\\r\\n'),
    },
    'the application listens to data': { rest: 'never', make: ({ socket }) => void socket.on('data', () => undefined) },
    'the application listened to data once': {
      rest: 'never',
      make: ({ socket }) => {
        socket.on('data', noop);
        socket.off('data', noop);
      },
    },
    'the application reads it': { rest: 'never', make: ({ socket }) => void socket.on('readable', noop) },
    'it is closed': { rest: 'never', make: ({ socket }) => void socket.destroy() },
  };

function noop(): void {}

/** Sends a text, and settles when the expected answer has come. */
async function say(client: Client, text: string, expected: string): Promise<void> {
  client.send(text);
  await client.received(new RegExp(`${expected}$`));
}

async function ask(client: Client, ...paths: readonly string[]): Promise<void> {
  await say(client, paths.map((path) => get(path)).join(''), paths.at(-1)!);
}

const looks: Record<string, (server: Server) => void> = {
  'seen as it happened': watchHeads,
  'before anybody looked': () => undefined,
  'after the last look had ended': (server) => {
    watchHeads(server);
    unwatchHeads(server);
  },
};

for (const [when, before] of Object.entries(looks)) {
  for (const [name, { rest, make }] of Object.entries(situations)) {
    test(`${rest}: ${name}, ${when}`, async (t) => {
      const bench = await setUp(t);
      before(bench.server);
      await make(bench);
      await settled();
      watchHeads(bench.server);
      assert.equal(await seenAtLast(rest, () => restOf(bench.socket, bench.server)), rest);
    });
  }
}

test('without a look a parser has the callbacks that Node gave it, and no connection is free', async (t) => {
  const { server, client, socket } = await setUp(t);
  await ask(client, '/one');
  const parser = connectionsOf(server)!.all()[0]!;
  const callbacks = (): unknown[] => [parser.onIncoming, parser[beginOf(parser)]];
  const before = callbacks();
  watchHeads(server);
  assert.equal(await seenAtLast('free', () => restOf(socket, server)), 'free');
  const watched = callbacks();
  watchHeads(server);
  assert.deepEqual(callbacks(), watched);
  unwatchHeads(server);
  unwatchHeads(server);
  assert.deepEqual(callbacks(), before);
  await ask(client, '/two');
  assert.equal(restOf(socket, server), 'busy');
});

/** The number of the callback that node's parser calls when a message begins. */
function beginOf({ constructor }: HttpParser): number {
  return (constructor as unknown as { readonly kOnMessageBegin: number }).kOnMessageBegin;
}

test('a connection is in use from the head of its first request on, before node:http has made it a response', async (t) => {
  const bench = await setUp(t);
  const seen: string[] = [];
  const look = (): void => void seen.push(restOf(bench.socket, bench.server));
  subscribe('http.server.request.start', look);
  t.after(() => unsubscribe('http.server.request.start', look));
  await ask(bench.client, '/one');
  await ask(bench.client, '/two');
  assert.deepEqual(seen, ['busy', 'busy']);
});

test('free again: the half that had come has become a whole, answered request', async (t) => {
  const { server, client, socket } = await setUp(t);
  client.socket.write(get('/one').slice(0, 10));
  await settled();
  watchHeads(server);
  assert.equal(await seenAtLast('busy', () => restOf(socket, server)), 'busy');
  await say(client, get('/one').slice(10), '/one');
  assert.equal(await seenAtLast('free', () => restOf(socket, server)), 'free');
});

test('never: one that a server of the application has accepted, in front', async (t) => {
  const server = application();
  const front: NetServer = createNetServer((socket) => void server.emit('connection', socket));
  await listen(t, server);
  const port = await listen(t, front);
  const opened = once(front, 'connection') as Promise<[Socket]>;
  const client = new Client(t, port);
  const [socket] = await opened;
  await ask(client, '/one');
  watchHeads(server);
  assert.deepEqual([restOf(socket, server), restOf(socket, front)], ['never', 'never']);
});

test('never: TLS, on which a request was answered', async (t) => {
  const [key, cert] = [readFileSync(certificate.TLS_KEY), readFileSync(certificate.TLS_CERT)];
  const server = createTlsServer({ key, cert }, (_request, response) => response.end('/one'));
  const port = await listen(t, server);
  const opened = once(server, 'secureConnection') as Promise<[Socket]>;
  const client = new Client(t, port, { tls: true });
  const [socket] = await opened;
  await ask(client, '/one');
  await settled();
  watchHeads(server);
  assert.equal(connectionsOf(server)!.all().length, 1);
  assert.equal(restOf(socket, server), 'never');
});

/** Gives a connection to a server, as one that came over the channel. */
function give(server: Server, client: ReturnType<typeof takeHandle>): void {
  (server as unknown as { _handle: { onconnection(status: number, client: object): void } })._handle.onconnection(
    0,
    client,
  );
  makeIdle(client);
}

test('its socket closes without an error, and the other server answers what came meanwhile, once', async (t) => {
  const { server, client, socket } = await setUp(t);
  const other = application();
  await listen(t, other);
  await ask(client, '/one');
  await settled();
  watchHeads(server);
  const { remotePort, bytesRead } = socket;
  const closed = once(socket, 'close') as Promise<[boolean]>;
  const ended: string[] = [];
  socket.on('end', () => ended.push('end')).on('error', () => ended.push('error'));
  const handle = takeHandle(socket);
  client.socket.write(get('/two'));
  assert.deepEqual(await closed, [false]);
  assert.deepEqual([ended, socket.bytesRead, bytesRead > 0], [[], bytesRead, true]);
  await settled();
  assert.ok(!client.text.includes('/two'));
  const opened = once(other, 'connection') as Promise<[Socket]>;
  give(other, handle);
  const [moved] = await opened;
  await client.received(/\/two/);
  assert.equal(moved.remotePort, remotePort);
  assert.equal(client.text.split('/two').length, 2);
  await new Promise((resolve) => server.close(resolve));
  await ask(client, '/three');
});

test('it can come back to the server that it had, and leave again', async (t) => {
  const { server, client, socket } = await setUp(t);
  let current = socket;
  for (let nth = 0; nth < 3; nth++) {
    await ask(client, `/${nth}`);
    watchHeads(server);
    assert.equal(await seenAtLast('free', () => restOf(current, server)), 'free');
    const opened = once(server, 'connection') as Promise<[Socket]>;
    give(server, takeHandle(current));
    [current] = await opened;
  }
  await ask(client, '/last');
  assert.equal(await connectionsIn(server), 1);
});

function connectionsIn(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}

test('one that has come and is idle is idle to Node: no 408 after headersTimeout, and server.close() closes it', async (t) => {
  const { server, client, socket } = await setUp(t);
  const other = createServer({ connectionsCheckingInterval: 20 }, (_request, response) => response.end('x'));
  Object.assign(other, { headersTimeout: 40, requestTimeout: 60, keepAliveTimeout: 0 });
  await listen(t, other);
  watchHeads(server);
  give(other, takeHandle(socket));
  await delay(200);
  assert.deepEqual([client.text, client.socket.destroyed], ['', false]);
  const gone = once(client.socket, 'close');
  await new Promise((resolve) => other.close(resolve));
  await gone;
  assert.equal(client.text, '');
});

test('keepAliveTimeout runs from its arrival, and not during a request', async (t) => {
  const { server, client, socket } = await setUp(t);
  const other = createServer((_request, response) => void setTimeout(() => response.end('late'), 1500));
  Object.assign(other, { keepAliveTimeout: 500, keepAliveTimeoutBuffer: 100 });
  await listen(t, other);
  watchHeads(server);
  give(other, takeHandle(socket));
  await say(client, get('/'), 'late');
  const answeredAt = performance.now();
  await once(client.socket, 'close');
  assert.ok(performance.now() - answeredAt < 5000);
  const idle = await setUp(t);
  watchHeads(idle.server);
  give(other, takeHandle(idle.socket));
  await once(idle.client.socket, 'close');
  assert.equal(idle.client.text, '');
});
