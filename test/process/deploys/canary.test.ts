/** Tests canaries with real processes: what is caught, what is promoted, and that no connection notices. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { serve, type App } from '../../support/app.ts';
import { ask, distinct, get } from '../../support/http.ts';
import { KeptConnections, type KeptReport } from '../../support/kept-connections.ts';
import { runCommand } from '../../support/command.ts';
import { fixture } from '../../support/paths.ts';

const ENTRY = 'app.mjs';
const echoes = readFileSync(fixture('echoes.js'), 'utf8');
const failing = echoes.replace('response.end(', 'response.statusCode = 500; response.end(');
const three = ['--workers', '3', '--canary-warmup', '0', '--canary-requests', '20'];

function serveFile(text: string, options: readonly string[] = three): Promise<App> {
  return serve({ entry: `./${ENTRY}`, files: { [ENTRY]: text }, options });
}

const edit = (app: App, text: string): void => writeFileSync(join(app.directory, ENTRY), text);

function assertUnnoticed({ answers, times: _times, wrong: _wrong, failures: _failures, ...report }: KeptReport): void {
  assert.deepEqual(report, { closed: 0, toldToClose: 0, lost: 0 });
  assert.ok(answers > 0);
}

test('a generation that answers with errors is given up: exit 1, both generations’ figures, no connection lost', async () => {
  await using app = await serveFile(echoes);
  const before = [0, 1, 2].map((slot) => app.worker(slot));
  const clients = await KeptConnections.open(app.target, { connections: 24, pause: 5 });
  edit(app, failing);
  const { code, stderr } = await runCommand(app, 'reload', '--canary', '1', '--watch', '60s');
  assert.equal(code, 1);
  assert.match(stderr, /reload failed: the new generation is worse: /);
  assert.match(stderr, /figure +gen 1 +gen 2 \(canary\)/);
  await app.event('canary watched', { gen: 2, workers: 1, of: 3 });
  await app.event('worker back', { pid: before[2]! });
  await distinct(1, () => ask(app.target));
  assertUnnoticed(await clients.stop());
  assert.equal(app.events('worker ready', { gen: 2 }).length, 1, 'no other worker was replaced');
});

test('a generation that is as good as the one before replaces it', async () => {
  await using app = await serveFile(echoes);
  const clients = await KeptConnections.open(app.target, { connections: 24, pause: 5 });
  const { code, stdout } = await runCommand(
    app,
    'reload',
    '--canary',
    '34%',
    '--watch',
    '5s',
    '--on-doubt',
    'continue',
    '--json',
  );
  assert.equal(code, 0);
  const outcome = JSON.parse(stdout) as {
    ok: boolean;
    comparison: { baseline: number; canary: number; table: unknown[] };
  };
  assert.equal(outcome.ok, true);
  assert.deepEqual([outcome.comparison.baseline, outcome.comparison.canary], [1, 2]);
  assert.ok(outcome.comparison.table.length > 0);
  await app.event('canary watched', { gen: 2, workers: 2 });
  const { wrong } = await clients.stop();
  assert.equal(wrong, 0);
  assert.equal(app.events('worker ready', { gen: 2 }).length, 3);
});

test('promote and rollback end the watch, and there is nothing to promote after it', async () => {
  await using app = await serveFile(echoes, [...three, '--canary', '1', '--canary-watch', '1h']);
  app.signal('SIGHUP');
  await app.event('canary watched', { gen: 2 });
  const status = JSON.parse((await runCommand(app, 'status', '--json')).stdout) as {
    canary: { baseline: number; canary: number; slots: number[]; total: number } | null;
  };
  const { baseline, canary, slots, total } = status.canary ?? {};
  assert.deepEqual([baseline, canary, slots, total], [1, 2, [2], 3_600_000]);
  const promoted = await runCommand(app, 'promote');
  assert.deepEqual([promoted.code, promoted.stderr], [0, '']);
  await app.event('reload done', { gen: 2 });

  app.signal('SIGHUP');
  await app.event('canary watched', { gen: 3 });
  assert.equal((await runCommand(app, 'rollback')).code, 0);
  await app.event('reload failed', { gen: 3 });
  const late = await runCommand(app, 'promote');
  assert.equal(late.code, 1);
  assert.match(late.stderr, /no canary is watched/);
});

test('a canary that crashes is given up at once', async () => {
  await using app = await serveFile(echoes);
  edit(app, echoes.replace('response.end(', 'process.exit(3); response.end('));
  const reloading = runCommand(app, 'reload', '--canary', '1', '--watch', '60s');
  await app.event('canary watched');
  for (let nth = 0; app.events('reload failed').length === 0 && nth < 200; nth++) {
    await ask(app.target).catch(() => undefined);
  }
  const { code, stderr } = await reloading;
  assert.equal(code, 1);
  assert.match(stderr, /exited with code 3/);
});

async function connectionsOf(app: App, slot: number): Promise<number> {
  const { slots } = JSON.parse((await runCommand(app, 'status', '--json')).stdout) as {
    slots: Array<{ worker: { vitals: { connectionsOpen: number } | null } | null }>;
  };
  return slots[slot]?.worker?.vitals?.connectionsOpen ?? 0;
}

test('a canary that hangs is given up, and its clients do not wait for the end of a drain', async () => {
  await using app = await serveFile(echoes);
  const reloading = runCommand(app, 'reload', '--canary', '1', '--watch', '60s');
  const { fields } = await app.event('worker ready', { gen: 2 });
  await app.event('canary watched');
  const clients = await KeptConnections.open(app.target, { connections: 24, pause: 5 });
  // Levelling gives it some.
  while ((await connectionsOf(app, 2)) === 0);
  process.kill(Number(fields['pid']), 'SIGSTOP');
  const stoppedAt = performance.now();
  const { code, stderr } = await reloading;
  assert.equal(code, 1);
  assert.match(stderr, /a worker has hung/);
  await app.event('worker stopped', { gen: 2, reason: 'hung' });
  // The worker had 5 s to go on. Its drain would have had 30 s, and its own shutdown code 10 s more.
  assert.ok(performance.now() - stoppedAt < 20_000);
  const { closed, lost, wrong } = await clients.stop();
  // A connection that has closed is missed once more by the last request of its client.
  assert.deepEqual([lost, wrong], [2 * closed, 0], 'no other connection has lost anything');
  assert.ok(closed > 0 && closed < 24, `${closed} connections were the worker’s`);
});

test('arguments that cannot be are refused before anything happens', async () => {
  await using app = await serveFile(echoes);
  for (const argv of [
    ['--canary', '0%'],
    ['--canary', 'some'],
    ['--canary', '1', '--watch', '10'],
    ['--canary', '0', '--watch', '5m'],
    ['--canary', '1', '--on-doubt', 'wait'],
  ]) {
    const { code, stderr } = await runCommand(app, 'reload', ...argv);
    assert.equal(code, 2, stderr);
  }
  assert.equal(app.events('reloading').length, 0);
});

const OF_CANARY = 'X-Generation: 2';

/**
 * A client that asks again and again, and when it is at the canary for what takes long, and does not wait for that.
 *
 * @param mayLeave tells whether it may, after having left so often
 */
