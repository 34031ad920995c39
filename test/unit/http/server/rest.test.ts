/** Tests what a worker asks of the server of prefork/http before it moves a connection. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { MOVED, pin, servedBy, type Receiving, type Rest } from '../../../../src/http/server/served.ts';
import { Server, type ServerOptions } from '../../../../src/http/server/server.ts';
import { Client, get, listen, seenAtLast } from '../../worker/helpers.ts';

interface Bench {
  readonly client: Client;
  readonly socket: Socket;
  readonly server: Server;
}

async function setUp(t: TestContext, options: Partial<ServerOptions> = {}): Promise<Bench> {
  const server = new Server({
    handler: (ctx) => {
      if (ctx.path === '/hold') return new Promise(() => undefined);
      return ctx.end(ctx.path === '/large' ? Buffer.alloc(16 * 1024 * 1024) : ctx.path);
    },
    ...options,
  });
  server.on('upgrade', (_request, socket) => void socket.write('HTTP/1.1 101 Up\r\n\r\n'));
  const opened = once(server, 'connection') as Promise<[Socket]>;
  const client = new Client(t, await listen(t, server));
  const [socket] = await opened;
  return { client, socket, server };
}

const situations: Record<string, { rest: Rest; make: (bench: Bench) => Promise<void> | void }> = {
  'nothing has come': { rest: 'free', make: () => undefined },
  'it was answered': { rest: 'free', make: ({ client }) => say(client, get('/one'), /one$/) },
  'a pipeline was answered': { rest: 'free', make: ({ client }) => say(client, get('/one') + get('/two'), /two$/) },
  'half of a head has come with the request before': {
    rest: 'busy',
    make: ({ client }) => say(client, `${get('/one')}GET`, /one$/),
  },
  'a request is not answered': { rest: 'busy', make: ({ client }) => client.send(get('/hold')) },
  'the second is not answered, and a third waits': {
    rest: 'busy',
    make: ({ client }) => say(client, get('/one') + get('/hold') + get('/three'), /one$/),
  },
  'the client does not take its answer': {
    rest: 'busy',
    make: ({ client }) => {
      client.socket.pause();
      client.send(get('/large'));
    },
  },
  'the client has sent its end': {
    rest: 'never',
    make: ({ client }) => {
      client.send(get('/hold'));
      client.socket.end();
    },
  },
  'it was upgraded': {
    rest: 'never',
    make: ({ client }) =>
      say(client, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ws\r\n\r\n', /101 Up/),
  },
  'the application listens': { rest: 'never', make: ({ socket }) => void socket.on('data', () => undefined) },
  'it is pinned': { rest: 'never', make: ({ socket }) => pin(socket) },
  'it is closed': { rest: 'never', make: ({ socket }) => void socket.destroy() },
};

async function say(client: Client, text: string, expected: RegExp): Promise<void> {
  client.send(text);
  await client.received(expected);
}

for (const [name, { rest, make }] of Object.entries(situations)) {
  test(`${rest}: ${name}`, async (t) => {
    const bench = await setUp(t);
    const { rest: restOf } = servedBy(bench.server)!;
    await make(bench);
    await delay(30);
    assert.equal(await seenAtLast(rest, () => restOf!(bench.socket)), rest);
  });
}

const half = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na';
const parts: Record<string, { part: string | undefined; make: (bench: Bench) => Promise<void> | void }> = {
  'nothing has come': { part: undefined, make: () => undefined },
  'half of a head has come': { part: 'head', make: ({ client }) => client.send('GET / HTTP/1.1\r\nHost') },
  'half of a head has come with the request before': {
    part: 'head',
    make: ({ client }) => say(client, `${get('/one')}GET`, /one$/),
  },
  'half of a body has come': { part: 'body', make: ({ client }) => client.send(half) },
  'all has come, and is not answered': { part: undefined, make: ({ client }) => client.send(get('/hold')) },
  'all has come in pieces, and is answered': {
    part: undefined,
    make: async ({ client }) => {
      client.send(half);
      await delay(30);
      await say(client, 'b', /\/$/);
    },
  },
};
for (const [name, { part, make }] of Object.entries(parts)) {
  test(`${part ?? 'no part'} of a request is waited for: ${name}`, async (t) => {
    const bench = await setUp(t);
    const since = performance.now();
    await make(bench);
    await delay(30);
    const receiving = (): Receiving[] => [...servedBy(bench.server)!.receiving!()];
    assert.equal(await seenAtLast(part, () => receiving()[0]?.part), part);
    for (const one of receiving()) {
      assert.equal(one.socket, bench.socket);
      if (part === 'body') assert.ok(one.since! >= since && one.since! <= performance.now(), String(one.since));
    }
  });
}

test('the body of a request that is answered already is waited for since ever', async (t) => {
  const { client, server } = await setUp(t, { streamRequestBody: true });
  await say(client, half, /\/$/);
  const [one] = servedBy(server)!.receiving!();
  assert.deepEqual([one?.part, one?.since], ['body', undefined]);
});

test('while it leaves, who can move is told nothing, and who cannot is told to close', async (t) => {
  const { client, socket, server } = await setUp(t);
  const free: Socket[] = [];
  servedBy(server)!.drain((one) => free.push(one));
  await say(client, get('/one'), /one$/);
  assert.deepEqual([free, /connection: close/i.test(client.text)], [[socket], false]);
  pin(socket);
  await say(client, get('/two'), /two$/);
  assert.match(client.text, /connection: close/i);
});

test('when it does not move after all, it is told to close', async (t) => {
  const { client, server } = await setUp(t);
  const served = servedBy(server)!;
  served.drain(() => undefined);
  served.drain();
  await say(client, get('/one'), /one$/);
  assert.match(client.text, /connection: close/i);
});

test('one that another process has admitted is served beyond the limits, and counts for them', async (t) => {
  const { server, socket } = await setUp(t, { concurrency: 1, maxConnsPerIP: 1 });
  const handle = (socket as Socket & { _handle: object })._handle;
  Object.defineProperty(handle, MOVED, { value: true });
  const sockets = servedBy(server)!.sockets!;
  assert.equal([...sockets()].length, 1);
  const accept = (server as unknown as { _handle: { onconnection(status: number, client: object): void } })._handle;
  const refused = new Client(t, (server.address() as { port: number }).port);
  await refused.received(/^HTTP\/1.1 (?:503|429)/);
  // The same connection stands for another one here. It only counts that it is not turned away.
  const opened = once(server, 'connection') as Promise<[Socket]>;
  accept.onconnection(0, handle);
  await opened;
  assert.equal([...sockets()].length, 2);
});
