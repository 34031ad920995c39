/** Tests `prefork/testing` as users have it: with the built command, and a real server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, test, type TestContext } from 'node:test';
import {
  assertNoConnectionClosed,
  assertNoLostRequests,
  ClosedConnectionsError,
  isEcho,
  LostRequestsError,
  type OperationFailed,
  startServer,
  type App,
} from 'prefork/testing';
import { App as AppClass } from '../../../src/testing/app/app.ts';
import { isAlive } from '../../support/leftovers.ts';
import { certificate, fixture, root } from '../../support/paths.ts';
import { poll } from '../../support/watched.ts';

// The place belongs to this test alone, so that leftovers in it are this test's.
process.env['TMPDIR'] = mkdtempSync(join(tmpdir(), 'prefork-kit-'));
after(() => rmSync(tmpdir(), { recursive: true }));

const options = ['--workers', '2'];
const echo = [{ check: isEcho }, { method: 'POST', body: 16_384, check: isEcho }];

const protocols = [
  { entry: 'echo.js', requests: echo },
  { entry: 'https.js', tls: true },
  { entry: 'h2c-echo.js', protocol: 'http2', requests: echo },
  { entry: 'http2-secure.js', protocol: 'http2', tls: true },
] as const;
for (const { entry, ...load } of protocols) {
  test(`a server to which nothing happens loses nothing: ${entry}`, async () => {
    const report = await assertNoLostRequests({
      ...load,
      entry: fixture(entry),
      options,
      env: certificate,
      atLeast: 200,
      during: (_app, running) => running.answers(200),
    });
    assert.equal(report.lost, 0);
    assert.ok(report.answered >= 200);
  });
}

test('a worker that is killed loses what it has in flight, and the error tells it beside the log', async () => {
  let pid = 0;
  const failed = assertNoLostRequests({
    entry: fixture('echo.js'),
    options,
    during: async (app, load) => {
      // The loop is for kills that hit no request in flight. Mostly the first kill hits some.
      while (load.report().lost === 0) {
        pid = app.kill(0);
        await app.event('worker exited', { fields: { pid } });
        await app.event('worker ready', { fields: { slot: 0 }, nth: app.log.filter(isReadyInSlot0).length + 1 });
        await load.everyClientAnswered();
      }
    },
  });
  await assert.rejects(failed, (error) => {
    assert.ok(error instanceof LostRequestsError);
    const { lost, lostBy, losses } = error.report;
    assert.equal(lost, lostBy.reset + lostBy.closed + lostBy.cut, 'nothing else: neither refused nor too late');
    assert.equal(losses.length, lost);
    assert.match(error.message, new RegExp(`^${lost} requests were lost`));
    assert.match(error.message, new RegExp(`prefork: worker exited slot=0 gen=1 pid=${pid} signal=SIGKILL`));
    assert.match(error.message, /LOST (?:reset|closed|cut): (?:GET|POST) \/, (?:kept|new) connections; after /);
    return true;
  });
});

function isReadyInSlot0({ name, fields }: { name: string; fields: Readonly<Record<string, unknown>> }): boolean {
  return name === 'worker ready' && fields['slot'] === 0;
}

test('too few answers prove nothing, though none was lost', async () => {
  const app = await startServer({ entry: fixture('echo.js'), options });
  try {
    const failed = assertNoLostRequests({ app, atLeast: 1_000_000, during: () => undefined });
    await assert.rejects(failed, /requests were answered, and at least 1000000 should be/);
    const report = await assertNoLostRequests({ app, during: () => undefined });
    assert.ok(report.answered >= 32, 'each of 16 clients before and after');
  } finally {
    assert.deepEqual(await app.stop(), { code: 0, signal: null });
    await app[Symbol.asyncDispose]();
  }
});

test('what `during` throws is thrown, and the server ends', async () => {
  let pid = 0;
  const failed = assertNoLostRequests({
    entry: fixture('echo.js'),
    options,
    during: (app) => {
      pid = app.pid;
      throw new RangeError('on purpose');
    },
  });
  await assert.rejects(failed, { name: 'RangeError', message: 'on purpose' });
  assert.equal(isAlive(pid), false);
});

test('a server that does not end with code 0 fails, though nothing was lost', async () => {
  const failed = assertNoLostRequests({
    entry: fixture('echo.js'),
    options,
    during: (app) => {
      const stop = app.stop.bind(app);
      app.stop = async () => ({ ...(await stop()), code: 1 });
    },
  });
  await assert.rejects(failed, {
    message: /^nothing was lost, but SIGTERM ended the server with code=1 signal=null\n/,
  });
});

test('tells what runs, and leaves nothing behind', async () => {
  const before = ownDirectories();
  const app = await startServer({
    entry: 'echo.js',
    options,
    cwd: fixture(''),
    args: ['--x'],
    env: { PORT: undefined },
  });
  assert.match(app.address, /:\d+$/);
  assert.equal(app.targets.length, 1);
  assert.deepEqual(app.addresses, [app.address]);
  const workers = [app.worker(0), app.worker(1)];
  assert.throws(() => app.worker(2), /slot 2 has no worker/);
  assert.match(app.stderr, /^prefork: listening address=.*\n.*prefork: ready workers=2 in=[\d.]+m?s\n$/s);
  const { fields, at } = await app.event('ready');
  assert.equal(fields['workers'], 2);
  assert.ok(Math.abs(Date.now() - at) < 60_000);
  await assert.rejects(
    app.event('reload done', { within: 20 }),
    /waited for "reload done" in the log, but it did not come/,
  );
  await app[Symbol.asyncDispose]();
  for (const pid of [app.pid, ...workers]) assert.equal(isAlive(pid), false);
  assert.deepEqual(await app.exit(), { code: 0, signal: null });
  assert.throws(() => app.reload(), /the server has no control socket: it has ended/);
  assert.deepEqual(ownDirectories(), before);
});

test('a test process that is stopped by a signal takes its servers with it', async () => {
  const before = ownDirectories();
  const code = `
    import { startServer } from 'prefork/testing';
    const app = await startServer({ entry: ${JSON.stringify(fixture('echo.js'))}, options: ['--workers', '2'] });
    console.log(JSON.stringify([app.pid, app.worker(0), app.worker(1)]));`;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      cwd: root,
      stdio: ['ignore', 'pipe', 2],
    });
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    const pids = JSON.parse(line.toString()) as number[];
    assert.equal(pids.filter(isAlive).length, 3);
    child.kill(signal);
    assert.deepEqual(await once(child, 'exit'), [null, signal]);
    await poll(() => pids.every((pid) => !isAlive(pid)) || undefined, 'the end of the server');
    assert.deepEqual(ownDirectories(), before);
  }
});

test('a server that does not start fails with what it said', async () => {
  const before = ownDirectories();
  const cases = [
    [
      { entry: fixture('throws-at-start.js') },
      /"ready" in the log, but the server ended with code 1\n[^]*throws-at-start/,
    ],
    [{ entry: 'not-there.js' }, /ended with code 2\nprefork: entry: expected a file that exists/],
    [{ entry: fixture('hello.js'), options: ['--wrokers', '2'] }, /did you mean --workers/],
    [{ entry: fixture('hello.js'), node: '/not/there' }, /spawn \/not\/there ENOENT/],
  ] as const;
  for (const [server, message] of cases) await assert.rejects(startServer(server), { message });
  assert.deepEqual(ownDirectories(), before);
});

const unusable: ReadonlyArray<[options: object, message: RegExp]> = [
  [{ entry: 'x.js' }, /during: expected a function of the app, such as \(app\) => app.reload\(\), got undefined/],
  [{ entry: 'x.js', during: () => {}, client: 1 }, /unknown option client; did you mean clients\?/],
  [{ entry: 'x.js', during: () => {}, atLeast: 0 }, /atLeast: expected a whole number of 1 or more, got 0/],
  [{ during: () => {} }, /entry: expected a file such as 'server.js', got undefined/],
  [{ app: {}, during: () => {} }, /app: expected what startServer returned/],
  [{ entry: 'x.js', during: () => {}, options: '-w 2' }, /options: expected a list of texts/],
  [{ entry: 'x.js', during: () => {}, cwd: '/not/there' }, /cwd: expected a directory that exists/],
];
for (const [given, message] of unusable) {
  test(`cannot be used: ${JSON.stringify(given)}`, async () => {
    const failed = assertNoLostRequests(given as Parameters<typeof assertNoLostRequests>[0]);
    await assert.rejects(failed, { code: 'ERR_PREFORK_USAGE', message });
  });
}

test('asks by the control socket', async (t) => {
  const app = await fakePrimary(t);
  await assert.rejects(app.reload(), (error: OperationFailed) => {
    assert.equal(error.name, 'OperationFailed');
    assert.deepEqual(
      [error.operation, error.reason, error.stderr],
      ['reload', 'slot 0 ended with code 1', 'Error: on purpose\n'],
    );
    assert.equal(error.message, 'reload failed: slot 0 ended with code 1\nError: on purpose');
    return true;
  });
  assert.deepEqual(await app.scale(3), { ok: true, generation: 2, workers: 2, took: 5 });
  await app.scale({ by: -1 });
  await app.event('scaled', { nth: 2 });
  const bodies = app.log.filter(({ name }) => name === 'scaled').map(({ fields }) => fields['body']);
  assert.deepEqual(bodies, ['{"workers":3}', '{"by":-1}']);
  assert.equal((await app.status()).pid, app.pid);
});

test('follows the server through upgrades, and sees its end', async (t) => {
  const app = await fakePrimary(t);
  const pids = [app.pid];
  for (let upgrades = 0; upgrades < 2; upgrades++) {
    await app.upgrade();
    pids.push(app.pid);
  }
  assert.equal(new Set(pids).size, 3);
  assert.equal(isAlive(pids[2]!), true);
  assert.deepEqual(await app.stop(), { code: null, signal: null });
  for (const pid of pids) assert.equal(isAlive(pid), false);
  assert.equal(app.log.at(-1)?.name, 'stopped');
});

async function fakePrimary(t: TestContext): Promise<App> {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-'));
  const child = spawn(process.execPath, [fixture('fake-primary.js')], {
    env: { ...process.env, PREFORK_RUNTIME_DIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await once(child, 'spawn');
  const app = new AppClass(child, directory);
  t.after(() => app[Symbol.asyncDispose]());
  await app.event('ready');
  return app as unknown as App;
}

/** Lists what the kit creates in the temporary directory. */
function ownDirectories(): string[] {
  return readdirSync(tmpdir()).filter((name) => /^prefork-\w{6}$/.test(name));
}

