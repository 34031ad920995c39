/** Tests root's commands with a hostile server of another user. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { serve, startApp } from '../support/app.ts';
import { NOBODY, noOtherUser } from '../support/platform.ts';

const skip = noOtherUser;

const worker = { slot: 0, generation: 1, state: 'serving', uptime: 1, vitals: null };
const slot = { slot: 0, state: 'serving', worker, successor: null, crashes: 0, lastExit: null };
const status = { version: 1, name: 'evil', slots: [slot], spares: [], leaving: [], addresses: [] };
const deep = `{"version":1,"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;

/** Returns keys that differ, each with a value. */
function keys(count: number): string {
  return Array.from({ length: count }, (_, nth) => `"a${nth.toString(36)}":1`).join(',');
}

interface Ran {
  readonly code: number | null;
  readonly printed: string;
}

/** Returns what a command of root's prints when another user's server gives this answer to every request. */
async function ask(answer: string, options: readonly string[], namesakes = 0): Promise<Ran> {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-commands-'));
  chmodSync(directory, 0o755);
  const own = join(directory, `prefork-${NOBODY}`);
  writeFileSync(join(directory, 'answer'), answer);
  mkdirSync(own, { mode: 0o700 });
  chownSync(own, NOBODY, NOBODY);
  // The test does not end the server by name. It ends with its stdin.
  const code = `const text = require('node:fs').readFileSync(${JSON.stringify(join(directory, 'answer'))});
    require('node:http').createServer((_question, answer) => answer.end(text))
    .listen(${JSON.stringify(join(own, 'evil.sock'))}, () => console.log('up'));
    process.stdin.on('end', () => process.exit()).resume();`;
  const server = spawn(process.execPath, ['-e', code], { uid: NOBODY, gid: NOBODY, cwd: '/' });
  try {
    await once(server.stdout, 'data');
    for (let nth = 0; nth < namesakes; nth++) linkSync(join(own, 'evil.sock'), join(own, `s${nth}.sock`));
    await using command = await startApp({ options, env: { PREFORK_RUNTIME_DIR: directory } });
    if (options[0] === 'top') {
      // The command asks again and again, unless it is stuck.
      await command.output(/(?:.*\n){2}/, 'stderr');
      command.signal('SIGKILL');
    }
    const { code: exitCode } = await command.exit();
    return { code: exitCode, printed: command.stdout + command.stderr };
  } finally {
    server.stdin.end();
    await once(server, 'exit');
    rmSync(directory, { recursive: true });
  }
}

test('prefork unit reads a config file of another user’s, if it is one and not too long', { skip }, async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'prefork-unit-'));
  t.after(() => rmSync(cwd, { recursive: true }));
  const config = join(cwd, 'prefork.config.json');
  writeFileSync(config, JSON.stringify({ entry: 'server.js' }));
  chownSync(cwd, NOBODY, NOBODY);
  await using printed = await startApp({ options: ['unit'], cwd });
  assert.equal((await printed.exit()).code, 0, printed.stderr);
  truncateSync(config, 2 ** 23);
  await using refused = await startApp({ options: ['unit'], cwd });
  assert.equal((await refused.exit()).code, 2);
  assert.match(refused.stderr, /prefork\.config\.json: .*it is not a file of at most/);
});

test('nor does root wait for a pipe in the place of an entry’s package.json', { skip }, async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'prefork-unit-'));
  t.after(() => rmSync(cwd, { recursive: true }));
  const app = join(cwd, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'index.js'), '');
  spawnSync('mkfifo', ['-m', '666', join(app, 'package.json')]);
  for (const path of [app, cwd]) chownSync(path, NOBODY, NOBODY);
  for (const options of [['unit', 'app'], ['app']]) {
    await using refused = await startApp({ options, cwd });
    assert.equal((await refused.exit()).code, 2);
    assert.match(refused.stderr, /^prefork: entry "app": \S+package\.json: it is not a file of at most/);
  }
});

