/** Workers whose event loop does not turn: others help out, and in the end they are replaced. */
import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { test } from 'node:test';
import { realOs } from '../../src/primary/os.ts';
import { serve, type App } from '../support/app.ts';
import { ask, connected } from '../support/http.ts';
import { ownSharings } from '../support/platform.ts';

/** Sends a request that hangs its worker, and waits until prefork has noticed. @returns the worker's slot. */
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
    // Half of them come to the socket of the one that hangs.
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(app.target)));
    assert.deepEqual(new Set(answers), new Set([other]));
    process.kill(app.worker(slot), 'SIGKILL');
    await app.event('worker ready', { slot }, 2);
  });
}

test('a worker that hangs for the heartbeat timeout is killed, with its stack in the log', async () => {
  const options = ['--workers', '2', '--heartbeat-timeout', '2s'];
  await using app = await serve({ entry: 'hangs-on-request.js', options });
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
  // Longer than the timeout. What is waited for is that nothing happens.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  app.signal('SIGCONT');
  app.signal('SIGTTIN');
  await app.event('scaled', { workers: 3 });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  for (const [slot, pid] of before) assert.equal(app.worker(slot), pid);
  assert.deepEqual(app.events('worker hung'), []);
  assert.deepEqual(app.events('worker exited'), []);
});

test('looking into a worker signals the worker itself, not whoever has its pid by then', async (context) => {
  if (process.platform !== 'linux') return context.skip('needs /proc');
  const program =
    "process.on('SIGUSR1', () => process.exit(1)); process.on('message', process.exit); process.send('up')";
  const other = fork('-', { execArgv: ['-e', program] });
  await once(other, 'message');
  const signals: string[] = [];
  const ended = { pid: other.pid, kill: (signal: string) => signals.push(signal) > 1 } as unknown as ChildProcess;
  assert.match(await realOs({}).stackOf(ended), /^unknown: /);
  assert.deepEqual(signals, ['SIGUSR1']);
  other.send(0);
  assert.deepEqual(await once(other, 'exit'), [0, null]);
});
