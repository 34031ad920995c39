/**
 * Tests the commands with a real server process whose primary is a fake: what they print, what they wait for, and their
 * exit codes.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startApp, type App } from '../../support/app.ts';
import { fakeStatus } from '../../support/fake-controls.ts';

const script = fileURLToPath(new URL('../../support/control-server.js', import.meta.url));

/** A place for control sockets, for servers and commands alike. It differs from that of this machine's user. */
class Machine implements Disposable {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'prefork-machine-'));
  readonly env: Readonly<Record<string, string>> = { PREFORK_RUNTIME_DIR: this.directory };

  /** The directory of this user's sockets. */
  get sockets(): string {
    return join(this.directory, `prefork-${process.geteuid!()}`);
  }

  start(env: Readonly<Record<string, string>> = {}): Promise<App> {
    return startApp({ entry: script, command: false, env: { ...this.env, ...env } });
  }

  async serve(env: Readonly<Record<string, string>> = {}): Promise<App> {
    const server = await this.start(env);
    await server.event('ready');
    return server;
  }

  async run(...argv: string[]): Promise<Ran> {
    await using command = await startApp({ options: argv, env: this.env });
    const { code } = await command.exit();
    return { code, stdout: command.stdout, stderr: command.stderr };
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const failure = JSON.stringify({
  ok: false,
  reason: 'slot 0 ended before it was ready',
  stderr: 'Error: no vault\n  at x\n',
});

test('status shows a server for people, and for programs', async () => {
  using machine = new Machine();
  await using server = await machine.serve({ CONTROL_NAME: 'api' });
  const people = await machine.run('status');
  assert.equal(people.code, 0);
  assert.equal(people.stderr, '');
  assert.match(
    people.stdout,
    new RegExp(`^api pid=${server.pid} gen=1 serving up=60s addresses=127\\.0\\.0\\.1:8080\n`),
  );
  assert.match(people.stdout, /\nslot +pid +gen state .*\n0 +4712 +1 serving /);
  assert.ok(!people.stdout.includes('\u001b'), 'no colours where there is no terminal');
  const programs = await machine.run('status', '--json');
  assert.equal(programs.code, 0);
  const status = JSON.parse(programs.stdout) as { version: number; name: string; pid: number };
  assert.deepEqual([status.version, status.name, status.pid], [1, 'api', server.pid]);
});

const operations: ReadonlyArray<[argv: string[], stdout: string, call: string]> = [
  [['reload'], 'prefork: reload done gen=2 in=412ms\n', 'reload'],
  [
    ['upgrade'],
    'prefork: upgrade done gen=2 in=412ms\n',
    `upgrade ${JSON.stringify({ preferNode: process.execPath })}`,
  ],
  [['scale', '4'], 'prefork: scale done workers=4 in=412ms\n', 'scale {"workers":4}'],
  [['scale', '+1'], 'prefork: scale done workers=4 in=412ms\n', 'scale {"by":1}'],
  [['scale', '-1'], 'prefork: scale done workers=4 in=412ms\n', 'scale {"by":-1}'],
];
for (const [argv, stdout, call] of operations) {
  test(`${argv.join(' ')} asks for it, waits, and says what came of it`, async () => {
    using machine = new Machine();
    await using server = await machine.serve();
    assert.deepEqual(await machine.run(...argv), { code: 0, stdout, stderr: '' });
    await server.stop();
    await server.event('ended', { calls: call });
  });
}

for (const argv of [['reload'], ['upgrade'], ['scale', '2'], ['stop']]) {
  test(`${argv.join(' ')}: a failure is exit 1, with the reason and the worker’s last words`, async () => {
    using machine = new Machine();
    await using _server = await machine.serve({ CONTROL_ANSWER: failure });
    const { code, stdout, stderr } = await machine.run(...argv);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.equal(
      stderr,
      `prefork: ${argv[0]} failed: slot 0 ended before it was ready\n    Error: no vault\n      at x\n`,
    );
  });
}

test('a fault of the server’s is a failure, too', async () => {
  using machine = new Machine();
  await using _server = await machine.serve({ CONTROL_ANSWER: 'throw' });
  const expected = { code: 1, stdout: '', stderr: 'prefork: reload failed: a fault in the fake\n' };
  assert.deepEqual(await machine.run('reload'), expected);
});

test('a server that is killed before it answers is exit 1', async () => {
  using machine = new Machine();
  await using server = await machine.serve({ CONTROL_ANSWER: 'die', CONTROL_NAME: 'api' });
  const expected = { code: 1, stdout: '', stderr: 'prefork: api ended before it answered\n' };
  assert.deepEqual(await machine.run('reload'), expected);
  assert.equal((await server.exit()).signal, 'SIGKILL');
  const { code, stderr } = await machine.run('status');
  assert.deepEqual([code, stderr], [3, 'prefork: no server of this user is running\n'], 'what it left is no server');
});

test('a server that is stopped (SIGSTOP) is exit 1, and not waited for', async () => {
  using machine = new Machine();
  await using server = await machine.serve({ CONTROL_NAME: 'api' });
  server.signal('SIGSTOP');
  try {
    const { code, stderr } = await machine.run('status');
    assert.deepEqual([code, stderr], [1, 'prefork: api does not answer: is it stopped, or stuck?\n']);
  } finally {
    server.signal('SIGCONT');
  }
});

for (const argv of [['stop'], ['stop', '--now']]) {
  test(`${argv.join(' ')} returns when the server is gone`, async () => {
    using machine = new Machine();
    await using server = await machine.serve({ CONTROL_NAME: 'api' });
    const { code, stdout, stderr } = await machine.run(...argv);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout, `prefork: stop done name=api pid=${server.pid} in=7ms\n`);
    assert.deepEqual(server.processes, [], 'it has ended by then');
    await server.event('ended', { calls: `stop {"now":${argv.length === 2}}` });
    assert.deepEqual(await server.exit(), { code: 0, signal: null });
  });
}

