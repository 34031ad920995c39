/**
 * Tests what systemd passes and is told, with real sockets. systemd does not run: small Perl programs are its two ends.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Notifier } from '../../../src/systemd/notifier.ts';
import { createNotifier } from '../../../src/systemd/notify.ts';
import { commandTransport } from '../../../src/systemd/transport.ts';
import { ask } from '../../support/http.ts';
import { fixture, root } from '../../support/paths.ts';
import { Watched } from '../../support/watched.ts';

const noPerl = isThere('perl', '-v') ? false : 'needs perl';
const noCommand = noPerl || (isThere('systemd-notify', '--version') ? false : 'needs systemd-notify');
const noActivate = isThere('systemd-socket-activate', '--version') ? false : 'needs systemd-socket-activate';

function isThere(command: string, flag: string): boolean {
  return spawnSync(command, [flag]).status === 0;
}

function helper(name: string): string {
  return fixture(`../systemd/${name}`);
}

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-systemd-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** A program of a test, with the lines that it printed. SIGTERM ends it when the test is over. */
class Program {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  stderr = '';
  readonly #changes = new Watched();

  constructor(t: TestContext, command: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const [name = '', ...args] = command;
    this.child = spawn(name, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    let unfinished = '';
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (unfinished + text).split('\n');
      unfinished = lines.pop()!;
      this.lines.push(...lines);
      this.#changes.changed();
    });
    this.child.once('close', (code, signal) => this.#changes.over(`it ended, ${signal ?? code}: ${this.stderr}`));
    t.after(() => this.end());
  }

  line(nth: number): Promise<string> {
    return this.#changes.until(() => this.lines[nth], `line ${nth}`);
  }

  async json<Value>(nth: number): Promise<Value> {
    return JSON.parse(await this.line(nth)) as Value;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill();
    await once(this.child, 'close');
  }
}

interface Started {
  readonly sockets: Array<{ fd: number; name: string; address: string; port: number; family: number }>;
  readonly notify?: number;
  readonly env: string[];
}

function started(t: TestContext, files: readonly string[], queries: readonly string[] = []): Program {
  return new Program(t, [
    'perl',
    helper('activate.pl'),
    ...files,
    '--',
    process.execPath,
    helper('primary.js'),
    ...queries,
  ]);
}

test('an inherited TCP socket is found by its address, and a worker serves it', { skip: noPerl }, async (t) => {
  const program = started(t, ['web=tcp'], ['loopback']);
  const { sockets, env } = await program.json<Started>(0);
  const [{ port } = assert.fail()] = sockets;
  assert.deepEqual(sockets, [{ fd: 3, name: 'web', address: '127.0.0.1', port, family: 4 }]);
  assert.deepEqual(env, []);
  assert.deepEqual(await program.json(1), { leftovers: [] });
  assert.deepEqual(await program.json(2), { serves: { address: '127.0.0.1', family: 'IPv4', port } });
  assert.match(await ask({ host: '127.0.0.1', port }), /^pid \d+$/);
});

test('Unix and TCP sockets are found by name, also the second of a name', { skip: noPerl }, async (t) => {
  const path = join(directoryOf(t), 'web.sock');
  const files = ['web=tcp', `web=unix:${path}`, `path=unix:${path}2`, 'unused=tcp'];
  const program = started(t, files, ['systemd:web', 'systemd:web', `${path}2`]);
  const { sockets } = await program.json<Started>(0);
  assert.deepEqual(
    sockets.map(({ fd, name, address }) => [fd, name, address]),
    [
      [3, 'web', '127.0.0.1'],
      [4, 'web', path],
      [5, 'path', `${path}2`],
      [6, 'unused', '127.0.0.1'],
    ],
  );
  assert.deepEqual(await program.json(1), { leftovers: [`unused=127.0.0.1:${sockets[3]!.port}`] });
  for (const nth of [2, 3, 4]) await program.line(nth);
  const targets = [{ host: '127.0.0.1', port: sockets[0]!.port }, { socketPath: path }, { socketPath: `${path}2` }];
  for (const target of targets) assert.match(await ask(target), /^pid \d+$/);
  await assert.rejects(ask({ host: '127.0.0.1', port: sockets[3]!.port }), { code: 'ECONNREFUSED' });

  await program.end();
  assert.ok(existsSync(path) && existsSync(`${path}2`), 'the paths are systemd’s, and stay');
});

const refused: ReadonlyArray<{ file: string; message: RegExp }> = [
  { file: 'f=file', message: /descriptor 3 \(f\) is not a socket: expected what ListenStream=/ },
  { file: 'd=datagram', message: /descriptor 3 \(d\) is not a stream socket: expected ListenStream=/ },
  { file: 'c=connected', message: /descriptor 3 \(c\) is a connection: expected Accept=no/ },
  { file: 'p=pair', message: /descriptor 3 \(p\) is a connection/ },
];
for (const { file, message } of refused) {
  test(`${file} is refused with what was expected`, { skip: noPerl }, async (t) => {
    const program = started(t, [file]);
    const [code] = (await once(program.child, 'close')) as [number];
    assert.equal(code, 1);
    assert.match(program.stderr, message);
  });
}

test('a file that is not there is refused', { skip: noPerl }, async (t) => {
  // The variables name what perl passed, and one descriptor more.
  const lie = `process.env.LISTEN_FDS = '2'; process.env.LISTEN_FDNAMES = 'a:b'; process.argv.splice(1, 1);`;
  const code = `${lie} import(${JSON.stringify(helper('primary.js'))})`;
  const command = ['perl', helper('activate.pl'), 'a=tcp', '--', process.execPath, '-e', code, 'x', 'y'];
  const program = new Program(t, command);
  await once(program.child, 'close');
  assert.match(program.stderr, /descriptor 4 \(b\) is not a socket/);
});