async function leaveAgainAndAgain(
  { target }: App,
  signal: AbortSignal,
  mayLeave: (left: number) => boolean,
): Promise<number> {
  let left = 0;
  while (!signal.aborted) {
    if (!mayLeave(left)) {
      await delay(5);
      continue;
    }
    const socket = connect({ ...(target as { port: number; host: string }), localAddress: '127.0.0.2' });
    socket.setEncoding('latin1').on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    const [text] = (await once(socket, 'data')) as [string];
    if (text.includes(OF_CANARY)) {
      left++;
      socket.write('GET /slow HTTP/1.1\r\nHost: test\r\n\r\n');
      await delay(10);
    }
    socket.destroy();
  }
  return left;
}

test('a client that asks the canary and leaves, again and again, does not have it taken back', async () => {
  const telling = echoes.replace(
    'response.end(',
    "if (request.url === '/slow') return; response.setHeader('X-Generation', process.env.PREFORK_GENERATION); response.end(",
  );
  await using app = await serveFile(telling, [...three, '--workers', '2']);
  let others = 0;
  const clients = await KeptConnections.open(app.target, {
    connections: 24,
    pause: 50,
    onAnswer: (head) => (others += Number(head.includes(OF_CANARY))),
  });
  const ends = new AbortController();
  // Each time it makes two requests. If it made more than half of the canary's, it would be taken for a proxy.
  const leaving = leaveAgainAndAgain(app, ends.signal, (left) => left * 4 <= others);
  const { code, stderr } = await runCommand(app, 'reload', '--canary', '1', '--watch', '10s');
  ends.abort();
  assert.ok((await leaving) > 50, 'the client has left often');
  assert.deepEqual([code, stderr], [0, '']);
  const { lost, wrong } = await clients.stop();
  assert.deepEqual([lost, wrong], [0, 0]);
});

test('a generation that leaves requests without an answer is given up, also where all clients are behind a proxy', async () => {
  await using app = await serveFile(echoes, [...three, '--workers', '2']);
  const ends = new AbortController();
  const asking = async (): Promise<void> => {
    const options = { signal: AbortSignal.any([ends.signal, AbortSignal.timeout(200)]) };
    await get(app.target, options).catch(() => undefined);
    if (!ends.signal.aborted) await asking();
  };
  const clients = Array.from({ length: 8 }, asking);
  edit(app, echoes.replace('response.end(', 'if (Math.random() < 0.1) return; response.end('));
  const { code, stderr } = await runCommand(app, 'reload', '--canary', '1', '--watch', '60s');
  ends.abort();
  await Promise.all(clients);
  assert.equal(code, 1);
  assert.match(stderr, /of its requests were given up before they were answered/);
});
