/** A worker at the hands of a primary that is the test. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { NO_SLOT } from '../../src/ipc/context.ts';
import { bindTcp } from '../../src/listeners/native.ts';
import { ask } from '../support/http.ts';
import { poll } from '../support/watched.ts';
import { TestWorker } from '../support/worker.ts';

const spare = { context: { slot: NO_SLOT } };

/** Answers the worker's listen with a socket; returns its port. */
async function grant(worker: TestWorker, slot: number): Promise<number> {
  const { request, data } = await worker.message('listen');
  const bound = bindTcp('127.0.0.1', 0, 4);
  if ('errno' in bound) throw new Error(`bind: ${bound.errno}`);
  worker.send({ type: 'granted', request, listener: 1, slot, data }, bound.handle);
  await worker.message('listening');
  bound.handle.close();
  return bound.port;
}

test('a spare waits for the answer to its listen, and serves when it is promoted', async (t) => {
  const worker = new TestWorker(t, { entry: 'tells-its-slot.js', ...spare });
  await worker.message('listen');
  await worker.output(/starts as undefined undefined undefined\n/);
  // Nothing but the question keeps it alive.
  await delay(300);
  assert.ok(worker.isAlive);
  assert.equal(worker.stdout.includes('has slot'), false);
  assert.deepEqual([worker.row.state, worker.row.slot], ['standby', NO_SLOT]);

  worker.send({ type: 'promote', slot: 3 });
  await worker.output(/has slot 3\n/);
  assert.deepEqual([worker.row.state, worker.row.slot], ['standby', 3]);

  const port = await grant(worker, 3);
  assert.equal(worker.row.state, 'ready');
  assert.equal(await ask({ host: '127.0.0.1', port }), '3 3 3');
});

test('a worker that has its slot from the start keeps it when it is promoted', async (t) => {
  const worker = new TestWorker(t, { entry: 'tells-its-slot.js', context: { slot: 2 } });
  await worker.output(/has slot 2\nstarts as 2 2 2\n/);
  const port = await grant(worker, 2);
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
