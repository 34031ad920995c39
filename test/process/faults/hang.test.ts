/** Tests workers whose event loop does not turn: others help out, and in the end they are replaced. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { serve, type App } from '../../support/app.ts';
import { ask, connected } from '../../support/http.ts';
import { ownSharings } from '../../support/platform.ts';

/**
 * Sends a request that hangs its worker, and waits until prefork has noticed.
 *
 * @returns the worker's slot.
 */
async function hang(app: App): Promise<number> {
  const socket = await connected(app.target);
  socket.on('error', () => {}).write('GET /spin HTTP/1.1\r\nHost: x\r\n\r\n');
  return Number((await app.event('worker hung')).fields['slot']);
}

for (const sharing of ownSharings) {
  test(`a neighbour serves the socket of a worker that hangs, ${sharing}`, async () => {
    const options = ['--workers', '2', '--sharing', sharing, '--heartbeat-timeout', '0'];
    await using app = await serve({ entry: 'hangs-on-request.js', options });
    const slot = await hang(app);
    const other = String(app.worker(1 - slot));
    // Half of the requests arrive at the socket of the worker that hangs.
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(app.target)));
    assert.deepEqual(new Set(answers), new Set([other]));
    process.kill(app.worker(slot), 'SIGKILL');
    await app.event('worker ready', { slot }, 2);
  });
}

test('a worker that hangs for the heartbeat timeout is killed, and the log says how to see where', async () => {
  const options = ['--workers', '2', '--heartbeat-timeout', '2s'];
  await using app = await serve({ entry: 'hangs-on-request.js', options });
  const slot = await hang(app);
  const pid = app.worker(slot);
  const { fields } = await app.event('worker given up', { slot, pid });
  assert.equal(fields['stack'], 'not taken: --hang-stack is off');
  await app.event('worker exited', { pid, signal: 'SIGKILL', reason: 'hung' });
  await app.event('worker ready', { slot }, 2);
});

test('with --hang-stack on the stack is in the log', async () => {
  const options = ['--workers', '2', '--heartbeat-timeout', '2s', '--hang-stack', 'on'];
  await using app = await serve({ entry: 'hangs-on-request.js', options });
  // The thread starts when the application has had time to start.
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const slot = await hang(app);
  const pid = app.worker(slot);
  const { fields } = await app.event('worker stack', { slot, pid });
  assert.match(fields['stack']!, /^spinForever \(.*hangs-on-request\.js:10:\d+\)/);
  await app.event('worker exited', { pid, signal: 'SIGKILL', reason: 'hung' });
  await app.event('worker ready', { slot }, 2);
  assert.match(await ask(app.target), /^\d+$/);
});

test('a worker that was stopped and goes on is helped, not killed', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '2'] });
  const pid = app.worker(0);
  process.kill(pid, 'SIGSTOP');
  await app.event('worker hung', { slot: 0, pid });
  assert.equal(await ask(app.target), String(app.worker(1)));
  process.kill(pid, 'SIGCONT');
  await app.event('worker beats again', { slot: 0, pid });
  assert.equal(app.worker(0), pid);
  assert.deepEqual(app.events('worker exited'), []);
});

test('a primary that was stopped itself blames nobody', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '2', '--heartbeat-timeout', '1s'] });
  const before = new Map(app.workers);
  app.signal('SIGSTOP');
  // The wait is longer than the timeout, because the test expects that nothing happens.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  app.signal('SIGCONT');
  app.signal('SIGTTIN');
  await app.event('scaled', { workers: 3 });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  for (const [slot, pid] of before) assert.equal(app.worker(slot), pid);
  assert.deepEqual(app.events('worker hung'), []);
  assert.deepEqual(app.events('worker exited'), []);
});
