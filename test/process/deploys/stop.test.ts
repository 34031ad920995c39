/** Tests stops: requests in flight finish, the application's own handlers run, and the stop never exceeds its time. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { serve, startApp } from '../../support/app.ts';
import { ask, connected, distinct, Exchange, get, untilRefused } from '../../support/http.ts';
import { filesOfPrimary, state } from '../../support/leftovers.ts';
import { sharings } from '../../support/platform.ts';
import { poll } from '../../support/watched.ts';

const twoWorkers = ['--workers', '2'];
const good = { code: 0, signal: null };

for (const sharing of sharings) {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal}: a request in flight finishes, ${sharing}`, async () => {
      await using app = await serve({ entry: 'echo.js', options: [...twoWorkers, '--sharing', sharing] });
      const { target } = app;
      const exchanges = await Promise.all(Array.from({ length: 8 }, () => Exchange.open(target)));
      app.signal(signal);
      await app.event('stopping', { signal });
      // A connection hangs in node:cluster's primary if it is accepted just when the last worker leaves.
      if (sharing !== 'round-robin') await untilRefused(target);
      for (const exchange of exchanges) assert.equal((await exchange.finish()).body, 'first last');
      assert.deepEqual(await app.exit(), good);
      assert.deepEqual(app.events('killing workers'), []);
    });
  }
}

test('Ctrl-C at a terminal reaches the workers too, and is graceful all the same', async () => {
  await using app = await serve({ entry: 'echo.js', options: twoWorkers, group: true });
  const exchange = await Exchange.open(app.target);
  app.signal('SIGINT', 'group');
  await app.event('stopping');
  assert.equal((await exchange.finish()).body, 'first last');
  assert.deepEqual(await app.exit(), good);
});

for (const sharing of sharings) {
  test(`a listener to SIGTERM that ends nothing keeps no worker alive, ${sharing}`, async () => {
    await using app = await serve({ entry: 'only-notes-sigterm.js', options: [...twoWorkers, '--sharing', sharing] });
    const old = [...app.workers.values()];
    app.signal('SIGHUP');
    for (const pid of old) await app.event('worker stopped', { pid, for: 'reload' });
    assert.deepEqual(await app.stop(), good);
    for (const pid of [...old, ...app.workers.values()]) assert.match(app.stdout, new RegExp(`^noted ${pid}$`, 'm'));
    assert.deepEqual(app.events('killing workers'), []);
    assert.deepEqual(app.events('worker stopped', { signal: 'SIGKILL' }), []);
  });
}

for (const signal of ['SIGHUP', 'SIGINT', 'SIGUSR2'] as const) {
  test(`${signal} to a worker is the primary's affair, and it serves on`, async () => {
    await using app = await serve({ entry: 'hello.js', options: ['--workers', '1'] });
    const [pid] = app.workers.values();
    process.kill(pid!, signal);
    for (let asked = 0; asked < 3; asked++) assert.equal(await ask(app.target), `${pid}`);
  });
}

for (const entry of ['hello.js', 'http-server.js']) {
  test(`${entry}: a connection that is kept alive may send its next request while draining, and is told that it is the last`, async () => {
    await using app = await serve({ entry, options: twoWorkers });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { headers } = await get(app.target, { agent });
    assert.notEqual(headers.connection, 'close');
    const { target } = app;
    app.signal('SIGTERM');
    await app.event('stopping');
    await untilRefused(target);
    const last = await get(target, { agent });
    assert.equal(last.status, 200);
    assert.equal(last.headers.connection, 'close');
    agent.destroy();
    assert.deepEqual(await app.exit(), good);
  });
}

for (const entry of ['hello.js', 'http-server.js']) {
  test(`${entry}: connections on which nothing happens do not hold up the stop`, async () => {
    await using app = await serve({ entry, options: [...twoWorkers, '--shutdown-grace-period', '2s'] });
    const agent = new Agent({ keepAlive: true });
    const silent = await Promise.all(Array.from({ length: 8 }, () => connected(app.target)));
    await Promise.all(Array.from({ length: 8 }, () => get(app.target, { agent })));
    const closed = silent.map((socket) => new Promise((resolve) => socket.resume().once('close', resolve)));
    assert.deepEqual(await app.stop(), good);
    agent.destroy();
    await Promise.all(closed);
  });
}

test('HTTP/2: a stream in flight finishes, its session is told to go away, and idle sessions hold up nothing', async () => {
  await using app = await serve({ entry: 'h2c-echo.js', options: twoWorkers });
  const sessions = Array.from({ length: 4 }, () => connectHttp2(`http://127.0.0.1:${app.port}`));
  await Promise.all(sessions.map((session) => once(session, 'connect')));
  const goneAway = sessions.map((session) => once(session, 'goaway'));
  const stream = sessions[0]!.request({ ':method': 'POST' });
  stream.setEncoding('utf8').write('first ');
  assert.deepEqual(await once(stream, 'data'), ['first ']);

  app.signal('SIGTERM');
  await Promise.all(goneAway);
  stream.end('last');
  assert.deepEqual(await once(stream, 'data'), ['last']);
  const began = performance.now();
  assert.deepEqual(await app.exit(), good);
  assert.ok(performance.now() - began < 5000, 'long before the grace period is over');
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`a second ${signal}: now`, async () => {
    await using app = await serve({ entry: 'echo.js', options: [...twoWorkers, '--shutdown-grace-period', '10m'] });
    const exchange = await Exchange.open(app.target);
    app.signal(signal);
    await app.event('stopping');
    app.signal(signal);
    await assert.rejects(exchange.answer);
    assert.deepEqual(await app.exit(), good);
  });
}

test('the application’s own SIGTERM handler runs in every worker', async () => {
  for (const sharing of sharings) {
    await using app = await serve({ entry: 'sigterm-handler.js', options: [...twoWorkers, '--sharing', sharing] });
    const pids = await distinct(2, () => ask(app.target));
    assert.deepEqual(await app.stop(), good);
    const closed = app.stdout.trim().split('\n');
    assert.deepEqual(closed.toSorted(), [...pids].map((pid) => `closed ${pid} undefined`).toSorted(), sharing);
    assert.equal(app.events('worker stopped', { code: 0 }).length, 2);
  }
});

test('a worker that closes everything on SIGTERM ends by itself', async () => {
  for (const sharing of sharings) {
    await using app = await serve({ entry: 'closes-on-sigterm.js', options: [...twoWorkers, '--sharing', sharing] });
    await distinct(2, () => ask(app.target));
    assert.deepEqual(await app.stop(), good);
    assert.equal(app.stdout.match(/closed/g)?.length, 2, sharing);
    assert.equal(app.events('worker stopped', { code: 0 }).length, 2, sharing);
  }
});

test('whatever code workers end with when asked to, the stop is a success', async () => {
  await using app = await serve({ entry: 'exits-five-on-sigterm.js', options: twoWorkers });
  assert.deepEqual(await app.stop(), good);
  assert.equal(app.events('worker stopped', { code: 5 }).length, 2);
  assert.deepEqual(app.events('worker exited'), []);
});

test('a worker that ignores SIGTERM is killed when the grace period is over', async () => {
  await using app = await serve({
    entry: 'ignores-sigterm.js',
    options: [...twoWorkers, '--shutdown-grace-period', '500ms'],
  });
  const began = performance.now();
  assert.deepEqual(await app.stop(), good);
  const took = performance.now() - began;
  assert.ok(took >= 490 && took < 5000, `${took} ms`);
  assert.equal(app.stdout.match(/ignored \d+\n/g)?.length, 2, 'asked once: a second signal means now to many programs');
  assert.equal(app.events('worker stopped', { signal: 'SIGKILL' }).length, 2);
});

test('a request that never ends is cut off when the grace period is over', async () => {
  await using app = await serve({ entry: 'echo.js', options: [...twoWorkers, '--shutdown-grace-period', '500ms'] });
  const exchange = await Exchange.open(app.target);
  app.signal('SIGTERM');
  await assert.rejects(exchange.answer);
  assert.deepEqual(await app.exit(), good);
});

test('a worker that is stopped by SIGSTOP is killed when the grace period is over', async () => {
  await using app = await serve({ entry: 'hello.js', options: [...twoWorkers, '--shutdown-grace-period', '500ms'] });
  const [stopped, other] = [app.worker(0), app.worker(1)];
  process.kill(stopped, 'SIGSTOP');
  await poll(() => state(stopped) === 'T' || undefined, 'the worker to be stopped');
  assert.deepEqual(await app.stop(), good);
  assert.equal(app.events('worker stopped', { pid: stopped, signal: 'SIGKILL' }).length, 1);
  assert.equal(app.events('worker stopped', { pid: other, signal: 'SIGKILL' }).length, 0);
});

test('stops while it starts', async () => {
  await using app = await startApp({ entry: 'never-listens.js', options: [...twoWorkers, '--log-level', 'debug'] });
  await app.event('worker forked', {}, 2);
  assert.deepEqual(await app.stop(), good);
});

test('a signal is heard before there is anything to lose, fifteen times', async () => {
  for (let start = 0; start < 15; start++) {
    await using app = await startApp({ entry: 'hello.js', options: twoWorkers });
    // The file is the server's first trace, long before it serves. Node itself handles no signals for some 20 ms after
    // the spawn.
    while (filesOfPrimary(app.pid).length === 0) await turn();
    assert.deepEqual(await app.stop(), good, app.stderr);
  }
});

for (const [signal, done] of [
  ['SIGHUP', 'reload done'],
  ['SIGTTIN', 'scaled'],
] as const) {
  test(`${signal} while it starts waits until it serves`, async () => {
    await using app = await startApp({ entry: 'hello.js', options: twoWorkers });
    while (filesOfPrimary(app.pid).length === 0) await turn();
    app.signal(signal);
    await app.event(done);
    assert.deepEqual(await app.stop(), good);
  });
}

test('stops while a worker waits for its restart', async () => {
  const options = [...twoWorkers, '--recover-interval', '30s'];
  await using app = await serve({ entry: 'crashes-when-told.js', options });
  writeFileSync(join(app.directory, 'crash'), '');
  process.kill(app.worker(0), 'SIGKILL');
  await app.event('worker respawning', { slot: 0 });
  assert.deepEqual(await app.stop(), good);
});

/** Tests the end of the primary: when it is killed, no process is left to tell the workers what to do. */
for (const sharing of sharings) {
  test(`the primary is killed: workers finish and end, nothing is left, ${sharing}`, async () => {
    const options = [...twoWorkers, '--sharing', sharing];
    await using app = await serve({ entry: 'echo.js', options, env: { PORT: './app.sock' } });
    // In node:cluster's own scheduling the connection belongs to the primary until a worker has it.
    const socketPath = join(app.directory, 'app.sock');
    const exchange = await Exchange.open({ socketPath });
    app.signal('SIGKILL');
    assert.deepEqual(await app.exit(), { code: null, signal: 'SIGKILL' });
    assert.equal((await exchange.finish()).body, 'first last');
    await app.gone();
    assert.equal(existsSync(socketPath), false, 'the socket is removed');
  });
}

