/** Tests the live table in a real terminal, and the output without a terminal. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { testDirectory } from '../../support/abandoned.ts';
import { serve, startApp, type App } from '../../support/app.ts';
import { ask, connected } from '../../support/http.ts';
import { isAlive } from '../../support/leftovers.ts';
import { command } from '../../support/paths.ts';
import { noTerminal, Terminal } from '../../support/screens/terminal.ts';
import { poll } from '../../support/watched.ts';

const skip = noTerminal;
const twoWorkers = ['--workers', '2', '-n', 'api'];

function environment(app: App): Record<string, string> {
  return { PREFORK_RUNTIME_DIR: app.directory, TMPDIR: app.directory };
}

/** Opens a terminal in which `prefork top` shows the app. */
async function watch(app: App, { columns = 80, rows = 24, args = '' } = {}): Promise<Terminal> {
  const terminal = await Terminal.open({ columns, rows, env: environment(app) });
  try {
    await terminal.type(`${process.execPath} ${command} top --interval 200ms ${args}`, 'Enter');
    await terminal.shows(/^slot +pid gen state.* req\/s/m);
    return terminal;
  } catch (error) {
    await terminal[Symbol.asyncDispose]();
    throw error;
  }
}

/** Asserts that the shell has the terminal back as it was, with what it showed. */
async function isGivenBack(terminal: Terminal): Promise<void> {
  await terminal.shows(/^\$ $/m);
  assert.equal(await terminal.isAlternate(), false);
  await terminal.type('stty -a', 'Enter');
  await terminal.shows(/[^-]icanon/);
  await terminal.shows(/[^-]echo /);
}

test('keys reload, scale, help and quit', { skip }, async () => {
  await using app = await serve({ entry: 'hello.js', options: twoWorkers });
  await using terminal = await watch(app);
  assert.equal(await terminal.isAlternate(), true);
  await terminal.shows(new RegExp(`^api pid=${app.pid} gen=1 serving up=`));
  await terminal.shows(new RegExp(`^0 +${app.worker(0)} +1 serving `, 'm'));
  await terminal.type('r');
  await terminal.shows(/^reload done in /m);
  await terminal.shows(new RegExp(`^0 +${app.worker(0)} +2 serving `, 'm'));
  await terminal.type('+');
  await terminal.shows(/^3 of 3 workers serve/m);
  await terminal.shows(/^2 +\d+ +2 serving /m);
  await terminal.type('-');
  await app.event('scaled', { workers: 2 });
  await terminal.shows(/^2 of 2 workers serve/m);
  await terminal.type('?');
  await terminal.shows(/^Keys[^]*reverse the order/);
  await terminal.type('x');
  await terminal.shows(/^slot +pid/m);
  await terminal.type('q');
  await isGivenBack(terminal);
});

test('it shows requests, and a worker that hangs as hung, without waiting for it', { skip }, async () => {
  await using app = await serve({ entry: 'hangs-on-request.js', options: [...twoWorkers, '--heartbeat-timeout', '0'] });
  await using terminal = await watch(app);
  const counted = terminal
    .shows(/workers serve {2}req\/s [1-9]/)
    .then(() => terminal.shows(/req\/s +p50 +p99[^]*^[01] .* \d+ [\d.]+ms +[\d.]+m?s /m));
  const enough = new AbortController();
  const load = (async () => {
    while (!enough.signal.aborted) await ask(app.target);
  })();
  await counted.finally(() => enough.abort());
  await load;
  const socket = await connected(app.target);
  socket.on('error', () => {}).write('GET /spin HTTP/1.1\r\nHost: x\r\n\r\n');
  const { fields } = await app.event('worker hung');
  const row = `^${fields['slot']} +${fields['pid']} +1 hung `;
  await terminal.shows(new RegExp(row, 'm'));
  const [, uptime] = await terminal.shows(/ up=(\S+) /);
  await terminal.shows(new RegExp(` up=(?!${uptime} )`));
  await terminal.shows(new RegExp(row, 'm'));
  process.kill(Number(fields['pid']), 'SIGKILL');
  await app.event('worker ready', { slot: fields['slot']! }, 2);
  await terminal.shows(/^2 of 2 workers serve/m);
});

test('slots that a terminal is too small for scroll, and another size is another frame', { skip }, async () => {
  const code = `process.send('ready'); setInterval(() => {}, 1e6);`;
  const options = ['--workers', '12', '-n', 'api'];
  await using app = await serve({ entry: './app.cjs', files: { 'app.cjs': code }, options });
  await using terminal = await watch(app, { columns: 60, rows: 10 });
  await terminal.shows(/^rows 1-5 of 12 /m);
  await terminal.type('G');
  await terminal.shows(/^rows 8-12 of 12 /m);
  await terminal.shows(/^11 /m);
  await terminal.resize(100, 20);
  await terminal.shows(/^q quit .* \? help\s*$/m);
  await terminal.shows(/^0 [^]*^11 /m);
  await terminal.resize(24, 4);
  await terminal.shows(/^api [^\n]*\nslot +state[^\n]*\n0 [^\n]*\n1 /);
  await terminal.resize(80, 24);
  await terminal.shows(/^q quit .* \? help\s*$/m);
  await terminal.type('q');
  await isGivenBack(terminal);
});

