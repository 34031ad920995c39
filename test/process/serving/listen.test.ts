/** Tests addresses: every listen of an application has the result that it has under node, and all workers serve it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type ListenOptions, type Server } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { serve, startApp, type App, type Target } from '../../support/app.ts';
import { ask, distinct, untilRefused } from '../../support/http.ts';
import { command } from '../../support/paths.ts';
import { freePort, noIpv6, ownSharings, sharings, noSs } from '../../support/platform.ts';

const twoWorkers = ['--workers', '2'];
const NOBODY = 65_534;

/** Addresses that work. The application sees the same address as under node, and two workers answer there. */
const addresses: ReadonlyArray<{ listen: ListenOptions; reachedBy: string[]; skip?: string | false }> = [
  { listen: { port: 0 }, reachedBy: ['127.0.0.1', ...(noIpv6 === false ? ['::1'] : [])] },
  { listen: { port: 0, host: '127.0.0.1' }, reachedBy: ['127.0.0.1'] },
  { listen: { port: 0, host: '0.0.0.0' }, reachedBy: ['127.0.0.1'] },
  { listen: { port: 0, host: 'localhost' }, reachedBy: ['localhost'] },
  { listen: { port: 0, host: '::1' }, reachedBy: ['::1'], skip: noIpv6 },
  { listen: { port: 0, host: '::' }, reachedBy: ['::1', '127.0.0.1'], skip: noIpv6 },
  { listen: { port: 0, host: '::', ipv6Only: true }, reachedBy: ['::1'], skip: noIpv6 },
];

/** Programs that share their main port, and have a port beside it that only one worker can have. They go on without it. */
const answers = (then: string): string => `const { createServer } = require('node:http');
createServer((_request, response) => response.end(String(process.pid))).listen(process.env.PORT, () => ${then});`;
const alone = `require('node:net').createServer().on('error', () => {})`;
const inThread = `require('node:net').createServer().listen(Number(process.env.ALONE), '127.0.0.1')`;
const unshared: ReadonlyArray<readonly [where: string, program: string, why: RegExp]> = [
  [
    'exclusive',
    answers(`${alone}.listen({ port: process.env.ALONE, host: '127.0.0.1', exclusive: true })`),
    /with exclusive: true a port is one worker’s alone/,
  ],
  [
    'a thread',
    answers(
      `new (require('node:worker_threads').Worker)(${JSON.stringify(inThread)}, { eval: true }).on('error', () => {})`,
    ),
    /a server in a thread has its port for one worker alone/,
  ],
];

for (const sharing of sharings) {
  for (const { listen, reachedBy, skip = false } of addresses) {
    test(`listen(${JSON.stringify(listen)}), ${sharing}`, { skip }, async () => {
      const env = { LISTEN: JSON.stringify(listen) };
      await using app = await serve({ entry: 'listens.js', env, options: [...twoWorkers, '--sharing', sharing] });
      const [first, second] = await printed(app, 2);
      assert.deepEqual(first, second, 'both workers have the one port');
      assert.deepEqual({ ...first, port: 0 }, { ...(await underNode(env)), port: 0 });
      const { port } = app;
      for (const host of reachedBy) await distinct(2, () => ask({ host, port }));
    });
  }
}

test('a port that is only for IPv6 refuses IPv4', { skip: noIpv6 }, async () => {
  const env = { LISTEN: JSON.stringify({ port: 0, host: '::', ipv6Only: true }) };
  await using app = await serve({ entry: 'listens.js', env, options: twoWorkers });
  await assert.rejects(ask({ host: '127.0.0.1', port: app.port }), { code: 'ECONNREFUSED' });
});

/**
 * Addresses that fail. The application's `error` event is the one that it gets under node, and the application decides
 * what is next.
 */
const failures: ReadonlyArray<{ what: string; listen: ListenOptions }> = [
  { what: 'an address of another machine', listen: { port: 0, host: '192.0.2.1' } },
  { what: 'a host name that does not exist', listen: { port: 0, host: 'no-such-host.invalid' } },
  { what: 'a socket in a directory that is not there', listen: { path: '/no/such/directory/app.sock' } },
  { what: 'a socket where no socket can be', listen: { path: '/proc/app.sock' } },
];
for (const { what, listen } of failures) {
  test(`${what} is node’s own error`, async () => {
    const env = { LISTEN: JSON.stringify(listen) };
    await using app = await startApp({ entry: 'listens.js', env, options: ['--workers', '1'] });
    await app.exit();
    assert.deepEqual(await printed(app, 1), [await underNode(env)]);
  });
}

const usual = /Error: listen EADDRINUSE: address already in use (::|0\.0\.0\.0):\d+\n +at /;