test('no server is exit 3', async () => {
  using machine = new Machine();
  for (const argv of [['status'], ['reload'], ['scale', '2'], ['upgrade']]) {
    const { code, stdout, stderr } = await machine.run(...argv);
    assert.deepEqual([code, stdout, stderr], [3, '', 'prefork: no server of this user is running\n'], argv[0]);
  }
});

test('to stop a server that is gone is success', async () => {
  using machine = new Machine();
  const { code, stdout, stderr } = await machine.run('stop');
  assert.deepEqual([code, stdout, stderr], [0, '', 'prefork: no server of this user is running: nothing to stop\n']);
  await using _web = await machine.serve({ CONTROL_NAME: 'web' });
  const named = await machine.run('stop', '--name', 'api');
  assert.equal(named.code, 0);
  assert.match(named.stderr, /^prefork: no server named api is running; there is web .*: nothing to stop\n$/);
});

test('a server that ends before it has answered is stopped', async () => {
  using machine = new Machine();
  await using server = await machine.serve({ CONTROL_NAME: 'api', CONTROL_ANSWER: 'die' });
  const { code, stdout, stderr } = await machine.run('stop');
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, new RegExp(`^prefork: stop done name=api pid=${server.pid} in=\\d+`));
});

test('of several servers one is named', async () => {
  using machine = new Machine();
  await using api = await machine.serve({ CONTROL_NAME: 'api' });
  await using web = await machine.serve({ CONTROL_NAME: 'web' });
  const list = [api, web]
    .map(({ pid }, nth) => `${['api', 'web'][nth]} (pid ${pid}, /srv/fake, 127.0.0.1:8080)`)
    .join(', ');
  const several = await machine.run('reload');
  assert.deepEqual(several, {
    code: 2,
    stdout: '',
    stderr: `prefork: several servers run: choose one by --name: ${list}\n`,
  });
  assert.equal((await machine.run('reload', '--name', 'api')).code, 0);
  assert.equal((await machine.run('-n', 'api', 'reload')).code, 0, 'before the command, too');
  const other = await machine.run('reload', '-n', 'cron');
  assert.equal(other.code, 3);
  assert.equal(other.stderr, `prefork: no server named cron is running; there is ${list}\n`);
  await api.stop();
  await api.event('ended', { calls: 'reload, reload' });
});

test('two servers that were given the same name: the second does not start', async () => {
  using machine = new Machine();
  await using first = await machine.serve({ CONTROL_NAME: 'api' });
  await using second = await machine.start({ CONTROL_NAME: 'api' });
  assert.deepEqual(await second.exit(), { code: 1, signal: null });
  const { message } = await second.event('failed', { code: 'ERR_NAME_TAKEN' });
  assert.match(
    message!,
    new RegExp(`^another server \\(pid ${first.pid}, /srv/fake, 127.0.0.1:8080\\) runs under the name api`),
  );
});

