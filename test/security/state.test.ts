/** Tests state where other users, other programs and broken ones have been: at a path, and in Redis. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import { RateLimitStore } from '../../src/state/adapters/express-rate-limit.ts';
import { openState } from '../../src/state.ts';
import { freePort, NOBODY, noOtherUser, noSqlite } from '../support/platform.ts';
import { noRedis, Redis } from '../support/redis.ts';

const unfit = { code: 'ERR_STATE_PLACE' };

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'prefork-state-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('at a path that all may look into, the files are closed', { skip: noSqlite }, async (t) => {
  const path = directory(t);
  chmodSync(path, 0o755);
  writeFileSync(join(path, 'store.db'), '', { mode: 0o644 });
  const state = await openState({ path });
  await state.cache('sessions').set('k', 'secret');
  for (const name of ['store.db', 'store.db-wal', 'versions', 'changes']) {
    assert.equal(statSync(join(path, name)).mode & 0o077, 0, name);
  }
  await state.close();
});

const planted: ReadonlyArray<readonly [string, (path: string, victim: string) => void, RegExp]> = [
  ['that others may write to', (path) => chmodSync(path, 0o777), /other users may write to it/],
  ['that the group may write to', (path) => chmodSync(path, 0o770), /other users may write to it/],
  [
    'with a link in the place of a file',
    (path, victim) => symlinkSync(victim, join(path, 'changes')),
    /changes: it is a link/,
  ],
  [
    'with a second name of another file',
    (path, victim) => linkSync(victim, join(path, 'versions')),
    /versions: it is a link/,
  ],
  [
    'with a directory in the place of a file',
    (path) => mkdirSync(join(path, 'store.db')),
    /store\.db: it is a link, or is no file/,
  ],
];

for (const [what, plant, message] of planted) {
  test(`a path ${what} is refused, and nothing is written through it`, { skip: noSqlite }, async (t) => {
    const [path, victim] = [directory(t), join(directory(t), 'victim')];
    writeFileSync(victim, 'important');
    plant(path, victim);
    await assert.rejects(openState({ path }), { ...unfit, message });
    assert.equal(readFileSync(victim, 'utf8'), 'important');
  });
}

test('a path of another user is refused', { skip: noOtherUser || noSqlite }, async (t) => {
  const path = directory(t);
  chownSync(path, NOBODY, NOBODY);
  await assert.rejects(openState({ path }), { ...unfit, message: new RegExp(`belongs to uid ${NOBODY}`) });
});

test('what was counted in a window that is over is not lent to the next one', { skip: noSqlite }, async (t) => {
  const state = await openState({ path: directory(t) });
  const store = new RateLimitStore(state);
  const waiting: express.Response[] = [];
  const app = express();
  const limit = { windowMs: 1000, limit: 100, skipFailedRequests: true, validate: false, keyGenerator: () => 'client' };
  app.use(rateLimit({ ...limit, store }));
  app.get('/slow', (_request, response) => void waiting.push(response));
  app.get('/quick', (_request, response) => void response.end());
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const get = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  const hits = async (): Promise<number | undefined> => (await store.get('client'))?.totalHits;

  const slow = [get('/slow'), get('/slow'), get('/slow')];
  while (waiting.length < 3) await delay(5);
  while ((await hits()) !== undefined) await delay(10);
  // A new window has begun, in which one request is on its way.
  for (let i = 0; i < 3; i++) assert.equal(await get('/quick'), 200);
  const mine = get('/slow');
  while (waiting.length < 4) await delay(5);
  // All fail and are taken back, although three of them were counted in the window before.
  for (const response of waiting) response.status(500).end();
  assert.deepEqual(await Promise.all([...slow, mine]), [500, 500, 500, 500]);
  while ((await hits()) === 4) await delay(5);
  assert.equal(await hits(), 3);
  await state.close();
});

test(
  'a token grows though the last was evicted, and though the server came back empty',
  { skip: noRedis },
  async () => {
    await using redis = await Redis.start();
    await using state = await openState(redis.url);
    const take = (): Promise<number> => state.lock('job', (_, token) => token);
    const first = await take();
    const flushed = spawnSync('redis-cli', ['-u', redis.url, 'FLUSHALL'], { encoding: 'utf8' });
    assert.match(flushed.stdout, /OK/);
    assert.ok((await take()) > first);
  },
);

test('what another program has under the same keys is a clear error', { skip: noRedis }, async () => {
  await using redis = await Redis.start();
  await using state = await openState(redis.url);
  const key = (name: string): string => `prefork:{cache c}:${name}`;
  const put = (...command: string[]): void => void spawnSync('redis-cli', ['-u', redis.url, ...command]);
  put('SET', key('text'), 'hello');
  put('SET', key('short'), '\u0002');
  put('LPUSH', key('list'), 'x');
  put('SET', 'prefork:{counters}:n', 'none');
  const cache = state.cache('c');
  for (const name of ['text', 'short', 'list']) {
    await assert.rejects(cache.get(name), { name: 'StateError', code: 'ERR_STATE_VALUE' }, name);
    await cache.delete(name);
    assert.equal(await cache.getOrCompute(name, () => 'mended'), 'mended');
  }
  await assert.rejects(state.counter('n').add(1), { code: 'ERR_STATE_VALUE' });
});

/** The answers of a server that is broken, or that is not Redis. */
const answers: ReadonlyArray<readonly [string, string]> = [
  ['a line that is none', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['a length below zero', '$-5\r\n'],
  ['a text that never ends', `$1000000\r\n${'x'.repeat(1000)}`],
  ['an error', '-ERR no\r\n'],
  ['nothing', ''],
];

for (const [what, bytes] of answers) {
  test(`a server that answers with ${what} is not available`, async (t) => {
    const server = createServer((socket: Socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.write(bytes));
    });
    await listen(server, t);
    const { port } = server.address() as { port: number };
    await assert.rejects(openState({ url: `redis://127.0.0.1:${port}`, timeout: '300ms' }), {
      code: 'ERR_STATE_UNAVAILABLE',
      message: new RegExp(`Redis at 127\\.0\\.0\\.1:${port} cannot be reached`),
    });
  });
}

test('a server that refuses is named, without its password', async () => {
  const port = await freePort();
  await assert.rejects(openState({ url: `redis://user:secret@127.0.0.1:${port}/3`, timeout: '2s' }), (error: Error) => {
    assert.match(error.message, new RegExp(`Redis at 127\\.0\\.0\\.1:${port}/3 cannot be reached: .*ECONNREFUSED`));
    assert.ok(!error.message.includes('secret'));
    return true;
  });
});

async function listen(server: Server, t: TestContext): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
}