test('a pid is no path: root opens no file of a server’s choice', { skip }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-stat-'));
  try {
    // A read of this file never ends.
    symlinkSync('/dev/zero', join(directory, 'stat'));
    const slots = [{ ...slot, worker: { ...worker, pid: `..${directory}` } }];
    const { printed } = await ask(JSON.stringify({ ...status, slots }), [
      'top',
      '--interval',
      '100ms',
      '--name',
      'evil',
    ]);
    assert.match(printed, /evil gave an answer that is not a status/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

const answers: Readonly<Record<string, string>> = {
  'no slots': JSON.stringify({ ...status, slots: null }),
  'objects in place of figures': JSON.stringify({ ...status, uptime: {}, slots: [{ ...slot, slot: { toString: 1 } }] }),
  'a depth without end': deep,
  'ten million objects': `[${'{},'.repeat(10_000_000)}{}]`,
  'a hundred thousand keys': `{${keys(100_000)}}`,
  'no JSON': '\u001B]0;PWNED\u0007',
  'an outcome that is none': JSON.stringify({ ok: false, reason: { text: 1 }, stderr: 5 }),
  'figures with commands to the terminal': JSON.stringify({ ok: true, generation: '\u001B]0;PWNED\u0007', took: 'x' }),
};

for (const [what, answer] of Object.entries(answers)) {
  for (const options of [['status'], ['reload']]) {
    test(`prefork ${options[0]} says what is wrong with ${what}, in plain text`, { skip }, async () => {
      const { code, printed } = await ask(answer, [...options, '--name', 'evil']);
      assert.equal(code, 1);
      assert.match(printed, /^prefork: /);
      // oxlint-disable-next-line no-control-regex -- these characters must not occur
      assert.doesNotMatch(printed, /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/);
    });
  }
}

for (const options of [['list'], ['list', '--json'], ['status', '--all'], ['status', '--all', '--json']]) {
  test(`prefork ${options.join(' ')} goes on whatever one server answers`, { skip }, async () => {
    const { printed } = await ask(deep, options);
    // On a busy machine its answer, which is large, comes too late.
    assert.match(printed, /evil (gave an answer to \/status that has too many levels|does not answer)/);
    const { printed: bare } = await ask('{"version":1}', options);
    assert.doesNotMatch(`${printed}${bare}`, /Error/);
  });
}

test(
  'many servers of another user that answer what is costly to read keep root’s list waiting for no longer than others',
  { skip },
  async () => {
    const startedAt = performance.now();
    for (const [answer, why] of [
      [`{"version":1,${keys(120_000)}}`, /has too many keys/],
      [`{"version":1,${keys(380_000)}}`, /its answer does not end/],
    ] as const) {
      const { printed } = await ask(answer, ['list'], 30);
      assert.match(printed, why);
    }
    assert.ok(performance.now() - startedAt < 15_000, `${performance.now() - startedAt}`);
  },
);

test(
  'of ten thousand sockets of another user few are tried, and the one that is meant is found',
  { skip },
  async () => {
    const said = JSON.stringify({ ...status, slots: null });
    const other = await ask(said, ['status', '--name', 'other'], 10_000);
    assert.match(other.printed, /no server named other is running/);
    assert.ok(other.printed.split('uid ').length < 300, 'so many were tried');
    const found = await ask(said, ['status', '--name', 's9999'], 10_000);
    assert.match(found.printed, /s9999 gave an answer that is not a status/);
  },
);

/** Asks for a page as a browser does. */
async function open(url: URL, path: string): Promise<Response> {
  return fetch(new URL(path, url), { headers: { authorization: `Bearer ${url.hash.slice('#token='.length)}` } });
}

test('root’s browser runs no page of another user’s server, and keeps no cookie of it', { skip }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-commands-'));
  chmodSync(directory, 0o755);
  const own = join(directory, `prefork-${NOBODY}`);
  mkdirSync(own, { mode: 0o700 });
  chownSync(own, NOBODY, NOBODY);
  const code = `require('node:http').createServer((question, answer) => answer
      .writeHead(200, { 'set-cookie': 'session=evil', refresh: '0', 'content-type': 'text/event-stream' })
      .end('evil' + question.url))
    .listen(${JSON.stringify(join(own, 'evil.sock'))}, () => console.log('up'));
    process.stdin.on('end', () => process.exit()).resume();`;
  const server = spawn(process.execPath, ['-e', code], { uid: NOBODY, gid: NOBODY, cwd: '/' });
  try {
    await once(server.stdout, 'data');
    const options = ['dashboard', '--no-open', '--name', 'evil'];
    await using command = await startApp({ options, env: { PREFORK_RUNTIME_DIR: directory } });
    const [, address] = await command.output(/dashboard url=(\S+)/, 'stdout');
    const url = new URL(address!);
    for (const path of ['/', '/dashboard.js', '/dashboard.css']) {
      const page = await open(url, path);
      assert.equal(page.status, 200);
      assert.match(page.headers.get('content-security-policy')!, /script-src 'self'/);
      assert.doesNotMatch(await page.text(), /evil/);
    }
    const live = await open(url, '/live');
    assert.equal(await live.text(), 'evil/live');
    assert.equal(live.headers.get('set-cookie'), null);
    assert.equal(live.headers.get('refresh'), null);
    // Root may have a server of that name by now. It is not the one that root has looked at.
    const env = { PREFORK_RUNTIME_DIR: directory };
    await using mine = await serve({ entry: 'hello.js', options: ['--name', 'evil'], env });
    server.stdin.end();
    assert.deepEqual(await command.exit(), { code: 0, signal: null });
    assert.match(command.stderr, /evil has ended/);
    mine.signal('SIGTERM');
    await mine.exit();
  } finally {
    server.stdin.end();
    rmSync(directory, { recursive: true });
  }
});

/** Where another user has mounted a file system, in a directory of control sockets or beside it. */
const mountPoints = {
  'in the place of the directory': '',
  'in the place of a socket': 'evil.sock',
  'where a link in the place of a socket leads': '../elsewhere',
  'by a name that a directory of root’s could have': '../prefork-0-evil',
  'by the name of a scoreboard of root’s': '../prefork-0-1-evil.board',
  'by the name of a state of root’s': '../prefork-0-1-evil.state',
} as const;

for (const [where, at] of Object.entries(mountPoints)) {
  test(
    `root does not wait for a file system of another user’s making, ${where}`,
    { skip: skip || noFuse() },
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'prefork-fuse-'));
      chmodSync(directory, 0o1777);
      const own = join(directory, `prefork-${NOBODY}`);
      mkdirSync(own, { mode: 0o700 });
      const point = join(own, at);
      const isFile = /\.(?:sock|board)$/.test(at);
      if (isFile) writeFileSync(point, '');
      else mkdirSync(point, { recursive: true });
      if (at === '../elsewhere') symlinkSync(join(point, 'evil'), join(own, 'evil.sock'));
      for (const path of new Set([own, point])) chownSync(path, NOBODY, NOBODY);
      // Nothing answers what the kernel asks over the descriptor, so every look at it waits until it is closed.
      const mode = isFile ? '100600' : '40700';
      const options = `fd=3,rootmode=${mode},user_id=${NOBODY},group_id=${NOBODY},allow_other`;
      const script = `exec 3<>/dev/fuse && mount -i -t fuse x "$1" -o ${options} && echo up && read line`;
      const mounter = spawn('bash', ['-c', script, 'bash', point]);
      try {
        await once(mounter.stdout, 'data');
        await using command = await startApp({ options: ['list'], env: { TMPDIR: directory } });
        const { code } = await command.exit();
        assert.equal(code, 0);
        // A server looks at what others have left, when it starts and when it ends.
        await using app = await serve({ entry: 'hello.js', options: ['--workers', '1'], env: { TMPDIR: directory } });
        app.signal('SIGTERM');
        assert.equal((await app.exit()).code, 0);
      } finally {
        spawnSync('umount', ['-l', point]);
        mounter.stdin.end();
        await once(mounter, 'exit');
        rmSync(directory, { recursive: true });
      }
    },
  );
}

/** @returns why the kernel lets this process mount none, or false. */
function noFuse(): string | false {
  if (skip !== false) return false;
  const directory = mkdtempSync(join(tmpdir(), 'prefork-fuse-'));
  const options = 'fd=3,rootmode=40700,user_id=0,group_id=0';
  const script = `exec 3<>/dev/fuse && mount -i -t fuse x "$1" -o ${options} && umount -l "$1"`;
  const { status: code } = spawnSync('bash', ['-c', script, 'bash', directory]);
  rmSync(directory, { recursive: true, force: true });
  return code === 0 ? false : 'needs FUSE, and the right to mount';
}