test('two servers with the same default name: the second gets a number, and the next start after a crash does not', async () => {
  using machine = new Machine();
  await using first = await machine.serve({ CONTROL_DEFAULT_NAME: 'server' });
  await using second = await machine.serve({ CONTROL_DEFAULT_NAME: 'server' });
  await first.event('ready', { name: 'server' });
  await second.event('ready', { name: 'server-2' });
  first.signal('SIGKILL');
  await first.exit();
  await using third = await machine.serve({ CONTROL_DEFAULT_NAME: 'server' });
  await third.event('ready', { name: 'server' });
});

test('a server that was started without XDG_RUNTIME_DIR is found by a shell that has one', async () => {
  using machine = new Machine();
  // Root's sockets are in /run, beside those of other servers on this machine.
  const name = `found-${process.pid}`;
  await using server = await startApp({
    entry: script,
    command: false,
    env: { XDG_RUNTIME_DIR: undefined, TMPDIR: machine.directory, CONTROL_NAME: name },
  });
  await server.event('ready');
  const runtime = join(machine.directory, 'runtime');
  mkdirSync(runtime);
  await using status = await startApp({
    options: ['status', '--name', name],
    env: { XDG_RUNTIME_DIR: runtime, TMPDIR: machine.directory },
  });
  assert.deepEqual(await status.exit(), { code: 0, signal: null });
});

test('a directory that others can write to is not trusted', async () => {
  using machine = new Machine();
  mkdirSync(machine.sockets);
  chmodSync(machine.sockets, 0o777);
  await using server = await machine.start();
  await server.event('failed', { code: 'ERR_CONTROL_SOCKET' });
  assert.deepEqual(await server.exit(), { code: 1, signal: null });
  const { code, stderr } = await machine.run('status');
  assert.equal(code, 1);
  assert.match(stderr, /^prefork: .* is open to other users \(mode 0777\): chmod 700 it\n$/);
});

test('what answers and is no server of prefork’s is exit 1', async () => {
  using machine = new Machine();
  mkdirSync(machine.sockets, { mode: 0o700 });
  const other = createServer((socket) => socket.on('error', () => {}).end('220 smtp\r\n')).listen(
    join(machine.sockets, 'mail.sock'),
  );
  await once(other, 'listening');
  try {
    const { code, stderr } = await machine.run('status');
    assert.equal(code, 1);
    assert.match(stderr, /^prefork: mail could not be asked: [^\n]+\n$/);
  } finally {
    other.close();
  }
});

test('a status of another version is for programs only', async () => {
  using machine = new Machine();
  mkdirSync(machine.sockets, { mode: 0o700 });
  const answer = '{"version":2,"prefork":"9.0.0"}';
  const other = createHttpServer((_, response) => response.end(answer)).listen(join(machine.sockets, 'api.sock'));
  await once(other, 'listening');
  try {
    const stderr = 'prefork: api runs prefork 9.0.0, whose status this one cannot read: use prefork status --json\n';
    assert.deepEqual(await machine.run('status'), { code: 1, stdout: '', stderr });
    const { code, stdout } = await machine.run('status', '--json');
    assert.deepEqual([code, JSON.parse(stdout)], [0, JSON.parse(answer)]);
  } finally {
    other.close();
  }
});

