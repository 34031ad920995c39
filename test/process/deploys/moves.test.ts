/** Tests deploys that no connection notices, with clients that never reconnect. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { serve, type App, type Target } from '../../support/app.ts';
import { KeptConnections, type KeptReport } from '../../support/kept-connections.ts';
import { ownSharings } from '../../support/platform.ts';
import { reload } from '../../support/reloads.ts';
import { endSuccessor, upgraded } from '../../support/upgrades.ts';

const CONNECTIONS = 64;
/** Connections that two workers have on their way at once, those in use included. */
const MOST_ON_THE_WAY = 2 * 16;
const debug = ['--log-level', 'debug'];
/** Only drains move: their figures are exact. */
const unlevelled = ['--balance', 'kernel', ...debug];

function assertUnnoticed({ answers, times: _times, ...report }: KeptReport): void {
  assert.deepEqual(report, { closed: 0, toldToClose: 0, lost: 0, wrong: 0, failures: [] });
  assert.ok(answers > 0);
}

function sumOf(app: App, field: string): number {
  return app.events('worker drained').reduce((sum, { fields }) => sum + Number(fields[field]), 0);
}

/** Returns a path in the temporary directory of the system, because the app's own has a long name. */
const unixPath = (): string => join('/tmp', `moves-${process.pid}-${Math.trunc(performance.now())}.sock`);

for (const entry of ['echoes.js', 'http-echoes.js']) {
  for (const sharing of ownSharings) {
    test(`${CONNECTIONS} that never stop asking go through 5 reloads, ${entry}, ${sharing}`, async () => {
      await using app = await serve({ entry, options: ['--workers', '2', '--sharing', sharing, ...unlevelled] });
      const kept = await KeptConnections.open(app.target, { connections: CONNECTIONS });
      for (let nth = 1; nth <= 5; nth++) await reload(app, nth);
      assertUnnoticed(await kept.stop());
      assert.equal(sumOf(app, 'movedOut'), 5 * CONNECTIONS);
      // The moves of the last workers are logged when they leave.
      assert.equal(sumOf(app, 'movedIn'), 4 * CONNECTIONS);
    });
  }

  test(`with bodies, and at a Unix socket, ${entry}`, async () => {
    await using app = await serve({ entry, options: ['--workers', '2'], env: { PORT: unixPath() } });
    const posts = await KeptConnections.open(app.target, { connections: 16, traffic: 'post' });
    const pipelines = await KeptConnections.open(app.target, { connections: 16, pipelined: 5, pause: 20 });
    for (let nth = 1; nth <= 3; nth++) await reload(app, nth);
    assertUnnoticed(await posts.stop());
    assertUnnoticed(await pipelines.stop());
  });

  test(`1,000 idle ones do not keep the old workers, ${entry}`, async () => {
    const options = ['--workers', '2', '--drain-timeout', '120s', ...unlevelled];
    await using app = await serve({ entry, options });
    const kept = await KeptConnections.open(app.target, { connections: 1000, traffic: 'idle' });
    const startedAt = performance.now();
    await reload(app, 1);
    // Idle connections that do not move would stay for half of the drain timeout. The soak measures their speed.
    assert.ok(performance.now() - startedAt < 50_000);
    assert.equal(sumOf(app, 'movedOut'), 1000);
    assertUnnoticed(await kept.stop());
  });
}

test('fewer workers, and workers that are recycled, by spares too', async () => {
  await using app = await serve({ entry: 'echoes.js', options: ['--workers', '3', ...debug] });
  const kept = await KeptConnections.open(app.target, { connections: CONNECTIONS });
  for (let nth = 1; nth <= 2; nth++) {
    app.signal('SIGTTOU');
    await app.event('worker stopped', { for: 'scale' }, nth);
  }
  assertUnnoticed(await kept.stop());
  assert.ok(sumOf(app, 'movedOut') > 0);

  const options = ['--workers', '2', '--spares', '1', '--max-requests', '2000', ...debug];
  await using recycled = await serve({ entry: 'http-echoes.js', options });
  const others = await KeptConnections.open(recycled.target, { connections: 16 });
  await recycled.event('worker stopped', { for: 'max-requests' }, 3);
  assertUnnoticed(await others.stop());
  assert.ok(sumOf(recycled, 'movedOut') > 0);
});

