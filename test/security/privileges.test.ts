/** Tests as root, with --user, what a hostile application can make root do. The answer is always: nothing. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import { canWarm } from '../../src/primary/workers/compile-cache.ts';
import { serve, startApp, type App } from '../support/app.ts';
import { get } from '../support/http.ts';
import { childrenOf, commandLine, isAlive } from '../support/leftovers.ts';
import { root } from '../support/paths.ts';
import { NOBODY, noOtherUser } from '../support/platform.ts';
import { lowPort } from '../support/low-port.ts';
import {
  binderOf,
  boundInodes,
  compromised,
  descriptorsOf,
  hello,
  identityOf,
  inside,
  isNobody,
  serveAsNobody,
} from '../support/separated.ts';
import { endSuccessor, upgraded } from '../support/upgrades.ts';
import { poll } from '../support/watched.ts';

const skip = noOtherUser;

/** The tests' own processes start with these groups, and a server must not have them. */
before(() => skip === false && process.setgroups!([0, 4, 27]));

function serveEnemy(options: { options?: string[]; env?: Record<string, string>; cwd?: string } = {}): Promise<App> {
  return serveAsNobody({ files: { 'app.cjs': compromised }, ...options });
}

/** Lists all processes of a server, including the binder. */
function processesOf(server: App, primary: number = server.pid): number[] {
  return [...new Set([...server.processes, ...childrenOf(primary)])];
}

test('root is in the binder alone, also after a reload, scaling and an upgrade', { skip }, async () => {
  await using server = await serveEnemy({ env: { PORT: String(await lowPort()) } });
  const binder = binderOf(server.pid)!;
  const check = (primary?: number): void => {
    const rest = processesOf(server, primary).filter((pid) => pid !== binder);
    assert.ok(rest.length >= 2);
    for (const pid of rest) assert.ok(isNobody(pid) || !isAlive(pid), JSON.stringify(identityOf(pid)));
  };
  check();
  server.signal('SIGHUP');
  await server.event('reload done');
  server.signal('SIGTTIN');
  await server.event('worker ready', { slot: 1 });
  check();
  server.signal('SIGUSR2');
  const next = await upgraded(server);
  check(next);
  await endSuccessor(server, next);
});

test('there is no way back to root', { skip }, async () => {
  await using server = await serveEnemy();
  const ways = ['setuid(0)', 'seteuid(0)', 'setgid(0)', 'setegid(0)', 'setgroups([0])', `initgroups('root', 0)`];
  for (const way of ways) assert.deepEqual(await inside(server.target, `process.${way}`), { error: 'EPERM' }, way);
  assert.deepEqual(await inside(server.target, 'return process.getgroups()'), { value: [65_534] });
});

test('the processes of the primary and of the binder are closed to workers', { skip }, async () => {
  await using server = await serveEnemy({ env: { PORT: String(await lowPort()) } });
  const binder = binderOf(server.pid)!;
  for (const pid of [server.pid, binder]) {
    for (const file of ['environ', 'mem', 'maps', 'fd', 'root', 'cwd']) {
      const code = `const fs = require('node:fs');
        const path = '/proc/${pid}/${file}';
        if (fs.statSync(path).isDirectory()) return fs.readdirSync(path);
        return fs.readSync(fs.openSync(path, 'r+'), Buffer.alloc(1));`;
      assert.deepEqual(await inside(server.target, code), { error: 'EACCES' }, `${pid === binder} ${file}`);
    }
  }
  for (const signal of ['SIGTERM', 'SIGKILL', 'SIGSTOP']) {
    assert.deepEqual(await inside(server.target, `process.kill(${binder}, '${signal}')`), { error: 'EPERM' });
  }
});

test('SIGUSR1 opens no inspector in the primary, nor in the next one', { skip }, async () => {
  await using server = await serveEnemy();
  const knock = `process.kill(process.ppid, 'SIGUSR1'); return process.ppid;`;
  assert.deepEqual(await inside(server.target, knock), { value: server.pid });
  server.signal('SIGHUP');
  await server.event('reload done');
  server.signal('SIGUSR2');
  const next = await upgraded(server);
  assert.deepEqual(await inside(server.target, knock), { value: next });
  process.kill(next, 'SIGHUP');
  await server.event('reload done', {}, 2);
  assert.doesNotMatch(server.stderr, /Debugger listening/);
  await endSuccessor(server, next);
});