/** Bad inputs, and what the one line has to name. No server runs, so a command that asks for one first exits with 3. */
const badInputs: ReadonlyArray<[argv: string[], says: RegExp]> = [
  [['status', '--jsn'], /unknown option --jsn; did you mean --json\?/],
  [['status', '--now'], /unknown option --now/],
  [['status', '--json=yes'], /--json: expected no value/],
  [['status', 'api', 'web'], /expected no argument "web"/],
  [['status', 'a/b'], /name: expected .* got "a\/b"/],
  [['status', 'api', '--name', 'web'], /expected one name, got "web" and "api"/],
  [['status', 'api', '--all'], /expected either --all or a name/],
  [['reload', '--all', '-n', 'api'], /expected either --all or a name/],
  [['stop', '--all'], /unknown option --all/],
  [['list', 'api'], /expected no argument "api"/],
  [['list', '--name', 'api'], /unknown option --name/],
  [['list', '--jsn'], /unknown option --jsn; did you mean --json\?/],
  [['reload', '-n'], /--name: expected a value/],
  [['reload', '--name', 'a/b'], /--name: expected .* got "a\/b"/],
  [['reload', '-x'], /unknown option -x/],
  [['-w', '2', 'reload'], /unknown option -w: it belongs to starting a server/],
  [['reload', '--drain-timeout', '5s'], /unknown option --drain-timeout: it belongs to starting a server/],
  [['reload', '--nmae', 'api'], /unknown option --nmae; did you mean --name\?/],
  [['--json', 'status'], /unknown option --json/],
  [['stop', '--noww'], /unknown option --noww; did you mean --now\?/],
  [['upgrade', 'api', '2'], /expected no argument "2"/],
  [['scale'], /scale: expected a whole number from 1 to 1024, \+n, -n or auto\n/],
  ...['0', '+0', '-0', '1.5', 'two', '1025', '-1025', '++1', '4x', '', '1e3'].map((value): [string[], RegExp] => [
    ['scale', value],
    /scale: expected a whole number from 1 to 1024.*, got "/,
  ]),
  [['scale', '1', '2'], /expected no argument "2"/],
  [['relod'], /entry: expected a file that exists, got "relod"; did you mean reload\?/],
  [['./status'], /entry: expected a file that exists, got ".\/status"/],
  [['--', 'status'], /entry: expected a file that exists, got "status"/],
];
for (const [argv, says] of badInputs) {
  test(`exit 2: ${argv.join(' ')}`, async () => {
    using machine = new Machine();
    const { code, stdout, stderr } = await machine.run(...argv);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^prefork: [^\n]+\n$/, 'one line');
    assert.match(stderr, says);
    assert.equal(stdout, '');
  });
}

for (const argv of [['status'], ['reload'], ['scale'], ['stop'], ['upgrade']]) {
  test(`${argv.join(' ')} --help`, async () => {
    using machine = new Machine();
    const { code, stdout, stderr } = await machine.run(...argv, '--help');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(
      stdout,
      new RegExp(`\nUsage: prefork ${argv[0]}.* \\[(?:--name )?<name>\\]\n[^]*\n +-n, --name <name>`),
    );
    assert.deepEqual(
      stdout.split('\n').filter((line) => line.length > 80 || line.endsWith(' ')),
      [],
    );
    assert.deepEqual(await machine.run('-h', argv[0]!), { code, stdout, stderr });
    const all = await machine.run('--help');
    assert.match(all.stdout, new RegExp(`^  ${argv[0]}\\b`, 'm'));
  });
}

test('an entry of a command’s name is reached by its path', async () => {
  await using app = await startApp({
    entry: './status',
    options: ['-w1'],
    files: { 'status/index.js': 'process.send("ready"); setInterval(() => {}, 1e6);' },
  });
  await app.event('ready');
});

test('list shows twenty servers, each with what tells it from the others', async () => {
  using machine = new Machine();
  const names = Array.from({ length: 20 }, (_, at) => `app-${at}`);
  const servers = await Promise.all(names.map((name) => machine.serve({ CONTROL_NAME: name })));
  try {
    const { code, stdout, stderr } = await machine.run('list');
    assert.deepEqual([code, stderr], [0, '']);
    const [title, ...rows] = stdout.trimEnd().split('\n');
    assert.equal(title!.replaceAll(/ +/g, ' '), 'name pid state workers mem up address directory');
    const pids = new Map(servers.map((server, at) => [names[at], server.pid]));
    assert.equal(rows.length, 20);
    for (const row of rows) {
      const [name, pid, ...rest] = row.split(/ +/);
      assert.equal(Number(pid), pids.get(name));
      assert.deepEqual(rest, ['serving', '1/1', '0M', '60s', '127.0.0.1:8080', '/srv/fake']);
    }
    const { servers: list } = JSON.parse((await machine.run('list', '--json')).stdout) as { servers: unknown[] };
    assert.equal(list.length, 20);
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]();
  }
});

test('list without a server says so, and succeeds', async () => {
  using machine = new Machine();
  assert.deepEqual(await machine.run('list'), { code: 0, stdout: 'no server is running\n', stderr: '' });
  const { stdout } = await machine.run('list', '--json');
  assert.deepEqual(JSON.parse(stdout), { version: 1, servers: [] });
});