for (const sharing of sharings) {
  test(`a second copy of the program gets EADDRINUSE, ${sharing}`, async () => {
    const options = [...twoWorkers, '--sharing', sharing];
    await using first = await serve({ entry: 'hello.js', options });
    await using second = await startApp({ entry: 'hello.js', options, env: { PORT: String(first.port) } });
    assert.deepEqual(await second.exit(), { code: 1, signal: null });

    assert.match(second.stderr, sharing === 'round-robin' ? /Error: bind EADDRINUSE/ : usual);
    assert.equal(second.events('error').length, 1, 'one line says why');
    assert.deepEqual(second.events('listening'), []);
    await distinct(2, () => ask(first.target));
  });

  test(`an application that handles EADDRINUSE goes on, ${sharing}`, async () => {
    await using taken = await listening({ port: 0 });
    const { port } = taken.server.address() as { port: number };
    const options = [...twoWorkers, '--sharing', sharing];
    await using app = await serve({ entry: 'handles-eaddrinuse.js', options, env: { PORT: String(port) } });
    assert.deepEqual(await app.lines(2), ['EADDRINUSE', 'EADDRINUSE']);
    assert.notEqual(app.port, port);
    await distinct(2, () => ask(app.target));
  });
}

/** A port that is taken, and what the application wants. prefork reports EADDRINUSE where node does. */
const taken: ReadonlyArray<{ by: ListenOptions; wanted: ListenOptions; skip?: string | false }> = [
  { by: { host: '127.0.0.1' }, wanted: { host: '127.0.0.1' } },
  { by: { host: '127.0.0.1' }, wanted: {} },
  { by: { host: '0.0.0.0' }, wanted: { host: '127.0.0.1' } },
  { by: { host: '::', ipv6Only: true }, wanted: { host: '0.0.0.0' }, skip: noIpv6 },
  { by: { host: '::1' }, wanted: { host: '127.0.0.1' }, skip: noIpv6 },
  { by: { host: '::1' }, wanted: {}, skip: noIpv6 },
];
for (const { by, wanted, skip = false } of taken) {
  test(`${JSON.stringify(by)} has the port, ${JSON.stringify(wanted)} is wanted`, { skip }, async () => {
    await using other = await listening({ port: 0, ...by });
    const { port } = other.server.address() as { port: number };
    const env = { LISTEN: JSON.stringify({ port, ...wanted }) };
    const expected = await underNode(env);
    await using app = await startApp({ entry: 'listens.js', env, options: ['--workers', '1'] });
    // After an error the program has nothing more to do.
    await ('code' in expected ? app.exit() : app.event('ready'));
    assert.deepEqual(await printed(app, 1), [expected]);
  });
}

test('port 80 without permission is EACCES', { skip: noPrivileges() }, async () => {
  await using app = await startApp({ entry: 'hello.js', uid: NOBODY, env: { PORT: '80' }, options: twoWorkers });
  assert.deepEqual(await app.exit(), { code: 1, signal: null });
  assert.match(app.stderr, /Error: listen EACCES: permission denied .*80\n +at /);
  assert.equal(app.events('error').length, 1, 'one line says why');
});

test('an application with many ports: each is the same in every worker', async () => {
  await using app = await serve({ entry: 'ten-ports.js', options: [...twoWorkers, '--sharing', 'shared'] });
  await app.event('listening', {}, 10);
  const ports = app.targets.map((target) => (target as { port: number }).port);
  assert.equal(new Set(ports).size, 10);
  const answers = await Promise.all(app.targets.map((target) => distinct(1, () => ask(target))));
  assert.deepEqual(
    answers.map(([nth]) => nth),
    Array.from({ length: 10 }, (_, nth) => String(nth)),
  );
});