test('systemd-socket-activate of systemd itself', { skip: noActivate }, async (t) => {
  const path = join(directoryOf(t), 'web.sock');
  const program = new Program(t, [
    'systemd-socket-activate',
    `--listen=${path}`,
    '--fdname=web',
    process.execPath,
    helper('primary.js'),
    'systemd:web',
  ]);
  await new Promise((resolve) => program.child.stderr!.once('data', resolve));
  // The first connection starts the program, and waits for it in the socket.
  assert.match(await ask({ socketPath: path }), /^pid \d+$/);
  const { sockets } = await program.json<Started>(0);
  assert.deepEqual(sockets, [{ fd: 3, name: 'web', address: path, port: -1, family: -1 }]);
});

/** Opens a listening NOTIFY_SOCKET. */
async function notifySocket(t: TestContext): Promise<{ path: string; program: Program }> {
  const path = join(directoryOf(t), 'notify');
  const program = new Program(t, ['perl', helper('notify-socket.pl'), path]);
  assert.equal(await program.line(0), 'bound');
  return { path, program };
}

function failOnError(message: string): void {
  assert.fail(message);
}

test('systemd-notify tells it all, in order', { skip: noCommand }, async (t) => {
  const { path, program } = await notifySocket(t);
  const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '100000' };
  const notifier = createNotifier(env, { onError: failOnError })!;
  notifier.ready('2 workers serve');
  notifier.reloading();
  notifier.ready();
  notifier.mainPid(process.pid);
  notifier.status('-- is no option, and "$HOME" no variable');
  await notifier.close();
  notifier.stopping();
  await notifier.close();
  const lines = program.lines.slice(1).filter((line) => line !== 'BARRIER=1');
  assert.equal(lines.length, 5, lines.join('\n'));
  assert.equal(lines[0], 'READY=1|STATUS=2 workers serve');
  assert.match(lines[1]!, /^RELOADING=1\|MONOTONIC_USEC=\d+$/);
  assert.equal(lines[2], 'READY=1');
  assert.match(lines[3]!, new RegExp(`^MAINPID=${process.pid}\\|STATUS=-- is no option, and "\\$HOME" no variable`));
  assert.equal(lines[4], 'STOPPING=1');
});

test('systemd-notify shows signs of life', { skip: noCommand }, async (t) => {
  const { path, program } = await notifySocket(t);
  const notifier = createNotifier({ NOTIFY_SOCKET: path, WATCHDOG_USEC: '20000' }, { onError: failOnError })!;
  // Nothing else would keep this process from ending.
  const waiting = setTimeout(() => {}, 20_000);
  for (const nth of [1, 3]) assert.equal(await program.line(nth), 'WATCHDOG=1');
  clearTimeout(waiting);
  await notifier.close();
});

test('where systemd does not answer it is said once', { skip: noCommand }, async (t) => {
  const errors: string[] = [];
  const env = { NOTIFY_SOCKET: join(directoryOf(t), 'nobody') };
  const notifier = createNotifier(env, { onError: (message) => void errors.push(message) })!;
  notifier.ready();
  notifier.stopping();
  await notifier.close();
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /^systemd-notify ended with 1: .*No such file or directory/);
});

test('where there is no such command it is said once', async () => {
  const errors: string[] = [];
  const transport = commandTransport('/nowhere', 'no-such-command');
  const notifier = new Notifier(transport, undefined, (message) => void errors.push(message));
  notifier.ready();
  notifier.stopping();
  await notifier.close();
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /^no-such-command could not be run: .*ENOENT/);
});

test('root runs no command of that name but the system’s', async (t) => {
  const { PATH } = process.env;
  t.after(() => (process.env['PATH'] = PATH));
  const directory = directoryOf(t);
  const ran = join(directory, 'ran');
  writeFileSync(join(directory, 'systemd-notify'), `#!/bin/sh\n: > ${ran}\n`, { mode: 0o755 });
  process.env['PATH'] = directory;
  await commandTransport('/nowhere')('READY=1').catch(() => {});
  assert.equal(existsSync(ran), process.geteuid!() !== 0);
});

test('a socket that OpenFile= connected needs no command', { skip: noPerl }, async (t) => {
  const { path, program } = await notifySocket(t);
  const code = `
    const { inheritedSockets } = await import(${JSON.stringify(`${root}dist/listeners/inherit.js`)});
    const { createNotifier } = await import(${JSON.stringify(`${root}dist/systemd/notify.js`)});
    const { sockets, notify } = inheritedSockets(process.env);
    process.env.PATH = '';
    const notifier = createNotifier(process.env, { fd: notify, onError: console.error });
    notifier.ready('serving');
    notifier.stopping();
    await notifier.close();
    console.log(JSON.stringify({ notify, sockets: sockets.map(({ name }) => name) }));`;
  const node = [process.execPath, '--input-type=module', '-e', code];
  const env = { NOTIFY_SOCKET: path };
  const sender = new Program(
    t,
    ['perl', helper('activate.pl'), 'web=tcp', `notify=notify:${path}`, '--', ...node],
    env,
  );
  assert.deepEqual(await sender.json(0), { notify: 4, sockets: ['web'] });
  assert.equal(sender.stderr, '');
  assert.equal(await program.line(1), 'READY=1|STATUS=serving');
  assert.equal(await program.line(2), 'STOPPING=1');
});