test('the primary is killed: workers that never listen end too', async () => {
  await using app = await serve({ entry: 'ready-message.js', options: twoWorkers });
  app.signal('SIGKILL');
  await app.exit();
  await app.gone();
});

test('the primary is killed: a worker that ignores SIGTERM ends with the grace period', async () => {
  const options = [...twoWorkers, '--shutdown-grace-period', '500ms'];
  await using app = await serve({ entry: 'ignores-sigterm.js', options });
  app.signal('SIGKILL');
  await app.exit();
  await app.gone();
});

test('the primary is killed while workers start: they end, and the next start tidies up', async () => {
  const options = [...twoWorkers, '--log-level', 'debug', '--shutdown-grace-period', '500ms'];
  await using app = await startApp({ entry: 'never-listens.js', options });
  await app.event('worker forked', {}, 2);
  app.signal('SIGKILL');
  await app.exit();
  await app.gone();
  await using next = await serve({
    entry: 'hello.js',
    options: twoWorkers,
    env: { PREFORK_RUNTIME_DIR: app.directory },
  });
  await poll(() => app.controlSockets.length === 1 || undefined, 'the dead socket to be swept up');
  await next.stop();
});

test('all of it is killed: the next start tidies up', async () => {
  await using app = await serve({ entry: 'hello.js', options: twoWorkers });
  // The files are the scoreboard, and beside it the directory of state and that for reports of fatal errors.
  assert.equal(filesOfPrimary(app.pid).length, 3);
  app.kill();
  await app.gone();
  await using next = await serve({
    entry: 'hello.js',
    options: twoWorkers,
    env: { PREFORK_RUNTIME_DIR: app.directory },
  });
  assert.deepEqual(filesOfPrimary(app.pid), []);
  await next.stop();
});

test('the next start of a server whose primary was killed has the port at once', async () => {
  await using first = await serve({ entry: 'hello.js', options: twoWorkers });
  const { port } = first;
  first.signal('SIGKILL');
  await first.exit();
  await first.gone();
  await using second = await serve({ entry: 'hello.js', options: twoWorkers, env: { PORT: String(port) } });
  await distinct(2, () => ask(second.target));
});