/** Fails when a process shares anything with the primary but its output, and the sockets that are served. */
function refuseShared(primary: number, other: number): void {
  // The exceptions are its output, and what the tests' own process was started with.
  const opened = descriptorsOf(primary);
  const output = [0, 1, 2].map((fd) => opened.get(fd)!);
  const own = new Set(descriptorsOf(other).values());
  const allowed = new Set([...output, ...descriptorsOf(process.pid).values(), ...boundInodes()]);
  const channels = [...opened.values()].filter((what) => /^(socket|pipe):/.test(what));
  assert.deepEqual(
    channels.filter((what) => own.has(what) && !allowed.has(what)),
    [],
  );
}

test('a worker shares nothing with the primary but its output, and the sockets that it serves', { skip }, async () => {
  await using server = await serveEnemy({ env: { PORT: String(await lowPort()) } });
  refuseShared(server.pid, server.worker(0));
  server.signal('SIGUSR2');
  const next = await upgraded(server);
  refuseShared(next, server.worker(0));
  await endSuccessor(server, next);
});

test('the process of --primary has the rights of a worker, and shares nothing more', { skip }, async () => {
  await using server = await serveAsNobody({ files: { 'half.cjs': '' }, options: ['--primary', './half.cjs'] });
  const half = Number((await server.event('primary half ready')).fields['pid']);
  assert.ok(isNobody(half), JSON.stringify(identityOf(half)));
  assert.equal(binderOf(server.pid) === half, false);
  refuseShared(server.pid, half);
});

/** Makes a directory of root's with the socket of another service, whose server has ended. */
async function rootsDirectory(t: TestContext, mode: number): Promise<{ directory: string; socket: string }> {
  const directory = temporary(t);
  const socket = join(directory, 'db.sock');
  const server = createServer().listen(`${socket}.live`);
  await new Promise((resolve) => server.once('listening', resolve));
  linkSync(`${socket}.live`, socket);
  await new Promise((resolve) => server.close(resolve));
  writeFileSync(join(directory, 'secret'), 'root’s');
  chmodSync(join(directory, 'secret'), 0o644);
  chmodSync(directory, mode);
  return { directory, socket };
}

/** What the worker listens at, from a directory of its own: the path, or a link of its making that leads there. */
const approaches: ReadonlyArray<readonly [string, (directory: string, own: string) => string]> = [
  [
    'a socket of another service’s',
    (directory) => `return listen({ path: '${directory}/db.sock', writableAll: true })`,
  ],
  ['a new file', (directory) => `return listen({ path: '${directory}/new.sock', readableAll: true })`],
  ['root’s file', (directory) => `return listen({ path: '${directory}/secret', writableAll: true })`],
  [
    'a link to the directory',
    (directory, own) => `fs.symlinkSync('${directory}', '${own}/link');
      return listen({ path: '${own}/link/db.sock', writableAll: true })`,
  ],
  [
    'a link to the file',
    (directory, own) => `fs.symlinkSync('${directory}/secret', '${own}/secret.sock');
      return listen({ path: '${own}/secret.sock', writableAll: true })`,
  ],
];

for (const mode of [0o700, 0o755]) {
  for (const [what, attack] of approaches) {
    test(
      `root binds, opens, links and removes no path for a worker: ${what}, mode 0${mode.toString(8)}`,
      { skip },
      async (t) => {
        const { directory, socket } = await rootsDirectory(t, mode);
        const own = nobodys(t);
        const identities = (): string[] =>
          [directory, socket, join(directory, 'secret')].map((path) => {
            const { ino, mode: bits, uid } = lstatSync(path);
            return `${ino} ${bits} ${uid}`;
          });
        const earlier = identities();
        await using server = await serveEnemy();
        const code = `const fs = require('node:fs');
        const listen = async (options) => {
          const server = require('node:net').createServer().listen(options);
          await require('node:events').once(server, 'listening');
          server.close();
        };
        ${attack(directory, own)}`;
        const { error } = await inside(server.target, code);
        assert.match(error!, /^(EACCES|EADDRINUSE)$/);
        await server.stop();
        assert.deepEqual(identities(), earlier);
        assert.ok(!existsSync(join(directory, 'new.sock')));
      },
    );
  }
}

