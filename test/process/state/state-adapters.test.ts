/** Tests libraries as their users have them, with our stores to share their data. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test, before, after } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fastifyRateLimit from '@fastify/rate-limit';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import Fastify from 'fastify';
import { Keyv } from 'keyv';
import { Server } from 'socket.io';
import { io as connect, type Socket } from 'socket.io-client';
import { createRequire } from 'node:module';
import { openState, type State } from '../../../src/state.ts';
import { RateLimitStore } from '../../../src/state/adapters/express-rate-limit.ts';
import { sessionStore } from '../../../src/state/adapters/express-session.ts';
import { rateLimitStore } from '../../../src/state/adapters/fastify-rate-limit.ts';
import { KeyvStore } from '../../../src/state/adapters/keyv.ts';
import { rateLimiter } from '../../../src/state/adapters/rate-limiter-flexible.ts';
import { socketAdapter } from '../../../src/state/adapters/socket.io.ts';
import { serve } from '../../support/app.ts';
import { get } from '../../support/http.ts';
import { fixture } from '../../support/paths.ts';
import { noSqlite } from '../../support/platform.ts';

/** The package has no types of its own. */
const session = createRequire(import.meta.url)('express-session') as (options: object) => express.RequestHandler;

describe('adapters', { skip: noSqlite }, () => {
  let state: State;
  before(async () => {
    state = await openState();
  });
  after(() => state.close());

  test('Keyv: what its own stores do', async () => {
    const store = new KeyvStore(state);
    const [a, b] = [new Keyv({ store, namespace: 'a' }), new Keyv({ store: new KeyvStore(state), namespace: 'b' })];
    for (const value of ['text', 7, true, null, { deep: [1, { x: 'y' }] }, Buffer.from('bytes')]) {
      assert.equal(await a.set('key', value), true);
      assert.deepEqual(await a.get('key'), value);
    }
    assert.equal(await b.get('key'), undefined);
    await b.set('key', 'of b');
    await a.set('short', 'lived', 30);
    assert.equal(await a.has('short'), true);
    await delay(50);
    assert.equal(await a.has('short'), false);
    assert.equal(await a.get('short'), undefined);
    await a.set('one', 1);
    await a.set('two', 2);
    assert.deepEqual(await a.get(['one', 'none', 'two']), [1, undefined, 2]);
    assert.equal(await a.delete('one'), true);
    assert.equal(await a.delete('one'), false);
    assert.equal(await a.delete(['two', 'none']), true);
    const seen: unknown[] = [];
    for await (const pair of a.iterator!({})) seen.push(pair);
    assert.deepEqual(seen, [['key', Buffer.from('bytes')]]);
    await a.clear();
    assert.equal(await a.get('key'), undefined);
    assert.equal(await b.get('key'), 'of b');
  });

  test('express-rate-limit: of two servers as of one', async (t) => {
    const servers = [1, 2].map(() => {
      const app = express();
      const store = new RateLimitStore(state, { name: 'express' });
      app.use(rateLimit({ limit: 5, windowMs: 60_000, store, validate: false }));
      return createServer(app.get('/', (_, response) => void response.send('ok'))).listen(0);
    });
    t.after(() => servers.map((server) => server.close()));
    const statuses: number[] = [];
    for (let i = 0; i < 8; i++) {
      const { port } = servers[i % 2]!.address() as AddressInfo;
      statuses.push((await get({ host: '127.0.0.1', port })).status);
    }
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429, 429]);
  });

  test('@fastify/rate-limit: of two servers as of one, routes with limits of their own', async (t) => {
    const servers = await Promise.all(
      [1, 2].map(async () => {
        const fastify = Fastify();
        const store = rateLimitStore(state, 'fastify');
        await fastify.register(fastifyRateLimit, { max: 3, timeWindow: 60_000, store } as never);
        fastify.get('/', () => 'ok');
        fastify.get('/own', { config: { rateLimit: { max: 1, timeWindow: 60_000 } } }, () => 'ok');
        return fastify;
      }),
    );
    t.after(() => Promise.all(servers.map((server) => server.close())));
    const statuses = async (url: string): Promise<number[]> => {
      const answers: number[] = [];
      for (let i = 0; i < 5; i++) answers.push((await servers[i % 2]!.inject(url)).statusCode);
      return answers;
    };
    assert.deepEqual(await statuses('/'), [200, 200, 200, 429, 429]);
    assert.deepEqual(await statuses('/own'), [200, 429, 429, 429, 429]);
  });

  test('rate-limiter-flexible: consume, penalty, reward, block, get, delete', async () => {
    const [a, b] = [1, 2].map(() => rateLimiter(state, { points: 3, duration: 60, keyPrefix: 'flexible' }));
    assert.equal((await a!.consume('ip')).remainingPoints, 2);
    assert.equal((await b!.consume('ip')).remainingPoints, 1);
    await a!.penalty('ip', 1);
    await assert.rejects(b!.consume('ip'), (result: { msBeforeNext: number; consumedPoints: number }) => {
      assert.equal(result.consumedPoints, 4);
      return result.msBeforeNext > 59_000 && result.msBeforeNext <= 60_000;
    });
    await a!.reward('ip', 2);
    assert.equal((await b!.get('ip'))?.consumedPoints, 2);
    assert.equal(await b!.delete('ip'), true);
    assert.equal(await a!.get('ip'), null);
    await a!.block('ip', 60);
    await assert.rejects(b!.consume('ip'), (result: { msBeforeNext: number }) => result.msBeforeNext > 59_000);
  });

  test('express-session: a session of one server is known to the other', async (t) => {
    const servers = [1, 2].map(() => {
      const app = express();
      app.use(session({ secret: 's', resave: false, saveUninitialized: false, store: sessionStore(state) }));
      app.get('/', (request, response) => {
        const own = (request as unknown as { session: { views?: number } }).session;
        own.views = (own.views ?? 0) + 1;
        response.send(String(own.views));
      });
      app.get('/out', (request, response) => {
        const own = (request as unknown as { session: { destroy(done: () => void): void } }).session;
        own.destroy(() => void response.send('out'));
      });
      return createServer(app).listen(0);
    });
    t.after(() => servers.map((server) => server.close()));
    const ask = (index: number, path: string, cookie: string): ReturnType<typeof get> =>
      get({ host: '127.0.0.1', port: (servers[index]!.address() as AddressInfo).port }, { path, headers: { cookie } });
    const first = await ask(0, '/', '');
    const cookie = first.headers['set-cookie']![0]!.split(';')[0]!;
    assert.equal((await ask(1, '/', cookie)).body, '2');
    assert.equal((await ask(0, '/', cookie)).body, '3');
    await ask(1, '/out', cookie);
    assert.equal((await ask(0, '/', cookie)).body, '1');
  });

  test('Socket.IO: rooms, fetchSockets and serverSideEmit over two servers', async (t) => {
    const servers = [1, 2].map(() => {
      const http = createServer().listen(0);
      const io = new Server(http, { adapter: socketAdapter(state) as never });
      io.on('connection', (socket) => socket.join('room'));
      return { io, port: (http.address() as AddressInfo).port };
    });
    const clients = servers.map(({ port }) => connect(`http://127.0.0.1:${port}`, { transports: ['websocket'] }));
    t.after(async () => {
      for (const client of clients) client.disconnect();
      await Promise.all(servers.map(({ io }) => io.close()));
    });
    await Promise.all(clients.map((client) => once(client as never, 'connect')));
    while ((await servers[0]!.io.fetchSockets()).length < 2) await delay(10);
    const heard = clients.map((client) => once(client as never, 'news'));
    servers[0]!.io.to('room').emit('news', { text: 'hi', bytes: Buffer.from('x') });
    for (const [news] of await Promise.all(heard)) assert.equal((news as { text: string }).text, 'hi');
    servers[1]!.io.on('question' as never, ((answer: (n: number) => void) => answer(2)) as never);
    assert.deepEqual(await servers[0]!.io.serverSideEmitWithAck('question' as never), [2]);
  });
});