for (const sharing of sharings) {
  const options = [...twoWorkers, '--sharing', sharing];

  test(`two servers that listen(0) have two ports, ${sharing}`, async () => {
    await using app = await serve({ entry: 'two-ports.js', options });
    await app.event('listening', {}, 2);
    const [one, two] = app.targets as [Target, Target];
    assert.deepEqual(await distinct(1, () => ask(one)), new Set(['one']));
    assert.deepEqual(await distinct(1, () => ask(two)), new Set(['two']));
    assert.equal(app.events('listening').length, 2);
  });

  test(`a port that one worker closes is served by the other, ${sharing}`, async () => {
    await using app = await serve({ entry: 'closes-its-port.js', options });
    await app.event('listening', {}, 2);
    const [first, second] = app.targets as [Target, Target];
    const closer = await ask(first);
    await app.output(new RegExp(`closed ${closer}\n`));
    const other = await ask(first);
    assert.notEqual(other, closer);
    await app.output(new RegExp(`closed ${other}\n`));
    // No application wants the socket any more, so it must not swallow connections.
    await untilRefused(first);
    await distinct(2, () => ask(second));
  });

  test(`exclusive is left to node: every worker has a port of its own, ${sharing}`, async () => {
    const env = { LISTEN: JSON.stringify({ port: 0, host: '127.0.0.1', exclusive: true }) };
    await using app = await serve({ entry: 'listens.js', env, options });
    const ports = (await printed(app, 2)).map(({ port }) => port as number);
    assert.equal(new Set(ports).size, 2);
    const pids = await Promise.all(ports.map((port) => ask({ host: '127.0.0.1', port })));
    assert.deepEqual(new Set(pids.map(Number)), new Set(app.workers.values()));
  });

  test(`a fixed port that is one worker's alone is explained, ${sharing}`, async () => {
    for (const [where, listens, words] of unshared) {
      const port = String(await freePort());
      await using app = await serve({
        entry: './app.cjs',
        files: { 'app.cjs': listens },
        env: { ALONE: port },
        options,
      });
      const { fields } = await app.event('not listening');
      assert.deepEqual({ ...fields, why: '' }, { address: `127.0.0.1:${port}`, code: 'EADDRINUSE', why: '' }, where);
      assert.match(fields['why']!, words);
      await distinct(2, () => ask(app.target));
      assert.equal(app.events('not listening').length, 1, where);
    }
  });

  test(`a socket inherited as file descriptor 3 is left to node, ${sharing}`, async () => {
    await using inherited = await listening({ port: 0, host: '127.0.0.1' });
    const { port } = inherited.server.address() as { port: number };
    const env = { LISTEN: JSON.stringify({ fd: 3 }) };
    await using app = await serve({ entry: 'listens.js', env, options, fds: [inherited.fd] });
    inherited.server.close();
    await distinct(1, () => ask({ host: '127.0.0.1', port }));
    assert.deepEqual(await app.stop(), { code: 0, signal: null });
  });

  test(`a Unix socket is served by all and removed at the end, ${sharing}`, async () => {
    await using app = await serve({ entry: 'hello.js', options, env: { PORT: './app.sock' } });
    const socketPath = join(app.directory, 'app.sock');
    assert.deepEqual(app.target, { socketPath });
    await distinct(2, () => ask(app.target));
    assert.deepEqual(await app.stop(), { code: 0, signal: null });
    assert.equal(existsSync(socketPath), false);
  });
}

for (const sharing of ownSharings) {
  const options = [...twoWorkers, '--sharing', sharing];

  test(`listens, closes, listens again on the same port, ${sharing}`, async () => {
    await using app = await serve({ entry: 'listen-close-listen.js', options });
    const { target } = app;
    const times = new Map<string, number>();
    while (times.size < 2 || Math.min(...times.values()) < 5) {
      const pid = await ask(target);
      times.set(pid, (times.get(pid) ?? 0) + 1);
      await app.output(new RegExp(`^${pid} again ${times.get(pid)}\n`, 'm'));
    }
    assert.equal(app.events('listening').length, 1, 'the address has been there all the time');
  });

  test(`a port can be had again though a neighbour’s socket was just on its way, ${sharing}`, async () => {
    await using app = await serve({ entry: 'closes-while-busy.js', options });
    const busy = await ask(app.target, `/${[...app.workers.values()].join('-')}`);
    const [, outcome] = await app.output(new RegExp(`^${busy} (.*)\n`, 'm'));
    assert.equal(outcome, 'again');
    assert.equal(await ask(app.target), busy);
  });

  test(`a server closed before its listen came through never listens, ${sharing}`, async () => {
    await using app = await serve({ entry: 'close-before-listening.js', options });
    await distinct(2, () => ask(app.target));
    assert.deepEqual(await app.lines(2), ['listening', 'listening']);
    assert.equal(app.events('listening').length, 1);
  });

  test(`an address is there when the server listens, not before, as docs/testing.md says, ${sharing}`, async () => {
    const entry = 'asks-at-once.js';
    await using app = await serve({ entry, options: ['--workers', '1', '--sharing', sharing] });
    assert.deepEqual(await app.lines(3), ['at once false,false', 'close() ERR_SERVER_NOT_RUNNING', 'then true,true']);
    await using plain = await startApp({ entry, command: false });
    assert.deepEqual(await plain.lines(3), ['at once true,true', 'close() was in time', 'then true,true']);
    plain.kill();
  });

  test(`a program that probes for a free port gets one, ${sharing}`, async () => {
    await using app = await serve({ entry: 'probes-port.js', options });
    await distinct(2, () => ask(app.target));
  });

  test(`a port that a worker only tries is served by the others, ${sharing}`, async () => {
    const env = { PORT: String(await freePort()) };
    await using app = await serve({ entry: 'tries-and-leaves.js', options, env });
    for (let request = 0; request < 50; request++) assert.equal(await ask(app.target), String(app.worker(1)));
  });

  test(`a Unix socket that nobody listens on is replaced, ${sharing}`, async () => {
    await using before = await serve({ entry: 'ready-message.js', options: ['--workers', '1'] });
    const socketPath = join(before.directory, 'dead.sock');
    leaveDeadSocket(socketPath);
    await using app = await serve({ entry: 'hello.js', options, env: { PORT: socketPath } });
    await distinct(2, () => ask({ socketPath }));
    assert.deepEqual(await app.stop(), { code: 0, signal: null });
    assert.equal(existsSync(socketPath), false);
  });

  test(`a Unix socket that is served already is EADDRINUSE, ${sharing}`, async () => {
    await using first = await serve({ entry: 'hello.js', options, env: { PORT: './app.sock' } });
    const socketPath = join(first.directory, 'app.sock');
    await using second = await startApp({ entry: 'hello.js', options, env: { PORT: socketPath } });
    assert.deepEqual(await second.exit(), { code: 1, signal: null });
    assert.match(second.stderr, /Error: listen EADDRINUSE: address already in use .*app\.sock\n +at /);
    await distinct(2, () => ask({ socketPath }));
  });

  test(`a file that is no socket is never deleted, ${sharing}`, async () => {
    const files = { 'app.sock': 'precious' };
    await using app = await startApp({ entry: 'hello.js', options, files, env: { PORT: './app.sock' } });
    assert.deepEqual(await app.exit(), { code: 1, signal: null });
    assert.match(app.stderr, /Error: listen EADDRINUSE/);
    assert.equal(readFileSync(join(app.directory, 'app.sock'), 'utf8'), 'precious');
  });
}