test('what a worker leaves where reports are read removes nothing of root’s', { skip }, async (t) => {
  const { directory } = await rootsDirectory(t, 0o700);
  await using server = await serveEnemy();
  const code = `const fs = require('node:fs'), path = require('node:path');
    const top = path.join(process.report.directory, process.pid + '.json');
    fs.symlinkSync('${directory}', path.join(process.report.directory, 'link'));
    fs.mkdirSync(top);
    fs.symlinkSync('${directory}', path.join(top, 'a'));
    fs.symlinkSync('${directory}/secret', path.join(top, 'secret'));
    setImmediate(() => process.kill(process.pid, 'SIGKILL'));`;
  await inside(server.target, code).catch(() => {});
  await server.event('worker ready', { slot: 0 }, 2);
  await server.stop();
  assert.equal(readFileSync(join(directory, 'secret'), 'utf8'), 'root’s');
});

/** Returns code that records the user that runs it. */
const confession = (file: string): string => `require('node:fs').appendFileSync('${file}', process.getuid() + '\\n');`;

test('no library of the application’s directory is loaded as root', { skip }, async (t) => {
  const [cwd, said] = [nobodys(t), join(nobodys(t), 'said')];
  writeFileSync(join(cwd, 'app.cjs'), compromised);
  const cli = copyOfPackage(t);
  const options = ['--user', 'nobody', '--workers', '1', '--admin', '0'];
  await using server = await serve({
    entry: cli,
    command: false,
    args: [...options, join(cwd, 'app.cjs')],
    cwd,
    group: true,
    isOpen: true,
  });
  const plant = `const fs = require('node:fs');
    for (const name of ['prom-client', 'prefork', 'srvx', 'redis']) {
      fs.mkdirSync('node_modules/' + name, { recursive: true });
      fs.writeFileSync('node_modules/' + name + '/index.js', ${JSON.stringify(confession(said))});
    }`;
  assert.deepEqual(await inside(server.target, plant), {});
  const { fields } = await server.event('admin');
  const { hostname, port } = new URL(
    /http\S+/.exec(Object.values(fields).join(' '))?.[0] ?? `http://${fields['address']}`,
  );
  const { status } = await get({ host: hostname, port: Number(port) }, { path: '/metrics' });
  assert.ok(status === 200 || status === 501, String(status));
  server.signal('SIGHUP');
  await server.event('reload done');
  assert.ok(!existsSync(said), 'the primary has loaded it');
});

test('a config file is read as the user that --user names', { skip }, async (t) => {
  const [cwd, said] = [nobodys(t), join(nobodys(t), 'said')];
  writeFileSync(join(cwd, 'app.cjs'), hello);
  writeFileSync(
    join(cwd, 'prefork.config.mjs'),
    `import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    ${confession(said)}
    export default { workers: 1, user: 'root', bind: [1, 22] };`,
  );
  chownSync(join(cwd, 'prefork.config.mjs'), NOBODY, NOBODY);
  await using server = await serveAsNobody({ entry: './app.cjs', cwd });
  assert.match(readFileSync(said, 'utf8'), /^(65534\n)+$/);
  assert.ok(isNobody(server.pid));
});

/** Matches the refusal, and captures the part. */
const REFUSAL = /^(?:prefork|UsageError): (?:--user|user): uid 65534 may change (\S+), /m;

/**
 * Starts a server that is refused.
 *
 * @param code the exit code: a library's program ends by an error that it does not catch.
 */
async function refusal(options: Parameters<typeof startApp>[0], code = 2): Promise<string> {
  await using server = await startApp({ isOpen: true, group: true, ...options });
  assert.deepEqual(await server.exit(), { code, signal: null }, server.stderr);
  const [, part] = REFUSAL.exec(server.stderr) ?? [];
  assert.ok(part, server.stderr);
  return part;
}

test('a config file that names the user, and is the user’s, is refused', { skip }, async (t) => {
  const cwd = nobodys(t);
  chownSync(cwd, 0, 0);
  writeFileSync(join(cwd, 'app.cjs'), hello);
  const config = join(cwd, 'prefork.config.json');
  writeFileSync(config, JSON.stringify({ user: 'nobody', workers: 1 }));
  chownSync(config, NOBODY, NOBODY);
  assert.equal(await refusal({ entry: './app.cjs', cwd }), config);
  chownSync(config, 0, 0);
  chmodSync(config, 0o666);
  assert.equal(await refusal({ entry: './app.cjs', cwd }), config);
  chmodSync(config, 0o644);
  await using server = await serve({ entry: './app.cjs', cwd, group: true });
  assert.ok(isNobody(server.pid));
});