test('Ctrl-Z suspends it, and fg brings it back', { skip }, async () => {
  await using app = await serve({ entry: 'hello.js', options: twoWorkers });
  await using terminal = await watch(app);
  await terminal.type('C-z');
  await terminal.shows(/Stopped/);
  await isGivenBack(terminal);
  await terminal.type('fg', 'Enter');
  await terminal.shows(/^slot +pid/m);
  assert.equal(await terminal.isAlternate(), true);
  await terminal.type('q');
  await isGivenBack(terminal);
});

for (const signal of ['TERM', 'INT', 'HUP']) {
  test(`SIG${signal} ends it, and the terminal is as before`, { skip }, async () => {
    await using app = await serve({ entry: 'hello.js', options: twoWorkers });
    await using terminal = await Terminal.open({ columns: 80, rows: 24, env: environment(app) });
    const start = `(echo $BASHPID > $TMPDIR/top.pid; exec ${process.execPath} ${command} top)`;
    await terminal.type(start, 'Enter');
    await terminal.shows(/^slot +pid/m);
    const pid = Number(readFileSync(join(app.directory, 'top.pid'), 'utf8'));
    process.kill(pid, `SIG${signal}`);
    await terminal.shows(/^\$ $/m);
    await terminal.type('echo exit=$?', 'Enter');
    await terminal.shows(new RegExp(`^exit=${{ TERM: 143, INT: 130, HUP: 129 }[signal]}`, 'm'));
    await isGivenBack(terminal);
  });
}

