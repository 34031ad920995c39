/** Tests as root: ports below 1024, and a server that is another user from its first line on. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { serve, startApp } from '../../support/app.ts';
import { ask, Exchange, get } from '../../support/http.ts';
import { filesOfPrimary, isAlive } from '../../support/leftovers.ts';
import { fixture } from '../../support/paths.ts';
import { NOBODY, noOtherUser, ownSharings } from '../../support/platform.ts';
import { lowPort } from '../../support/low-port.ts';
import { binderOf, hello, identityOf, isNobody, serveAsNobody } from '../../support/separated.ts';
import { endSuccessor, upgraded } from '../../support/upgrades.ts';
import { poll } from '../../support/watched.ts';

const skip = noOtherUser;
const nobody = NOBODY;
const MORE_WORKERS = 4;
const PATIENCE_WITH_PRIMARY_MS = 5500;

/** An application that answers with its identity. */
const who = `const { createServer } = require('node:http');
createServer((_request, response) => {
  const { HOME, USER } = process.env;
  response.end(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(), HOME, USER }));
}).listen(process.env.PORT);`;

interface Who {
  readonly uid: number;
  readonly gid: number;
  readonly groups: number[];
  readonly HOME: string;
}

for (const user of ['nobody', String(nobody)]) {
  test(`--user ${user} is the primary’s and the workers’`, { skip }, async () => {
    const name = `who-${randomUUID()}`;
    const options = ['--workers', '2', '--user', user, '--name', name];
    await using server = await serve({
      entry: './app.cjs',
      files: { 'app.cjs': who },
      isOpen: true,
      group: true,
      options,
    });
    const worker = JSON.parse(await ask(server.target)) as Who;
    assert.equal(worker.uid, nobody);
    assert.notEqual(worker.gid, 0);
    assert.ok(
      worker.groups.every((group) => group === worker.gid),
      'none of the groups of root',
    );
    assert.notEqual(worker.HOME, '/root');
    assert.ok(isNobody(server.pid));
    assert.equal(statSync(filesOfPrimary(server.pid)[0]!).uid, nobody);
    const { body } = await get({ socketPath: server.controlSockets[0]! }, { path: '/status' });
    const { slots } = JSON.parse(body) as { slots: Array<{ worker: { vitals: object | null } }> };
    for (const slot of slots) assert.notEqual(slot.worker.vitals, null);
    server.signal('SIGHUP');
    await server.event('reload done');
    assert.equal((JSON.parse(await ask(server.target)) as Who).uid, nobody);
  });
}

test('--group alone leaves the user, and no other group', { skip }, async () => {
  const options = ['--group', String(nobody)];
  await using server = await serve({ entry: './app.cjs', files: { 'app.cjs': who }, group: true, options });
  const worker = JSON.parse(await ask(server.target)) as Who;
  assert.deepEqual([worker.uid, worker.gid], [0, nobody]);
  assert.deepEqual(identityOf(server.pid).groups, []);
  assert.equal(binderOf(server.pid), undefined, 'root needs none');
});

test('without a port below 1024 no process is root’s', { skip }, async () => {
  await using server = await serveAsNobody({});
  await poll(() => binderOf(server.pid) === undefined || undefined, 'the end of the binder');
  assert.equal(server.events('binder gone').length, 0);
});

for (const sharing of ownSharings) {
  test(`a port below 1024, through reload, scaling and crash, ${sharing}`, { skip }, async () => {
    const port = await lowPort();
    const options = ['--workers', '2', '--sharing', sharing];
    await using server = await serveAsNobody({ options, env: { PORT: String(port) } });
    assert.equal(server.port, port);
    const binder = binderOf(server.pid);
    assert.ok(binder);
    server.signal('SIGHUP');
    await server.event('reload done');
    server.signal('SIGTTIN');
    await server.event('worker ready', { slot: 2 });
    process.kill(server.worker(0), 'SIGKILL');
    await server.event('worker ready', { slot: 0 }, 3);
    await ask(server.target);
    assert.equal(binderOf(server.pid), binder);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    await poll(() => !isAlive(binder) || undefined, 'the end of the binder');
  });

  test(`upgrades keep the binder, also while the primary before drains, ${sharing}`, { skip }, async () => {
    const port = await lowPort();
    const options = ['--sharing', sharing];
    await using server = await serveAsNobody({ entry: fixture('echo.js'), options, env: { PORT: String(port) } });
    const binder = binderOf(server.pid)!;
    const exchange = await Exchange.open(server.target);
    server.signal('SIGUSR2');
    const { fields } = await server.event('upgraded');
    const second = Number(fields['pid']);
    // The first primary is still there, at the other end of the same channel. It must not read the second one's
    // answers.
    for (let slot = 1; slot <= MORE_WORKERS; slot++) {
      process.kill(second, 'SIGTTIN');
      await server.event('worker ready', { slot });
    }
    await exchange.finish();
    await upgraded(server);
    process.kill(second, 'SIGUSR2');
    const third = await upgraded(server, 2);
    assert.ok(isNobody(third));
    process.kill(third, 'SIGTTIN');
    await server.event('worker ready', { slot: MORE_WORKERS + 1 });
    await ask(server.target);
    assert.ok(isAlive(binder));
    assert.deepEqual(server.events('port refused'), []);
    await endSuccessor(server, third);
    await poll(() => !isAlive(binder) || undefined, 'the end of the binder');
  });
}