test('a package that the user may change is refused', { skip }, async (t) => {
  const cli = copyOfPackage(t);
  const args = ['--user', 'nobody', 'app.cjs'];
  const files = { 'app.cjs': hello };
  for (const part of [cli, join(cli, '..'), join(cli, '..', '..')]) {
    chownSync(part, NOBODY, NOBODY);
    assert.equal(await refusal({ entry: cli, command: false, args, files }), part);
    chownSync(part, 0, 0);
  }
});

test('a node that the user may change is refused', { skip }, async (t) => {
  const directory = temporary(t);
  const node = join(directory, basename(process.execPath));
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  chmodSync(directory, 0o777);
  const args = { entry: 'hello.js', options: ['--user', 'nobody'], node };
  assert.equal(await refusal(args), directory);
  chmodSync(directory, 0o755);
  chownSync(node, NOBODY, NOBODY);
  assert.equal(await refusal(args), node);
});

test('what node loads before the command is refused, if the user may change it', { skip }, async (t) => {
  const cwd = nobodys(t);
  const preload = join(cwd, 'preload.cjs');
  writeFileSync(preload, '');
  chownSync(preload, 0, 0);
  const args = { entry: 'hello.js', options: ['--user', 'nobody'], cwd };
  for (const flags of [['--require', './preload.cjs'], ['-r', preload], [`--import=file://${preload}`]]) {
    assert.equal(await refusal({ ...args, nodeOptions: flags }), cwd, flags.join(' '));
  }
  assert.equal(await refusal({ ...args, env: { NODE_OPTIONS: '--no-warnings --require "./preload.cjs"' } }), cwd);
  chownSync(cwd, 0, 0);
  await using server = await serve({ ...args, nodeOptions: ['--require', preload], group: true });
  assert.ok(isNobody(server.pid));
});

test(
  'what node has root write is refused, if the user may lead it elsewhere, and root’s own place is not',
  { skip },
  async (t) => {
    const [cwd, own] = [nobodys(t), temporary(t)];
    const args = { entry: 'hello.js', options: ['--user', 'nobody'], cwd, isOpen: true, group: true };
    const reports = '--report-on-fatalerror --report-uncaught-exception';
    await using refused = await startApp({ ...args, env: { NODE_OPTIONS: reports } });
    assert.deepEqual(await refused.exit(), { code: 2, signal: null });
    assert.equal(
      refused.stderr,
      `prefork: --user: uid 65534 may change ${cwd}, and --report-on-fatalerror may have root write there: give --report-on-fatalerror to the workers alone, by --node-arg, or have it name a place of root’s, or start in one\n`,
    );
    await using traced = await startApp({ ...args, nodeOptions: ['--trace-turbo'] });
    assert.deepEqual(await traced.exit(), { code: 2, signal: null });
    assert.match(traced.stderr, /and --trace-turbo may have root write there/);
    await using server = await serve({
      ...args,
      options: [...args.options, '--node-arg=--report-on-signal'],
      env: { NODE_OPTIONS: `${reports} --report-directory=${own}` },
    });
    assert.ok(isNobody(server.pid));
  },
);

test('an inspector in root’s process is refused, and one in the workers’ is not', { skip }, async () => {
  const args = { entry: 'hello.js', options: ['--user', 'nobody'], isOpen: true, group: true };
  const asked = [{ nodeOptions: ['--inspect=127.0.0.1:0'] }, { env: { NODE_OPTIONS: '--inspect=127.0.0.1:0' } }];
  for (const how of asked) {
    await using refused = await startApp({ ...args, ...how });
    assert.deepEqual(await refused.exit(), { code: 2, signal: null });
    assert.match(refused.stderr, /^prefork: --user: --inspect opens node’s inspector in root’s process, .*--node-arg/m);
  }
  await using server = await serve({ ...args, options: [...args.options, '--node-arg=--inspect=127.0.0.1:0'] });
  assert.ok(isNobody(server.pid));
  assert.match(server.stderr, /Debugger listening/);
});