test('an upgrade is another primary, the end of the server is said, and its return is shown', { skip }, async () => {
  await using app = await serve({ entry: 'hello.js', options: twoWorkers });
  await using terminal = await watch(app);
  app.signal('SIGUSR2');
  const next = Number((await app.event('upgraded')).fields['pid']);
  await terminal.shows(new RegExp(`^api pid=${next} gen=2 `));
  process.kill(next, 'SIGTERM');
  await poll(() => !isAlive(next) || undefined, 'the end of the new primary');
  await terminal.shows(/^no server named api is running \(for /m);
  // The last look may have come when a worker had ended already.
  await terminal.shows(/^0 +(?:\d+ +2|- +-) /m);
  await app.exit();
  await using again = await serve({ entry: 'hello.js', options: twoWorkers, env: environment(app) });
  await terminal.shows(new RegExp(`^api pid=${again.pid} gen=1 serving [^]*^0 +${again.worker(0)} `, 'm'));
  await terminal.type('q');
  await isGivenBack(terminal);
});

test('NO_COLOR leaves colours out', { skip }, async () => {
  await using app = await serve({ entry: 'hello.js', options: twoWorkers });
  for (const [env, hasColors] of [
    [{}, true],
    [{ NO_COLOR: '1' }, false],
  ] as const) {
    await using terminal = await Terminal.open({ columns: 80, rows: 24, env: { ...environment(app), ...env } });
    await terminal.type(`${process.execPath} ${command} top`, 'Enter');
    await terminal.shows(/^slot +pid/m);
    assert.equal((await terminal.colored()).includes('\u001B['), hasColors);
  }
});

test('without a terminal it prints a table each time, and ends with the server', async () => {
  await using app = await serve({ entry: 'hello.js', options: twoWorkers });
  await using top = await startApp({ options: ['top', '--interval', '100ms'], env: environment(app) });
  await top.output(
    /^(api pid=\d+ gen=1 serving [^\n]*\n2 of 2 workers serve [^\n]*\nslot +pid [^\n]*\n0 .*\n1 .*\n\n){3}/,
  );
  assert.ok(!top.stdout.includes('\u001B'));
  await app.stop();
  assert.deepEqual(await top.exit(), { code: 3, signal: null });
  // The server may end in the middle of an answer. The next question then finds none.
  assert.match(top.stderr, /^(prefork: api ended before it answered\n)?prefork: no server named api is running\n$/);
});

test('--json prints an object a line', async () => {
  await using app = await serve({ entry: 'hello.js', options: twoWorkers });
  await using top = await startApp({ options: ['top', '--json', '--interval', '300ms'], env: environment(app) });
  const lines = (await top.lines(3)).map(
    (line) => JSON.parse(line) as { pid: number; workers: Array<{ cpu: unknown }> },
  );
  assert.equal(lines[0]!.pid, app.pid);
  assert.equal(lines[0]!.workers.length, 2);
  if (process.platform === 'linux') assert.equal(typeof lines[2]!.workers[0]!.cpu, 'number');
  top.kill();
});

test('whoever stops reading ends it, without a word', async () => {
  await using app = await serve({ entry: 'hello.js', options: twoWorkers });
  const script = '"$0" "$1" top --interval 100ms | head -n 1; echo "exit=${PIPESTATUS[0]}"';
  const { stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, command], {
    env: { ...process.env, ...environment(app) },
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.match(stdout, /^api pid=\d+ .*\nexit=0\n$/);
  assert.equal(stderr, '');
});

/** Two servers whose commands find each other. The second has one worker. */
async function twoServers(): Promise<{ app: App; blog: App } & AsyncDisposable> {
  const app = await serve({ entry: 'hello.js', options: twoWorkers });
  const blog = await serve({ entry: 'hello.js', options: ['--workers', '1', '-n', 'blog'], env: environment(app) });
  const dispose = async (): Promise<void> => {
    await blog[Symbol.asyncDispose]();
    await app[Symbol.asyncDispose]();
  };
  return { app, blog, [Symbol.asyncDispose]: dispose };
}

test('--all shows every server, those that come, go and do not answer, until q', { skip }, async () => {
  await using both = await twoServers();
  const { app, blog } = both;
  await using terminal = await Terminal.open({ columns: 120, rows: 24, env: environment(app) });
  await terminal.type(`${process.execPath} ${command} top --all --interval 200ms`, 'Enter');
  await terminal.shows(new RegExp(`^api .*\\b${app.pid} serving +2/2 [^]*^blog .*\\b${blog.pid} serving +1/1 `, 'm'));
  assert.equal(await terminal.isAlternate(), true);
  process.kill(blog.pid, 'SIGSTOP');
  await terminal.shows(/^blog .*no answer[^]*^blog does not answer: is it stopped, or stuck\?/m);
  await terminal.shows(/^api .* serving /m);
  process.kill(blog.pid, 'SIGCONT');
  await terminal.shows(new RegExp(`^blog .*\\b${blog.pid} serving `, 'm'));
  await blog.stop();
  await terminal.shows(/^api (?![^]*^blog)/m);
  await terminal.type('q');
  await isGivenBack(terminal);
});

test('an error that ends it is on the screen that the shell has back', { skip }, async () => {
  const directory = testDirectory('open');
  try {
    const open = join(directory, `prefork-${process.geteuid!()}`);
    mkdirSync(open);
    chmodSync(open, 0o777);
    await using terminal = await Terminal.open({ columns: 240, rows: 24, env: { PREFORK_RUNTIME_DIR: directory } });
    await terminal.type(`${process.execPath} ${command} top --all; echo exit=$?`, 'Enter');
    await terminal.shows(/^prefork: [^]*is open to other users \(mode 0777\): chmod 700 it\s+exit=1/m);
    await isGivenBack(terminal);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('--all without a terminal prints a table each time, or an object a line', async () => {
  await using both = await twoServers();
  const { app, blog } = both;
  await using text = await startApp({ options: ['top', '--all', '--interval', '100ms'], env: environment(app) });
  await text.output(/(name .*\napi .* serving .*\nblog .* serving .*\n[^]*?\n\n[^]*){2}/);
  await using json = await startApp({
    options: ['top', '--all', '--json', '--interval', '300ms'],
    env: environment(app),
  });
  await ask(app.target);
  const last = (await json.lines(3)).at(-1)!;
  const { version, servers } = JSON.parse(last) as { version: number; servers: Array<Record<string, unknown>> };
  assert.equal(version, 1);
  assert.deepEqual(
    servers.slice(0, 2).map(({ name, pid }) => ({ name, pid })),
    [
      { name: 'api', pid: app.pid },
      { name: 'blog', pid: blog.pid },
    ],
  );
  assert.equal(typeof servers[0]!['requestsPerSecond'], 'number');
  assert.equal(servers[0]!['connections'], 0);
  if (process.platform === 'linux') assert.equal(typeof servers[0]!['cpu'], 'number');
  text.kill();
  json.kill();
});

test('used wrongly', async () => {
  await using app = await serve({ entry: 'hello.js', options: twoWorkers });
  for (const [argv, code, says] of [
    [['--interval', '10ms'], 2, /^prefork: --interval: expected a time of at least 100ms, such as 1s, got "10ms"\n$/],
    [['--interval', '1'], 2, /--interval: expected a time/],
    [['0', '1'], 2, /expected no argument "1"/],
    [['api', '--all'], 2, /expected either --all or a name/],
    [['-n', 'other'], 3, /no server named other is running/],
  ] as const) {
    await using top = await startApp({ options: ['top', ...argv], env: environment(app) });
    assert.equal((await top.exit()).code, code);
    assert.match(top.stderr, says);
  }
});