test('the next primary says nothing of what it owes the one before to the binder', { skip }, async () => {
  const port = await lowPort();
  await using server = await serveAsNobody({ env: { PORT: String(port) } });
  const binder = binderOf(server.pid)!;
  server.signal('SIGUSR2');
  const next = await upgraded(server);
  // After the reload all is ready once more, which is when the old primary would have had this time to leave.
  process.kill(next, 'SIGHUP');
  await server.event('reload done');
  await delay(PATIENCE_WITH_PRIMARY_MS);
  assert.ok(isAlive(binder));
  process.kill(next, 'SIGTTIN');
  await server.event('worker ready', { slot: 1 });
  assert.deepEqual(server.events('binder gone'), []);
  await endSuccessor(server, next);
});

test('an upgrade that fails leaves the binder to the primary that is', { skip }, async (t) => {
  const port = await lowPort();
  const file = join(ownDirectory(t), 'app.cjs');
  const fs = await import('node:fs');
  fs.writeFileSync(file, hello);
  await using server = await serveAsNobody({ entry: file, env: { PORT: String(port) } });
  fs.writeFileSync(file, `throw new Error('no database');`);
  server.signal('SIGUSR2');
  await server.event('upgrade failed');
  fs.writeFileSync(file, hello);
  server.signal('SIGTTIN');
  await server.event('worker ready', { slot: 1 });
  await ask(server.target);
});

test('a Unix socket is the user’s own, where the user may make one', { skip }, async (t) => {
  const path = join(ownDirectory(t), 'app.sock');
  await using server = await serveAsNobody({ env: { PORT: path } });
  assert.equal(statSync(path).uid, nobody);
  await ask(server.target);
  await server.stop();
  assert.equal(existsSync(path), false);
});

test('and EACCES elsewhere', { skip }, async () => {
  const options = ['--user', 'nobody', '--workers', '1'];
  const files = { 'app.cjs': hello };
  await using server = await startApp({
    entry: './app.cjs',
    files,
    isOpen: true,
    group: true,
    options,
    env: { PORT: 'app.sock' },
  });
  assert.equal((await server.exit()).code, 1);
  assert.match(server.stderr, /listen EACCES: permission denied \S+app\.sock/);
});

test('the library’s own --user', { skip }, async () => {
  const port = await lowPort();
  const OPTIONS = JSON.stringify({ user: 'nobody', workers: 2 });
  const env = { OPTIONS, ADDRESS: `127.0.0.1:${port}` };
  await using server = await serve({ entry: 'library.js', command: false, group: true, isOpen: true, env });
  assert.ok(isNobody(server.pid));
  for (const pid of server.workers.values()) assert.ok(isNobody(pid));
  const binder = binderOf(server.pid)!;
  assert.equal(identityOf(binder).uids[0], 0);
  await ask(server.target);
  server.signal('SIGTTIN');
  await server.event('worker ready', { slot: 2 });
  await server.stop();
  assert.match(server.stdout, /^primary settled$/m);
  await poll(() => !isAlive(binder) || undefined, 'the end of the binder');
});

const mistakes: ReadonlyArray<readonly [string, readonly string[], RegExp]> = [
  [
    'a user that is not there',
    ['--user', 'no-such-user'],
    /^prefork: --user: no user named no-such-user on this system\n$/,
  ],
  ['node:cluster’s own primary', ['--user', 'nobody', '--sharing', 'round-robin'], /^prefork: --sharing round-robin: /],
];

for (const [what, options, message] of mistakes) {
  test(`${what} is a bad option`, { skip }, async () => {
    await using server = await startApp({ entry: 'hello.js', group: true, options });
    assert.deepEqual(await server.exit(), { code: 2, signal: null });
    assert.match(server.stderr, message);
  });
}

test('workers of the user’s own making are refused', { skip }, async () => {
  const env = { PREFORK_USER: 'nobody' };
  await using server = await startApp({ entry: 'library-spawn-worker.js', command: false, group: true, env });
  assert.equal((await server.exit()).code, 1);
  assert.match(server.stderr, /spawnWorker: --user is for workers that prefork starts/);
});

/** Makes a directory that belongs to the unprivileged user. */
function ownDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  chownSync(directory, nobody, nobody);
  chmodSync(directory, 0o755);
  mkdirSync(join(directory, 'tmp'));
  return directory;
}