test('so it is where root runs several apps of other users, or a config file names the user', { skip }, async (t) => {
  const own = temporary(t);
  writeFileSync(join(own, 'app.cjs'), hello);
  const config = join(own, 'prefork.config.json');
  const app = { user: 'nobody', workers: 1, entry: 'app.cjs' };
  for (const values of [app, { apps: [{ name: 'one', ...app }] }]) {
    writeFileSync(config, JSON.stringify(values));
    const nodeOptions = ['--inspect=127.0.0.1:0'];
    await using refused = await startApp({ cwd: own, options: ['--config', config], nodeOptions, group: true });
    assert.deepEqual(await refused.exit(), { code: 2, signal: null });
    assert.match(refused.stderr, /^prefork: --user: --inspect opens node’s inspector/m);
  }
});

test('what node and the loader take from variables is refused, if the user may change it', { skip }, async (t) => {
  const cwd = nobodys(t);
  const args = { entry: 'hello.js', options: ['--user', 'nobody'], cwd };
  const cache = join(cwd, 'cache');
  mkdirSync(cache);
  for (const env of [{ NODE_COMPILE_CACHE: cache }, { LD_LIBRARY_PATH: ':/usr/lib' }, { LD_PRELOAD: './a.so' }]) {
    assert.equal(await refusal({ ...args, env }), cwd, JSON.stringify(env));
  }
  chownSync(cwd, 0, 0);
  await using server = await serve({ ...args, env: { NODE_COMPILE_CACHE: cache }, group: true });
  assert.ok(isNobody(server.pid));
});

test(
  'with io_uring, by which the kernel may still act as root, it is nobody, or does not start',
  { skip },
  async () => {
    const env = { UV_USE_IO_URING: '1' };
    const change = ['-e', 'process.setgroups([])'];
    const canChange = spawnSync(process.execPath, change, { env, stdio: 'ignore' }).status === 0;
    const args = { entry: 'hello.js', options: ['--user', 'nobody'], env, isOpen: true, group: true };
    if (canChange) {
      await using server = await serve(args);
      assert.ok(isNobody(server.pid));
      return;
    }
    await using server = await startApp(args);
    assert.deepEqual(await server.exit(), { code: 2, signal: null });
    assert.match(server.stderr, /^prefork: --user: .*UV_USE_IO_URING\n$/);
  },
);

/** Returns code for a worker that asks for an upgrade at the control socket. */
function upgradeBy(server: App, target: object): string {
  return `const question = require('node:http').request({
      socketPath: ${JSON.stringify(server.controlSockets[0])}, path: '/upgrade', method: 'POST',
    });
    question.end(${JSON.stringify(JSON.stringify(target))});
    const [answer] = await require('node:events').once(question, 'response');
    return await require('node:stream/consumers').json(answer);`;
}

