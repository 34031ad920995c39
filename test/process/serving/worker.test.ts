/** Tests a worker whose primary is the test. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { NO_SLOT } from '../../../src/ipc/briefing.ts';
import { bindTcp, type NativeHandle } from '../../../src/listeners/native.ts';
import type { Target } from '../../support/app.ts';
import { ask, Exchange } from '../../support/http.ts';
import { poll } from '../../support/watched.ts';
import { TestWorker } from '../../support/worker.ts';

/** New connections without a pause, with one request each. */
class Load {
  readonly #answers: string[] = [];
  readonly #clients: Promise<void>;
  #isOver = false;

  constructor(target: Target) {
    const client = async (): Promise<void> => {
      while (!this.#isOver) this.#answers.push(await ask(target));
    };
    this.#clients = Promise.all(Array.from({ length: 8 }, client)).then(() => undefined);
  }

  /** Returns the next `count` answers. The promise rejects when a request was not answered. */
  async answers(count: number): Promise<string[]> {
    const from = this.#answers.length;
    const come = poll(() => this.#answers.length >= from + count || undefined, `${count} answers`);
    await Promise.race([come, this.#clients]);
    return this.#answers.slice(from);
  }

  stop(): Promise<void> {
    this.#isOver = true;
    return this.#clients;
  }
}

const spare = { context: { slot: NO_SLOT } };

/** Makes a listening socket as the primary has it, until the test ends. */
function bind(t: TestContext): { handle: NativeHandle; port: number } {
  const bound = bindTcp('127.0.0.1', 0, 4);
  if ('errno' in bound) throw new Error(`bind: ${bound.errno}`);
  t.after(() => bound.handle.close());
  return bound;
}

/** Answers the worker's listen. */
async function grant(worker: TestWorker, slot: number, handle: NativeHandle): Promise<void> {
  const { request, data } = await worker.message('listen');
  worker.send({ type: 'granted', request, listener: 1, slot, data, isPassed: false, isParked: false }, handle);
  await worker.message('listening');
}

test('a spare waits for the answer to its listen, and serves when it is promoted', async (t) => {
  const worker = new TestWorker(t, { entry: 'tells-its-slot.js', ...spare });
  await worker.message('listen');
  await worker.output(/starts as undefined undefined undefined\n/);
  // Only the unanswered request keeps the worker alive.
  await delay(300);
  assert.ok(worker.isAlive);
  assert.equal(worker.stdout.includes('has slot'), false);
  assert.deepEqual([worker.row.state, worker.row.slot], ['standby', NO_SLOT]);

  worker.send({ type: 'promote', slot: 3 });
  await worker.output(/has slot 3\n/);
  assert.deepEqual([worker.row.state, worker.row.slot], ['standby', 3]);

  const { handle, port } = bind(t);
  await grant(worker, 3, handle);
  assert.equal(worker.row.state, 'ready');
  assert.equal(await ask({ host: '127.0.0.1', port }), '3 3 3');
});

test('a worker that has its slot from the start keeps it when it is promoted', async (t) => {
  const worker = new TestWorker(t, { entry: 'tells-its-slot.js', context: { slot: 2 } });
  await worker.output(/has slot 2\nstarts as 2 2 2\n/);
  const { handle, port } = bind(t);
  await grant(worker, 2, handle);
  worker.send({ type: 'promote', slot: 2 });
  assert.equal(await ask({ host: '127.0.0.1', port }), '2 2 2');
  assert.equal(worker.stdout.match(/has slot/g)?.length, 1);
});

for (const entry of ['worker-ready.js', 'ready-message.js']) {
  test(`a spare that says it is ready is so when it is promoted: ${entry}`, async (t) => {
    const worker = new TestWorker(t, { entry, ...spare });
    await poll(() => worker.row.state !== 'booting' || undefined, 'its word');
    assert.equal(worker.row.state, 'standby');
    worker.send({ type: 'promote', slot: 0 });
    await poll(() => worker.row.state === 'ready' || undefined, 'the state ready');
    assert.equal(worker.row.slot, 0);
  });
}

test(`process.send('ready') arrives, and leaves process.send as it was`, async (t) => {
  const program = `
    const before = process.send;
    process.send('other', () => process.send('ready'));
    setTimeout(() => console.log(process.send !== before, process.send.name), 100);`;
  const worker = new TestWorker(t, { entry: 'main.mjs', files: { 'main.mjs': program } });
  const heard: unknown[] = [];
  worker.child.on('message', (message) => heard.push(message));
  await worker.output(/true/);
  assert.deepEqual(heard, ['other', 'ready']);
  assert.equal(worker.row.state, 'ready');
});

test('SIGUSR1 opens the inspector on a free port, also in an endless loop', async (t) => {
  const files = { 'main.mjs': `console.log('loops'); while (true);` };
  const workers = [1, 2].map(() => new TestWorker(t, { entry: 'main.mjs', files }));
  const ports = new Set<string>();
  for (const worker of workers) {
    await worker.output(/loops/);
    process.kill(worker.child.pid!, 'SIGUSR1');
    const [, port] = await worker.output(/Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)\//, 'stderr');
    ports.add(port!);
  }
  assert.equal(ports.size, 2);
  assert.equal(ports.has('9229'), false);
});

for (const [how, options] of [
  ['on the command line', { nodeOptions: ['--inspect-port=45678'] }],
  ['in NODE_OPTIONS', { env: { NODE_OPTIONS: '--inspect-port=45678' } }],
] as const) {
  test(`an inspector's port that is given ${how} stays`, async (t) => {
    const files = { 'main.mjs': 'console.log(`port ${process.debugPort}.`)' };
    const worker = new TestWorker(t, { entry: 'main.mjs', files, ...options });
    await worker.output(/port 45678\./);
  });
}

test('a takeover under load: the old worker drains, the new one has the socket, and every connection is answered', async (t) => {
  const { handle, port } = bind(t);
  const [old, successor] = [new TestWorker(t, { entry: 'hello.js' }), new TestWorker(t, { entry: 'hello.js' })];
  await grant(old, 0, handle);
  const load = new Load({ host: '127.0.0.1', port });
  await load.answers(20);
  await grant(successor, 0, handle);
  old.send({ type: 'drain', idle: 1000, spread: 0, takenOver: true });
  await old.message('drained');
  await load.answers(20);
  old.child.kill('SIGTERM');
  assert.deepEqual(await old.exit(), { code: null, signal: 'SIGTERM' });
  const pids = await load.answers(20);
  assert.deepEqual(new Set(pids), new Set([String(successor.child.pid)]));
  await load.stop();
});

test('worker.onDrain and worker.isDraining: the application knows, and has its time', async (t) => {
  const worker = new TestWorker(t, { entry: 'drains-slowly.js' });
  const { handle, port } = bind(t);
  await grant(worker, 0, handle);
  assert.equal(await ask({ host: '127.0.0.1', port }), 'false');
  worker.send({ type: 'drain', idle: 0, spread: 0 });
  await worker.output(/drains true\n/);
  assert.equal(worker.row.state, 'draining');
  await delay(100);
  assert.equal(
    worker.messages.some(({ type }) => type === 'drained'),
    false,
  );
  worker.child.send('go');
  await worker.message('drained');
});

test('a worker whose channel is closed drains, and ends', async (t) => {
  const worker = new TestWorker(t, { entry: 'drains-slowly.js' });
  const { handle } = bind(t);
  await grant(worker, 0, handle);
  worker.child.disconnect();
  await worker.exit();
  assert.match(worker.stdout, /^drains true\n$/);
});

test('a socket that is granted parked is accepted from when the worker is told to', async (t) => {
  const worker = new TestWorker(t, { entry: 'hello.js' });
  const { handle, port } = bind(t);
  const target = { host: '127.0.0.1', port };
  const { request, data } = await worker.message('listen');
  worker.send({ type: 'granted', request, listener: 1, slot: 0, data, isPassed: false, isParked: true }, handle);
  await worker.message('opened');
  assert.equal(worker.row.state, 'standby');
  await assert.rejects(ask(target), { code: 'ECONNREFUSED' }, 'this test has not listened either');
  // Only the server keeps the worker alive.
  await delay(300);
  assert.ok(worker.isAlive);

  worker.send({ type: 'accept', listener: 1, slot: 0 });
  await worker.message('listening');
  assert.equal(worker.row.state, 'ready');
  assert.equal(await ask(target), String(worker.child.pid));
});

test('a worker that is parked keeps its connections, and accepts again from another copy of its socket', async (t) => {
  const worker = new TestWorker(t, { entry: 'echo.js' });
  const { handle, port } = bind(t);
  const target = { host: '127.0.0.1', port };
  await grant(worker, 0, handle);
  const exchange = await Exchange.open(target);
  worker.send({ type: 'park', listener: 1 });
  await poll(() => worker.row.state === 'standby' || undefined, 'the state standby');
  const late = ask(target);
  assert.equal((await exchange.finish()).body, 'first last');
  assert.equal(worker.messages.filter(({ type }) => type === 'closed').length, 0);

  worker.send({ type: 'accept', listener: 1, slot: 0 }, handle);
  await poll(() => worker.row.state === 'ready' || undefined, 'the state ready');
  await late;
  worker.send({ type: 'drain', idle: 0, spread: 0, takenOver: true });
  await worker.message('closed');
  await worker.message('drained');
});

test('what is listened on after the drain began asks the primary for nothing, and closes as ever', async (t) => {
  const worker = new TestWorker(t, { entry: 'listens-when-drained.js' });
  const { handle } = bind(t);
  await grant(worker, 0, handle);
  worker.send({ type: 'drain', idle: 0, spread: 0, takenOver: true });
  await worker.output(/listens true at 127\.0\.0\.1\n/);
  assert.equal(worker.messages.filter(({ type }) => type === 'listen').length, 1);
  worker.child.send('go');
  await worker.output(/closed\n/);
  await worker.message('drained');
});

test('a listen that the drain overtook says that it listens, and accepts nothing', async (t) => {
  const program = `
    import { createServer } from 'node:http';
    const server = createServer().listen(process.env.PORT, () => console.log('listens', server.listening));`;
  const worker = new TestWorker(t, { entry: 'main.mjs', files: { 'main.mjs': program } });
  const { request } = await worker.message('listen');
  worker.send({ type: 'drain', idle: 0, spread: 0 });
  worker.send({ type: 'late', request });
  await worker.output(/listens true\n/);
  await worker.message('drained');
});