/** Sockets that no server of ours has, and what the list says of them. */
const hostile: ReadonlyArray<[how: string, answer: (socket: Socket) => void, says: RegExp]> = [
  ['never answers', () => {}, /evil does not answer: is it stopped, or stuck\?\n$/],
  [
    'sends a byte at a time',
    (socket) => {
      const timer = setInterval(() => socket.write('H'), 100);
      socket.once('close', () => clearInterval(timer));
    },
    /evil does not answer: is it stopped, or stuck\?\n$/,
  ],
  [
    'sends without end',
    (socket) => {
      // A socket calls this for each write that fails, before it counts as destroyed.
      const more = (error?: Error | null): void => {
        if (error === undefined || error === null) socket.write('x'.repeat(1_000_000), more);
      };
      socket.write('HTTP/1.0 200 OK\r\n\r\n');
      more();
    },
    /evil could not be asked: its answer does not end\n$/,
  ],
  [
    'colours its directory',
    (socket) => {
      const status = fakeStatus({ entry: '/\u001b]0;x\u0007\u001b[2J\u202e\n/x.js', addresses: ['\u001b[31mred'] });
      socket.end(`HTTP/1.0 200 OK\r\n\r\n${JSON.stringify(status)}`);
    },
    /\\u001b\[31mred\s+\/\\u001b\]0;x\\u0007\\u001b\[2J\\u202e\\u000a\n$/,
  ],
  ['ends at once', (socket) => void socket.end(), /evil ended before it answered\n$/],
  [
    'says that it is a list',
    (socket) => void socket.end('HTTP/1.0 200 OK\r\n\r\n[1,2,3]'),
    /evil runs prefork undefined, whose status this one cannot read/,
  ],
  [
    'has a pid that is text',
    (socket) => void socket.end(`HTTP/1.0 200 OK\r\n\r\n${JSON.stringify({ ...fakeStatus(), pid: '../1' })}`),
    /evil gave an answer that is not a status\n$/,
  ],
];
for (const [how, answer, says] of hostile) {
  test(`list and a socket that ${how}`, async () => {
    using machine = new Machine();
    await using server = await machine.serve({ CONTROL_NAME: 'api' });
    const sockets = new Set<Socket>();
    const evil = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      socket.once('data', () => answer(socket));
    });
    await new Promise<void>((resolve) => evil.listen(join(machine.sockets, 'evil.sock'), resolve));
    try {
      const { code, stdout } = await machine.run('list');
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`^api +${server.pid} +serving `, 'm'));
      assert.match(stdout, says);
      // oxlint-disable-next-line no-control-regex -- what must not be there
      assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
    } finally {
      evil.close();
      for (const socket of sockets) socket.destroy();
    }
  });
}

test('reload --all and status --all ask each server, and go on when one fails', async () => {
  using machine = new Machine();
  assert.equal((await machine.run('reload', '--all')).code, 3);
  await using _api = await machine.serve({ CONTROL_NAME: 'api' });
  await using _bad = await machine.serve({ CONTROL_NAME: 'bad', CONTROL_ANSWER: failure });
  await using _web = await machine.serve({ CONTROL_NAME: 'web' });
  const { code, stdout, stderr } = await machine.run('reload', '--all');
  assert.equal(code, 1);
  assert.equal(stdout, 'prefork: reload done name=api gen=2 in=412ms\nprefork: reload done name=web gen=2 in=412ms\n');
  assert.match(stderr, /^prefork: bad: reload failed: slot 0 ended before it was ready\n/);
  const all = await machine.run('status', '--all');
  assert.equal(all.code, 0);
  assert.deepEqual(
    [...all.stdout.matchAll(/^(\w+) pid=/gm)].map(([, name]) => name),
    ['api', 'bad', 'web'],
  );
  const json = JSON.parse((await machine.run('status', '--all', '--json')).stdout) as Array<{ name: string }>;
  assert.deepEqual(
    json.map(({ name }) => name),
    ['api', 'bad', 'web'],
  );
});

test('a server is named by an argument, too', async () => {
  using machine = new Machine();
  await using api = await machine.serve({ CONTROL_NAME: 'api' });
  await using _web = await machine.serve({ CONTROL_NAME: 'web' });
  assert.equal((await machine.run('reload', 'web')).code, 0);
  assert.match((await machine.run('status', 'api')).stdout, /^api /);
  const wrong = await machine.run('stop', 'apl');
  assert.equal(wrong.code, 3, 'a person has misspelt it');
  assert.match(wrong.stderr, /no server named apl is running; there is api/);
  assert.equal((await machine.run('stop', 'api')).code, 0);
  await api.exit();
});