test('no program of the user’s gets the channel to the binder by an upgrade', { skip }, async (t) => {
  const directory = nobodys(t);
  const program = join(directory, 'node');
  const mark = join(directory, 'ran');
  writeFileSync(program, `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
  const env = { PORT: String(await lowPort()), PATH: `${directory}:${process.env['PATH']!}` };
  await using server = await serveEnemy({ env });
  const { value } = await inside(server.target, upgradeBy(server, { node: program }));
  const { ok, reason } = value as { ok: boolean; reason: string };
  assert.equal(ok, false);
  assert.match(reason, /uid 65534 may change/);
  // The server does not take a node that is only preferred, but another one.
  await inside(server.target, upgradeBy(server, { preferNode: program })).catch(() => {});
  const next = await upgraded(server);
  assert.equal(existsSync(mark), false);
  await endSuccessor(server, next);
});

test('nor does any other program of root’s, whatever a link to it is called', { skip }, async (t) => {
  const [programs, own] = [temporary(t), nobodys(t)];
  const mark = join(own, 'ran');
  const sqlite = join(programs, 'sqlite3');
  // The program obeys a file of its user's, as sqlite3 obeys ~/.sqliterc.
  writeFileSync(sqlite, `#!/bin/sh\n. ${own}/.sqliterc\n`, { mode: 0o755 });
  writeFileSync(join(own, '.sqliterc'), `touch ${mark}\n`);
  const disguised = join(programs, 'node');
  symlinkSync(sqlite, disguised);
  await using server = await serveEnemy({ env: { PORT: String(await lowPort()) } });
  for (const node of [sqlite, disguised]) {
    const { value } = await inside(server.target, upgradeBy(server, { node }));
    const { ok, reason } = value as { ok: boolean; reason: string };
    assert.equal(ok, false);
    assert.match(reason, /^only node may run the next primary/);
  }
  await inside(server.target, upgradeBy(server, { preferNode: disguised })).catch(() => {});
  const next = await upgraded(server);
  assert.equal(existsSync(mark), false);
  await endSuccessor(server, next);
});

test('nor does a program of the user’s get the token, where there is no binder', { skip }, async (t) => {
  const directory = nobodys(t);
  const [program, mark] = [join(directory, 'node'), join(directory, 'token')];
  // The handover, with the token, is what the next primary reads first.
  writeFileSync(program, `#!/bin/sh\ncat <&4 > ${mark}\n`, { mode: 0o755 });
  chownSync(program, NOBODY, NOBODY);
  await using server = await serveEnemy({ options: ['--admin', '127.0.0.1:0'] });
  await poll(() => binderOf(server.pid) === undefined || undefined, 'the end of the binder');
  const refuse = async (): Promise<void> => {
    const { value } = await inside(server.target, upgradeBy(server, { node: program }));
    const { ok, reason } = value as { ok: boolean; reason: string };
    assert.equal(ok, false);
    assert.match(reason, /^only node may run the next primary .* is not root’s$/);
  };
  await refuse();
  server.signal('SIGUSR2');
  const next = await upgraded(server);
  await refuse();
  assert.equal(existsSync(mark), false);
  await endSuccessor(server, next);
});

test('nor does what node loads, where the name of the directory leads elsewhere by now', { skip }, async (t) => {
  const [release, own] = [temporary(t), nobodys(t)];
  const [current, mark] = [join(own, 'current'), join(own, 'ran')];
  writeFileSync(join(release, 'app.cjs'), compromised);
  writeFileSync(join(release, 'first.cjs'), '');
  symlinkSync(release, current);
  const env = { PORT: String(await lowPort()), PWD: current, NODE_OPTIONS: '--require ./first.cjs' };
  await using server = await serveAsNobody({ cwd: current, env });
  const attack = `const fs = require('node:fs');
    fs.mkdirSync('${own}/release');
    fs.writeFileSync('${own}/release/first.cjs', ${JSON.stringify(`require('node:fs').writeFileSync('${mark}', '');`)});
    fs.symlinkSync('${own}/release', '${own}/next');
    fs.renameSync('${own}/next', '${current}');`;
  assert.deepEqual(await inside(server.target, attack), {});
  server.signal('SIGUSR2');
  const { fields } = await server.event('upgrade failed');
  assert.match(String(fields['reason']), /uid 65534 may change/);
  assert.equal(existsSync(mark), false);
});

test('the next primary opens no inspector to a signal that comes before its first line', { skip }, async () => {
  await using server = await serveEnemy({ env: { PORT: String(await lowPort()) } });
  const flag = process.allowedNodeEnvironmentFlags.has('--disable-sigusr1')
    ? '--disable-sigusr1'
    : '--inspect-publish-uid=stderr';
  server.signal('SIGUSR2');
  const second = await upgraded(server);
  process.kill(second, 'SIGUSR2');
  const third = await upgraded(server, 2);
  assert.equal(commandLine(third).split(flag).length, 2, 'once');
  // Workers have flags of their own, so that `prefork inspect` works on them.
  assert.deepEqual(await inside(server.target, 'return process.execArgv'), { value: [] });
  await endSuccessor(server, third);
});

test('where the user may choose what is read as the token, it is read as the user', { skip }, async (t) => {
  const secret = join(temporary(t), 'secret');
  writeFileSync(secret, 'a-secret-of-roots-own', { mode: 0o600 });
  const cwd = nobodys(t);
  symlinkSync(secret, join(cwd, 'token'));
  const options = ['--user', 'nobody', '--admin', '127.0.0.1:0', '--admin-token-file'];
  await using server = await startApp({ entry: 'hello.js', options: [...options, join(cwd, 'token')], group: true });
  await server.exit();
  assert.match(server.stderr, /--admin-token-file: EACCES/);
  await using own = await serve({ entry: 'hello.js', options: [...options, secret], isOpen: true, group: true });
  assert.ok(isNobody(own.pid));
});

test(
  'where the config file names the user, root reads no file of variables that the user may choose',
  { skip },
  async (t) => {
    const [own, cwd] = [temporary(t), nobodys(t)];
    chmodSync(own, 0o755);
    writeFileSync(join(own, 'secret.env'), 'SECRET=a-secret-of-roots-own', { mode: 0o600 });
    writeFileSync(join(cwd, 'app.cjs'), `console.log('seen', process.env.SECRET);${hello}`);
    symlinkSync(join(own, 'secret.env'), join(cwd, '.env'));
    const config = join(own, 'prefork.config.json');
    const options = ['--config', config];
    const write = (envFile: string): void =>
      writeFileSync(config, JSON.stringify({ user: 'nobody', workers: 1, cwd, entry: 'app.cjs', envFile: [envFile] }));
    write('.env');
    await using refused = await startApp({ options, group: true });
    assert.deepEqual(await refused.exit(), { code: 2, signal: null });
    assert.match(refused.stderr, /--env-file: .*EACCES/);
    // Root's own choice is a file that only root can change, and read.
    write(join(own, 'secret.env'));
    await using server = await serve({ options, group: true });
    assert.ok(isNobody(server.pid));
    assert.match(server.stdout, /seen a-secret-of-roots-own/);
    const word =
      /--env-file: .*secret\.env: the user of the server cannot read it, so reloads and upgrades will be refused/;
    assert.match(server.stderr, word);
    await server.stop();
    chownSync(join(own, 'secret.env'), 0, NOBODY);
    chmodSync(join(own, 'secret.env'), 0o640);
    await using readable = await serve({ options, group: true });
    assert.match(readable.stdout, /seen a-secret-of-roots-own/);
    assert.doesNotMatch(readable.stderr, word);
  },
);

/** A user that is neither root nor the server's. */
const DEPLOY = 12_345;

/** What that user may put in the place of a file, and what the server then says. */
const traps: ReadonlyArray<readonly [string, (file: string, secret: string) => void, RegExp]> = [
  ['a link to root’s file', (file, secret) => symlinkSync(secret, file), /EACCES/],
  ['a pipe', (file) => void spawnSync('mkfifo', ['-m', '666', file]), /it is not a file of at most/],
];

for (const [what, put, word] of traps) {
  test(`nor does root read, or wait for, what a third user has chosen: ${what}`, { skip }, async (t) => {
    const [own, release] = [temporary(t), temporary(t)];
    const secret = join(own, 'secret');
    writeFileSync(secret, 'SECRET=a-secret-of-roots-own', { mode: 0o600 });
    writeFileSync(join(release, 'app.cjs'), hello);
    for (const name of ['.env', 'token']) put(join(release, name), secret);
    chownSync(release, DEPLOY, DEPLOY);
    const config = join(own, 'prefork.config.json');
    const base = { user: 'nobody', workers: 1, cwd: release, entry: 'app.cjs' };
    const token = { admin: '127.0.0.1:0', adminTokenFile: join(release, 'token') };
    const cases: ReadonlyArray<readonly [string, object]> = [
      ['--env-file', { envFile: ['.env'] }],
      ['--admin-token-file', token],
    ];
    for (const [option, values] of cases) {
      writeFileSync(config, JSON.stringify({ ...base, ...values }));
      await using refused = await startApp({ options: ['--config', config], group: true });
      assert.deepEqual(await refused.exit(), { code: 2, signal: null }, option);
      assert.match(refused.stderr, new RegExp(`^prefork: ${option}: .*${word.source}`, 'm'));
    }
    const line = ['--user', 'nobody', '--admin', token.admin, '--admin-token-file', token.adminTokenFile];
    await using refused = await startApp({ entry: 'hello.js', options: line, group: true });
    assert.deepEqual(await refused.exit(), { code: 2, signal: null });
    assert.match(refused.stderr, word);
  });
}

test('a config file that names the user is root’s alone', { skip }, async (t) => {
  const cwd = temporary(t);
  writeFileSync(join(cwd, 'app.cjs'), hello);
  const config = join(cwd, 'prefork.config.json');
  writeFileSync(config, JSON.stringify({ user: 'nobody', workers: 1 }));
  chownSync(config, DEPLOY, DEPLOY);
  await using refused = await startApp({ entry: './app.cjs', cwd, group: true });
  assert.deepEqual(await refused.exit(), { code: 2, signal: null });
  assert.match(refused.stderr, /^prefork: user: another user than root may change \S+prefork\.config\.json, /m);
  await using server = await serve({ entry: './app.cjs', options: ['--user', 'nobody'], cwd, group: true });
  assert.ok(isNobody(server.pid));
});

test('no program of the application’s is asked who the user is', { skip }, async (t) => {
  const cwd = nobodys(t);
  writeFileSync(join(cwd, 'getent'), '#!/bin/sh\nid -u >> ran\n', { mode: 0o755 });
  const env = { PATH: `${cwd}:${process.env['PATH']}` };
  await using server = await serveAsNobody({ cwd, env, files: {}, entry: join(nobodysApp(cwd), 'app.cjs') });
  assert.ok(isNobody(server.pid));
  assert.equal(existsSync(join(cwd, 'ran')), false);
});

function nobodysApp(directory: string): string {
  writeFileSync(join(directory, 'app.cjs'), hello);
  return directory;
}

test('a library’s program that the user may change is refused', { skip }, async (t) => {
  const cwd = nobodys(t);
  const program = join(cwd, 'server.mjs');
  writeFileSync(
    program,
    `import { Prefork } from ${JSON.stringify(join(root, 'dist/index.js'))};
    await new Prefork(() => {}, { user: 'nobody' }).listenAndServe(0);`,
  );
  assert.equal(await refusal({ entry: program, command: false }, 1), cwd);
});

/**
 * Copies the package, as `npm install --global` installs it.
 *
 * @returns the command's path.
 */
function copyOfPackage(t: TestContext): string {
  const directory = temporary(t);
  cpSync(join(root, 'dist'), join(directory, 'prefork', 'dist'), { recursive: true });
  copyFileSync(join(root, 'package.json'), join(directory, 'prefork', 'package.json'));
  return join(directory, 'prefork', 'dist', 'cli.cjs');
}

/** Makes a directory of root's that all users may look into. */
function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o755);
  return directory;
}

