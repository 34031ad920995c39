/** Runs the examples as they are, and expects answers from every worker, also after what hostile clients send. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';
import { serve, type App } from '../../support/app.ts';
import { attack } from '../../support/hostile.ts';
import { ask, askHttp2, askTls, distinct, get } from '../../support/http.ts';
import { example, fixture } from '../../support/paths.ts';
import { noSqlite } from '../../support/platform.ts';

const run = promisify(execFile);
const env = { KEY: fixture('../tls/key.pem'), CERT: fixture('../tls/cert.pem') };
const options = ['--workers', '2'];

interface Example {
  readonly file: string;
  readonly ask: (app: App) => Promise<string>;
  /** True for the library form, which node runs alone. */
  readonly byNode?: true;
  /** True when it serves TLS. */
  readonly tls?: true;
}

const plain = (app: App): Promise<string> => ask(app.target);

const examples: readonly Example[] = [
  { file: 'hello/server.js', ask: plain },
  { file: 'systemd/server.js', ask: plain },
  { file: 'https/server.js', ask: (app) => askTls(app.target), tls: true },
  { file: 'http2/server.js', ask: (app) => askHttp2(app.target, 'https:'), tls: true },
  { file: 'express/server.js', ask: plain },
  { file: 'fastify/server.js', ask: plain },
  { file: 'koa/server.js', ask: plain },
  { file: 'hono/server.js', ask: plain, byNode: true },
  { file: 'ws/server.js', ask: (app) => echo(app, 'hi') },
  { file: 'fasthttp-style/server.js', ask: plain, byNode: true },
  { file: 'testing/server.js', ask: plain },
  { file: 'http/server.js', ask: plain, byNode: true },
];

for (const { file, ask: question, byNode, tls = false } of examples) {
  test(`examples/${file}`, async () => {
    const entry = example(file);
    const form = byNode ? { command: false, env: { ...env, PREFORK_WORKERS: '2' } } : { options, env };
    await using app = await serve({ entry, ...form });
    const workers = new Set(app.workers.values());
    assert.deepEqual(await pids(app, question), workers);
    await attack(app.port, { tls });
    assert.deepEqual(await pids(app, question), workers, 'a client has ended a worker');
  });
}

test('examples/ws/server.js reads no more of a client that does not read its answers', async () => {
  await using app = await serve({ entry: example('ws/server.js'), options });
  const socket = new WebSocket(`ws://127.0.0.1:${app.port}`);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.pause();
  const frame = Buffer.alloc(60_000);
  let taken = 0;
  // The kernel keeps some MB for both directions.
  while (taken < MOST_IN_KERNEL && (await sent(socket, frame))) taken += frame.length;
  socket.terminate();
  assert.ok(taken < MOST_IN_KERNEL, `${taken} bytes are taken, and so are their answers`);
});

test('examples/queue-consumer/consumer.js', async () => {
  await using app = await serve({ entry: example('queue-consumer/consumer.js'), options });
  await app.output(/slot 0 did job/);
  await app.output(/slot 1 did job/);
  app.signal('SIGTERM');
  assert.deepEqual(await app.exit(), { code: 0, signal: null });
  assert.match(app.stdout, /slot 0 is done/);
  assert.match(app.stdout, /slot 1 is done/);
});

test('examples/testing/server.test.js', async () => {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const { stdout } = await run(process.execPath, ['--test', example('testing/server.test.js')], { env: inherited });
  assert.match(stdout, /[1-9]\d* requests answered, the slowest in \d+ ms/);
});

test('examples/shared-state/server.js', { skip: noSqlite }, async () => {
  await using app = await serve({ entry: example('shared-state/server.js'), options });
  for (const path of ['/', `/${'7'.repeat(1100)}`, '/%ff', '//']) {
    assert.equal((await get(app.target, { path })).status, 404, path);
  }
  const answers = await distinct(6, () => ask(app.target, '/7'));
  assert.deepEqual(
    [...answers].map((answer) => Number(/visit (\d+)/.exec(answer)![1])),
    [1, 2, 3, 4, 5, 6],
  );
  assert.equal(new Set([...answers].map((answer) => /loaded by (\d+)/.exec(answer)![1])).size, 1);
  await app.output(/heard \d+ runs the clock/);
});

test('no example is longer than 30 lines, and none is left out here', () => {
  const others = ['queue-consumer/consumer.js', 'shared-state/server.js', 'testing/server.test.js'];
  const tested = new Set([...examples.map(({ file }) => file), ...others]);
  const files = readdirSync(example(''), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
  assert.deepEqual(new Set(files), tested);
  for (const file of files) {
    const lines = readFileSync(example(file), 'utf8').trimEnd().split('\n').length;
    assert.ok(lines <= 30, `${file} has ${lines} lines`);
  }
});

const MOST_IN_KERNEL = 64_000_000;

/** Sends a frame. @returns false when it is not taken within half a second */
function sent(socket: WebSocket, frame: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 500);
    socket.send(frame, () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/** Asks until both workers have answered. */
async function pids(app: App, question: (app: App) => Promise<string>): Promise<Set<number>> {
  const answers = await distinct(2, () => question(app));
  return new Set([...answers].map((answer) => Number(/\d{2,}/.exec(answer)?.[0])));
}

/** Returns the answer of a new WebSocket. */
function echo(app: App, message: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${app.port}`);
    socket.once('open', () => socket.send(message));
    socket.once('message', (data: Buffer) => {
      resolve(data.toString());
      socket.close();
    });
    socket.once('error', reject);
  });
}