test('no connection closes while the server is reloaded, scaled and upgraded', async () => {
  const { connections, answered, closed } = await assertNoConnectionClosed({
    entry: fixture('echo.js'),
    options,
    connections: 8,
    pause: 5,
    requests: echo,
    during: async (app) => {
      await app.reload();
      await app.scale(3);
      await app.scale(1);
      await app.upgrade();
    },
  });
  assert.deepEqual([connections, closed], [8, []]);
  assert.ok(answered > 16);
});

test('connections that are closed are named, with when, how and by what', async () => {
  const failed = assertNoConnectionClosed({
    entry: fixture('echo.js'),
    options: [...options, '--migrate', 'off'],
    connections: 4,
    pause: 5,
    during: async (app) => {
      await app.scale(3);
      await app.reload();
    },
  });
  await assert.rejects(failed, (error: ClosedConnectionsError) => {
    assert.ok(error instanceof ClosedConnectionsError);
    const { closed, connections, answered } = error.report;
    assert.equal(connections, 4);
    assert.ok(answered > 4);
    // Those that ask are told; those that rest are told with their last answer, or closed before.
    assert.deepEqual(closed.map(({ connection }) => connection).toSorted(), [1, 2, 3, 4]);
    for (const { cause, action, requests, at } of closed) {
      assert.match(cause, /^(?:told|idle)$/);
      assert.match(action, /^(?:during|[\d.]+ s after) reload$/);
      assert.ok(requests > 0 && Math.abs(Date.now() - at) < 120_000);
    }
    assert.match(error.message, /^4 of 4 connections were closed; \d+ requests were answered\n/);
    assert.match(error.message, /prefork: reload done/);
    assert.match(
      error.message,
      /CLOSED no\. \d, .* reload: told \(the server announced that it closes it\); port \d+, /,
    );
    return true;
  });
});

test('a server whose operation fails, and whose connections stay, tells the failure', async () => {
  const failed = assertNoConnectionClosed({
    entry: fixture('echo.js'),
    options: ['--workers', '1'],
    connections: 2,
    during: () => Promise.reject(new Error('its own fault')),
  });
  await assert.rejects(failed, /^Error: its own fault$/);
});