/** Makes a directory that belongs to the unprivileged user. */
function nobodys(t: TestContext): string {
  const directory = temporary(t);
  mkdirSync(directory, { recursive: true });
  chownSync(directory, NOBODY, NOBODY);
  assert.equal(statSync(directory).uid, NOBODY);
  return directory;
}

test(
  'the compile cache is the workers’ user’s, and root has nothing to do with it',
  { skip: skip || (!canWarm() && 'this Node has none') },
  async (t) => {
    const cache = join(nobodys(t), 'cache');
    const env = { PORT: String(await lowPort()) };
    await using server = await serveAsNobody({ options: ['--compile-cache', cache], env });
    const entries = readdirSync(cache, { recursive: true, encoding: 'utf8' }).map((name) =>
      statSync(join(cache, name)),
    );
    assert.ok(entries.some((stats) => stats.isFile()));
    for (const { uid } of [statSync(cache), ...entries]) assert.equal(uid, NOBODY);
    const variables = readFileSync(`/proc/${binderOf(server.pid)!}/environ`, 'latin1');
    assert.ok(!variables.includes('COMPILE_CACHE'), variables);
  },
);

test(
  'a compile cache that the workers’ user could not own, or that another user could fill, is refused',
  { skip: skip || (!canWarm() && 'this Node has none') },
  async (t) => {
    const directory = temporary(t);
    const refuses = async (cache: string, options: string[], why: RegExp): Promise<void> => {
      const files = { 'app.cjs': hello };
      const flags = ['--workers', '1', '--compile-cache', cache, ...options];
      await using server = await startApp({ entry: './app.cjs', files, isOpen: true, group: true, options: flags });
      assert.equal((await server.exit()).code, 2);
      assert.match(server.stderr, why);
    };
    const asNobody = ['--user', 'nobody'];
    await refuses(join(directory, 'new'), asNobody, /cannot be created: EACCES/);
    mkdirSync(join(directory, 'roots'));
    await refuses(join(directory, 'roots'), asNobody, /belongs to another user \(uid 0\)/);
    mkdirSync(join(directory, 'nobodys'));
    chownSync(join(directory, 'nobodys'), NOBODY, NOBODY);
    // Workers that are root must not run what another user has compiled, and root makes nothing in such a place.
    await refuses(join(directory, 'nobodys'), [], /belongs to another user/);
    await refuses(join(directory, 'nobodys', 'new'), [], /belongs to another user/);
    symlinkSync('/etc', join(directory, 'nobodys', 'link'));
    await refuses(join(directory, 'nobodys', 'link'), asNobody, /belongs to another user \(uid 0\)/);
    assert.deepEqual(readdirSync(join(directory, 'nobodys')), ['link']);
  },
);