test('a Unix socket is open to whom the application wants', async () => {
  const path = './app.sock';
  for (const [all, mode] of [
    [{ readableAll: true, writableAll: true }, 0o666],
    [{}, 0o000],
  ] as const) {
    const env = { LISTEN: JSON.stringify({ path, ...all }) };
    await using app = await serve({ entry: 'listens.js', env, options: twoWorkers });
    assert.equal(statSync(join(app.directory, path)).mode & 0o066 & mode, mode & 0o066);
  }
});

test('the backlog is the application’s', { skip: noSs() }, async () => {
  const env = { LISTEN: JSON.stringify({ port: 0, host: '127.0.0.1', backlog: 7 }) };
  for (const sharing of ownSharings) {
    await using app = await serve({ entry: 'listens.js', env, options: [...twoWorkers, '--sharing', sharing] });
    const sockets = spawnSync('ss', ['-ltnH', `sport = :${app.port}`], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n');
    // The columns are State, Recv-Q and Send-Q. The latter is the backlog of a listening socket.
    assert.deepEqual(
      sockets.map((line) => line.split(/\s+/)[2]),
      sharing === 'reuseport' ? ['7', '7'] : ['7'],
    );
  }
});

test('the last of many starts and stops finds the port free', async () => {
  const env = { PORT: String(await freePort()) };
  for (let round = 0; round < 5; round++) {
    await using app = await serve({ entry: 'hello.js', options: twoWorkers, env });
    await ask(app.target);
    assert.deepEqual(await app.stop(), { code: 0, signal: null });
  }
});

function noPrivileges(): string | false {
  if (process.getuid?.() !== 0) return 'needs root, to be somebody else';
  const first = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  if (first <= 80) return 'anybody may have port 80 here';
  const check = `require('node:fs').accessSync(${JSON.stringify(command)})`;
  const { status } = spawnSync(process.execPath, ['-e', check], { uid: NOBODY, gid: NOBODY });
  return status === 0 ? false : 'another user cannot read the built command';
}

/** Returns what listens.js prints, an object a line. */
async function printed(app: App, lines: number): Promise<Array<Record<string, unknown>>> {
  return (await app.lines(lines)).map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Returns what the program prints when node alone runs it. */
async function underNode(env: Record<string, string>): Promise<Record<string, unknown>> {
  await using app = await startApp({ entry: 'listens.js', env, command: false });
  const [first] = await printed(app, 1);
  app.kill();
  return first!;
}

/** Starts a server of the tests' own. */
async function listening(options: ListenOptions): Promise<AsyncDisposable & { server: Server; fd: number }> {
  const server = createServer().listen(options);
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  return {
    server,
    fd,
    async [Symbol.asyncDispose]() {
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Leaves a socket as a killed server does. */
function leaveDeadSocket(path: string): void {
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script, path]);
  assert.ok(statSync(path).isSocket());
}