test('express-rate-limit with limit 100 under 4 workers: exactly 100 pass', { skip: noSqlite }, async () => {
  await using app = await serve({ entry: fixture('state-rate-limit.js'), options: ['--workers', '4'] });
  const answers = await Promise.all(Array.from({ length: 250 }, () => get(app.target)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 100);
  assert.equal(answers.filter(({ status }) => status === 429).length, 150);
});

test(
  'a Socket.IO chat over 4 workers: every client gets every message, over a reload too',
  { skip: noSqlite },
  async () => {
    await using app = await serve({ entry: fixture('state-chat.js'), options: ['--workers', '4'] });
    const clients = Array.from({ length: 16 }, () => chatter(app.port));
    try {
      await Promise.all(clients.map(({ socket }) => once(socket as never, 'connect')));
      await say(clients, 'before', 5);
      app.signal('SIGHUP');
      await say(clients, 'during', 40);
      await app.event('reload done');
      await say(clients, 'after', 5);
    } finally {
      for (const { socket } of clients) socket.disconnect();
    }
  },
);

interface Chatter {
  readonly socket: Socket;
  readonly heard: Set<string>;
}

/** Opens a client. After a reload it connects to another worker, which tells it again all that was said. */
function chatter(port: number): Chatter {
  const heard = new Set<string>();
  const socket = connect(`http://127.0.0.1:${port}`, {
    transports: ['websocket'],
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
    auth: (tell) => tell({ seen: heard.size }),
  });
  socket.on('said', (text: string) => heard.add(text));
  return { socket, heard };
}

/** Lets each client say something in turn, with an acknowledgement. Then all have heard all of it. */
async function say(clients: readonly Chatter[], what: string, times: number): Promise<void> {
  const said: string[] = [];
  for (let i = 0; i < times; i++) {
    const text = `${what} ${i}`;
    await sayOnce(clients[i % clients.length]!.socket, text);
    said.push(text);
  }
  for (
    const end = Date.now() + 10_000;
    !clients.every(({ heard }) => said.every((text) => heard.has(text)));
    await delay(10)
  ) {
    if (Date.now() < end) continue;
    const missing = clients.map(({ heard }) => said.filter((text) => !heard.has(text)));
    assert.fail(`not heard: ${JSON.stringify(missing)}`);
  }
}

/** Says something, and repeats it when the acknowledgement was lost with the connection. */
async function sayOnce(socket: Socket, text: string): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end;) {
    try {
      await socket.timeout(500).emitWithAck('say', text);
      return;
    } catch {
      // The client's worker drains, and the client is about to connect to another one.
    }
  }
  throw new Error(`'${text}' was never acknowledged`);
}