for (const balance of ['least-connections', 'sticky-ip']) {
  test(`--balance ${balance}: to the successor`, async () => {
    await using app = await serve({ entry: 'echoes.js', options: ['--workers', '2', '--balance', balance, ...debug] });
    const kept = await KeptConnections.open(app.target, { connections: CONNECTIONS });
    for (let nth = 1; nth <= 2; nth++) await reload(app, nth);
    assertUnnoticed(await kept.stop());
    // The leveller may have moved a few more, but none of a client that has its own slot.
    const moved = sumOf(app, 'movedOut');
    assert.ok(balance === 'sticky-ip' ? moved === 2 * CONNECTIONS : moved >= 2 * CONNECTIONS, `${moved}`);
  });
}

/** A connection, with everything that was received on it. */
class Bare {
  readonly socket: Socket;
  text = '';

  constructor(target: Target) {
    this.socket = connect('socketPath' in target ? { path: target.socketPath } : target);
    this.socket.setEncoding('latin1').on('data', (text: string) => void (this.text += text));
    this.socket.on('error', () => undefined);
  }

  /** Returns what arrives next, once it matches. */
  async say(text: string, expected: RegExp): Promise<string> {
    this.text = '';
    this.socket.write(text);
    while (!expected.test(this.text)) await once(this.socket, 'data', { signal: AbortSignal.timeout(20_000) });
    return this.text;
  }
}

const ask = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

test('what is pinned, and what authenticates as a connection, is told to close; what is not goes on', async () => {
  await using app = await serve({ entry: 'pins.js', options: ['--workers', '1'] });
  const before = app.worker(0);
  const [plain, pinned, ntlm] = [new Bare(app.target), new Bare(app.target), new Bare(app.target)];
  await plain.say(ask('/'), new RegExp(`${before}$`));
  await pinned.say(ask('/pin'), new RegExp(`${before}$`));
  await ntlm.say(ask('/', 'Authorization: NTLM TlRMTVNTUAAB\r\n'), new RegExp(`${before}$`));
  app.signal('SIGHUP');
  await app.event('reload done');
  for (const one of [pinned, ntlm]) {
    const closed = once(one.socket, 'close');
    // The drain must have begun, too.
    let answer: string;
    do {
      answer = await one.say(ask('/'), new RegExp(`${before}$`));
    } while (!/^connection: close/im.test(answer));
    await closed;
  }
  await app.event('worker stopped', { pid: before });
  assert.doesNotMatch(await plain.say(ask('/'), new RegExp(`${app.worker(0)}$`)), /^connection: close/im);
  plain.socket.destroy();
});

test('half of a request is read to its end and answered by the worker that has it', async () => {
  await using app = await serve({ entry: 'pins.js', options: ['--workers', '1'] });
  const before = app.worker(0);
  const client = new Bare(app.target);
  await client.say(ask('/'), new RegExp(`${before}$`));
  client.socket.write(ask('/').slice(0, 10));
  await delay(100);
  app.signal('SIGHUP');
  await app.event('reload done');
  await delay(300);
  assert.doesNotMatch(await client.say(ask('/').slice(10), new RegExp(`${before}$`)), /^connection: close/im);
  await app.event('worker stopped', { pid: before });
  await client.say(ask('/'), new RegExp(`${app.worker(0)}$`));
  client.socket.destroy();
});

test('--migrate off: each is told to close', async () => {
  await using app = await serve({ entry: 'echoes.js', options: ['--workers', '1', '--migrate', 'off', ...debug] });
  const kept = await KeptConnections.open(app.target, { connections: 4 });
  await reload(app, 1);
  const { toldToClose, closed, wrong } = await kept.stop();
  assert.deepEqual([toldToClose, closed, wrong], [4, 4, 0]);
  assert.equal(sumOf(app, 'movedOut'), 0);
});

test('a successor that has no place for them: they stay, and are told to close, none without an answer', async () => {
  const full = `import { createServer } from 'node:http';
    const server = createServer((request, response) => response.end(request.method + ' ' + request.url + ' '));
    if (process.env.PREFORK_GENERATION > 1) server.maxConnections = 1;
    server.listen(process.env.PORT);`;
  await using app = await serve({
    entry: './app.mjs',
    files: { 'app.mjs': full },
    options: ['--workers', '1', '--drain-timeout', '8s', ...debug],
  });
  const kept = await KeptConnections.open(app.target, { connections: 8, pause: 20 });
  await reload(app, 1);
  const { toldToClose, wrong } = await kept.stop();
  const moved = sumOf(app, 'movedOut');
  assert.ok(moved >= 1, 'as many as there is place for');
  assert.deepEqual([toldToClose + moved, wrong], [8, 0]);
  assert.ok(sumOf(app, 'moveFailed') > 0);
});

for (const entry of ['echoes.js', 'http-echoes.js']) {
  for (const sharing of ownSharings) {
    test(`5 upgrades, ${entry}, ${sharing}`, async () => {
      await using app = await serve({ entry, options: ['--workers', '2', '--sharing', sharing, ...debug] });
      const busy = await KeptConnections.open(app.target, { connections: CONNECTIONS / 2 });
      const idle = await KeptConnections.open(app.target, { connections: CONNECTIONS / 2, traffic: 'idle' });
      const posts = await KeptConnections.open(app.target, { connections: 8, traffic: 'post', pause: 20 });
      let primary = app.pid;
      for (let nth = 1; nth <= 5; nth++) {
        process.kill(primary, 'SIGUSR2');
        primary = await upgraded(app, nth);
      }
      for (const kept of [busy, idle, posts]) assertUnnoticed(await kept.stop());
      await endSuccessor(app, primary);
    });
  }
}

for (const entry of ['echoes.js', 'http-echoes.js']) {
  test(`the next primary is killed while connections move to it: clients are told to go, ${entry}`, async () => {
    const connections = 300;
    const options = ['--workers', '2', '--drain-timeout', '20s', ...debug];
    await using app = await serve({ entry, options });
    const kept = await KeptConnections.open(app.target, { connections, pause: 20 });
    app.signal('SIGUSR2');
    const { fields } = await app.event('upgraded');
    process.kill(Number(fields['pid']), 'SIGKILL');
    await app.gone();
    const { closed, toldToClose, wrong } = await kept.stop();
    assert.deepEqual([closed, wrong], [connections, 0]);
    // What was between the two closes without a word, since a worker of the next primary may have taken it.
    assert.ok(closed - toldToClose <= MOST_ON_THE_WAY, `${closed} closed, ${toldToClose} were told`);
    await app.exit();
  });
}

test('an upgrade to fewer workers, at a Unix socket', async () => {
  const options = ['--workers', '3'];
  await using app = await serve({ entry: 'echoes.js', options, env: { PORT: unixPath() } });
  const kept = await KeptConnections.open(app.target, { connections: CONNECTIONS });
  app.signal('SIGTTOU');
  await app.event('worker stopped', { for: 'scale' });
  app.signal('SIGUSR2');
  const next = await upgraded(app);
  assertUnnoticed(await kept.stop());
  await endSuccessor(app, next);
});

test('--migrate off: an upgrade tells clients to close', async () => {
  const options = ['--workers', '1', '--migrate', 'off'];
  await using app = await serve({ entry: 'echoes.js', options });
  const kept = await KeptConnections.open(app.target, { connections: 4, pause: 5 });
  app.signal('SIGUSR2');
  const next = await upgraded(app);
  assert.equal((await kept.stop()).toldToClose, 4);
  await endSuccessor(app, next);
});
