/** Tests the start: the messages, the programs that run, and what they see of prefork. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readlinkSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { serve, startApp, type App } from '../../support/app.ts';
import { filesOfPrimary, names } from '../../support/leftovers.ts';
import { ask, distinct } from '../../support/http.ts';
import { fixture, inRoot } from '../../support/paths.ts';
import { hasReuseport, typescript } from '../../support/platform.ts';

const noProc = existsSync('/proc/self/fd') ? false : 'needs /proc';

const twoWorkers = { options: ['--workers', '2'] };

test('says what it does, one line an event', async () => {
  const sharing = hasReuseport() ? 'reuseport' : 'shared';
  await using app = await serve({ entry: 'hello.js', ...twoWorkers });
  assert.deepEqual(await app.stop(), { code: 0, signal: null });

  const lines = app.stderr.trimEnd().split('\n');
  const inOrder = [
    new RegExp(`^prefork: listening address=(\\[::\\]|0\\.0\\.0\\.0):\\d+ sharing=${sharing} workers=2$`),
    /^prefork: worker ready slot=\d gen=1 pid=\d+ in=[\d.]+m?s$/,
    /^prefork: worker ready slot=\d gen=1 pid=\d+ in=[\d.]+m?s$/,
    /^prefork: ready workers=2 in=[\d.]+m?s$/,
    /^prefork: stopping signal=SIGTERM$/,
    /^prefork: worker stopped slot=\d gen=1 pid=\d+ (code=0|signal=SIGTERM)$/,
    /^prefork: worker stopped slot=\d gen=1 pid=\d+ (code=0|signal=SIGTERM)$/,
    /^prefork: stopped in=[\d.]+m?s$/,
  ];
  for (const [at, pattern] of inOrder.entries()) assert.match(lines[at] ?? '', pattern);
  assert.equal(lines.length, inOrder.length);
  assert.deepEqual([...app.workers.keys()].toSorted(), [0, 1]);
  assert.equal(app.stdout, '', 'stdout is the application’s');
});

// `isIPv6` compiles a pattern, and a connection to its own socket makes streams and timers: 8 ms of CPU time each at the first time.
// The list of mounts has thousands of lines on some hosts: a start and a stop read it some times, and not for each file.
test('a plain start compiles no pattern of addresses, connects to nobody, and loads neither HTTP nor TLS', async () => {
  const env = { NODE_OPTIONS: `--require=${inRoot('test/fixtures/count-costs.cjs')}` };
  await using app = await serve({ entry: 'hello.js', ...twoWorkers, env });
  await app.stop();
  assert.match(app.stderr, /^costs: \{"patterns":0,"accepted":0,"mounts":\d,"loaded":\[\]\}$/m);
});

test('writes its log as JSON', async () => {
  await using app = await startApp({ entry: 'hello.js', options: ['--workers', '1', '--log-format', 'json'] });
  await app.output(/"event":"ready"/, 'stderr');
  await app.stop();

  const events = app.stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    events.map(({ event }) => event),
    ['listening', 'worker ready', 'ready', 'stopping', 'worker stopped', 'stopped'],
  );
  for (const { level, time } of events) {
    assert.equal(level, 'info');
    assert.ok(Math.abs(Date.parse(time as string) - Date.now()) < 60_000);
  }
});

test('says nothing but errors when that is asked for', async () => {
  await using app = await startApp({
    entry: 'ready-message.js',
    options: ['--workers', '1', '--log-level', 'error'],
  });
  await app.output(/working/);
  await app.stop();
  assert.equal(app.stderr, '');
});

test('by itself it starts a worker for each core', async () => {
  await using app = await serve({ entry: 'hello.js' });
  // `nproc` counts what the scheduler allows. A quota of the cgroup may allow less.
  const cores = Number(spawnSync('nproc', { encoding: 'utf8' }).stdout);
  const { workers } = (await app.event('ready')).fields;
  assert.ok(Number(workers) >= 1 && Number(workers) <= cores, `${workers} workers on ${cores} cores`);
});

test('starts fifteen workers on one port', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '15'] });
  assert.equal(app.events('listening').length, 1);
  assert.equal(new Set(app.workers.values()).size, 15);
  const pids = await distinct(15, () => ask(app.target));
  assert.deepEqual(sorted(pids), sorted(app.workers.values()));
});

const programs: ReadonlyArray<{ entry: string; when?: boolean; nodeOptions?: string[] }> = [
  { entry: 'hello.js' },
  { entry: 'hello.cjs' },
  { entry: 'hello.ts', when: typescript.byItself },
  { entry: 'hello.ts', when: typescript.byFlag, nodeOptions: ['--experimental-strip-types', '--no-warnings'] },
];
for (const { entry, when = true, nodeOptions = [] } of programs) {
  test(`runs ${[...nodeOptions, entry].join(' ')}`, { skip: !when }, async () => {
    await using app = await serve({ entry, nodeOptions, ...twoWorkers });
    const pids = await distinct(2, () => ask(app.target));
    assert.deepEqual(sorted(pids), sorted(app.workers.values()));
  });
}

/** Only these variables may differ from those that the program sees when node alone runs it. */
const variablesOfPrefork = [
  'NODE_APP_INSTANCE',
  'PREFORK_CHILD',
  'PREFORK_GENERATION',
  'PREFORK_SLOT',
  'PREFORK_WORKERS',
];

for (const entry of ['prints-process.cjs', 'prints-process.js']) {
  for (const nodeOptions of [[], ['--title=titled', '--stack-trace-limit=20']]) {
    test(`${[...nodeOptions, entry].join(' ')} sees what it sees under node`, async () => {
      const args = ['first', '--workers', '7', '--', '-x', 'with space', ''];
      await using app = await serve({ entry, args, nodeOptions, options: ['--workers', '1'] });
      const seen = await printedProcess(app);
      const { env, ...expected } = await underNode({ entry, args, nodeOptions });
      const { env: seenEnv, ...rest } = seen;
      assert.deepEqual(rest, { ...expected, cwd: app.directory });
      assert.deepEqual(Object.keys(seenEnv).toSorted(), [...Object.keys(env), ...variablesOfPrefork].toSorted());
    });
  }
}

for (const entry of ['./app.js', './app', './directory', './link.js']) {
  test(`finds the entry ${entry} as node does`, async () => {
    const text = `const { filename } = require.main;
      console.log(JSON.stringify({ argv: process.argv, filename }));
      if (process.send) process.send('ready'), setInterval(() => {}, 1e6);`;
    const files = { 'app.js': text, 'directory/index.js': text };
    const links = { 'link.js': 'app.js' };
    await using app = await serve({ entry, files, links, args: ['a'], options: ['--workers', '1'] });
    const alone = spawnSync(process.execPath, [entry, 'a'], { cwd: app.directory, encoding: 'utf8' });
    const [line] = await app.output(/.+\n/);
    assert.deepEqual(JSON.parse(line), JSON.parse(alone.stdout));
  });
}

test('workers are node:cluster workers with a slot, and have nobody’s secret', async () => {
  const env = { PREFORK_ADMIN_TOKEN: 'of-a-server-with-admin' };
  await using app = await serve({ entry: 'prints-cluster.js', ...twoWorkers, env });
  const workers = (await app.lines(2)).map(parse).toSorted(bySlot);
  assert.deepEqual(
    workers,
    ['0', '1'].map((slot) => ({
      isWorker: true,
      isPrimary: false,
      hasId: true,
      variables: { PREFORK_CHILD: '1', PREFORK_SLOT: slot, PREFORK_GENERATION: '1', NODE_APP_INSTANCE: slot },
    })),
  );
});

test('a program that never listens is ready when it says so', async () => {
  await using app = await serve({ entry: 'ready-message.js', ...twoWorkers });
  const lines = await app.lines(2);
  assert.deepEqual(lines.toSorted(), [...app.workers.values()].map((pid) => `working ${pid}`).toSorted());
  assert.deepEqual(app.events('listening'), []);
  assert.deepEqual(await app.stop(), { code: 0, signal: null });
});

test('messages of the application are not taken for those of prefork', async () => {
  await using app = await serve({ entry: 'talks-to-primary.js', ...twoWorkers });
  await distinct(2, () => ask(app.target));
  assert.deepEqual(await app.stop(), { code: 0, signal: null });
  assert.doesNotMatch(app.stderr, /bad message/);
});

test('what a worker forks is no worker', async () => {
  await using app = await serve({ entry: 'starts-a-child.js', options: ['--workers', '1'] });
  const { port, env } = JSON.parse(await ask(app.target)) as { port: number; env: Record<string, string> };
  assert.notEqual(port, app.port);
  assert.equal(env['PREFORK_BRIEFING'], undefined);
  assert.equal(app.events('listening').length, 1);
});

test('a thread of a worker is no worker', async () => {
  await using app = await serve({ entry: 'starts-a-thread.js', options: ['--workers', '1'] });
  for (let i = 0; i < 2; i++) {
    const seen: unknown = JSON.parse(await ask(app.target));
    assert.deepEqual(seen, { context: null, slot: '0' });
  }
  assert.deepEqual(await app.stop(), { code: 0, signal: null });
  assert.equal(app.events('worker ready').length, 1);
});

/**
 * Applications that cannot boot at the first start. All ends at once, with the application's error and without a loop.
 */
const bootFailures: ReadonlyArray<{ entry: string; options?: string[]; stderr: RegExp; message: RegExp }> = [
  {
    entry: 'throws-at-start.js',
    stderr: /Error: no database\n +at openDatabase/,
    message: /uncaught Error: no database/,
  },
  {
    entry: 'rejects-at-start.js',
    stderr: /Error: no database\n +at openDatabase/,
    message: /uncaught Error: no database/,
  },
  {
    entry: 'one-slot-throws.js',
    stderr: /Error: slot 1 has no database/,
    message: /slot 1 .*uncaught Error: slot 1 has no database/,
  },
  { entry: 'exits-zero.js', stderr: /./, message: /exit.* 0/ },
  { entry: 'exits-seven.js', stderr: /./, message: /exit.* 7/ },
  { entry: 'never-listens.js', options: ['--ready-timeout', '300ms'], stderr: /./, message: /300ms.*--ready-timeout/ },
];
for (const { entry, options = [], stderr, message } of bootFailures) {
  test(`${entry} cannot boot: exit 1 at once`, async () => {
    await using app = await startApp({ entry, options: [...options, ...twoWorkers.options] });
    assert.deepEqual(await app.exit(), { code: 1, signal: null });

    assert.match(app.stderr, stderr);
    const errors = app.events('error');
    assert.equal(errors.length, 1, 'one line says why');
    assert.equal(errors[0]!.fields['code'], 'ERR_BOOT_FAILED');
    assert.match(errors[0]!.message!, message);
    assert.deepEqual(app.events('worker respawning'), []);
    assert.deepEqual(app.events('ready'), []);
  });
}

test('workers that fail of one error print it once, and none of them is called overdue', async () => {
  await using app = await startApp({ entry: 'throws-at-start.js', options: ['--workers', '8'] });
  assert.deepEqual(await app.exit(), { code: 1, signal: null });
  assert.equal(app.stderr.match(/^Error: no database$/gm)?.length, 1);
  assert.equal(app.stderr.match(/^ +throw new Error\('no database'\);$/gm)?.length, 1, 'with the line that threw');
  assert.equal(app.events('worker exited').length, 1);
  assert.doesNotMatch(app.stderr, /overdue|had not finished/);
});

test('workers that fail of different errors print each', async () => {
  const files = { 'app.mjs': 'throw new Error(`slot ${process.env.PREFORK_SLOT} is broken`);' };
  // A slower worker may be ended before it could fail.
  await using app = await startApp({ entry: './app.mjs', files, options: ['--workers', '2'] });
  await app.exit();
  assert.match(app.stderr, /^Error: slot [01] is broken$/m);
});

test('an address that is taken is named, also where the application takes the error and goes on', async () => {
  const taken = createServer().listen(0);
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const files = {
    'app.mjs': `import http from 'node:http'; http.createServer().on('error', () => {}).listen(${port});`,
  };
  await using app = await startApp({ entry: './app.mjs', files, ...twoWorkers });
  const { fields } = await app.event('not listening', { code: 'EADDRINUSE' });
  assert.match(fields['address']!, new RegExp(`:${port}$`));
  assert.deepEqual(await app.exit(), { code: 1, signal: null });
  assert.equal(app.events('not listening').length, 1);
  taken.close();
});

test('the stack of an address that is taken begins where the application listens', async () => {
  const taken = createServer().listen(0);
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const files = { 'app.cjs': `function main() {\n  require('node:http').createServer().listen(${port});\n}\nmain();` };
  await using app = await startApp({ entry: './app.cjs', files, ...twoWorkers });
  const { message } = await app.event('error');
  assert.match(message!, /listen EADDRINUSE: address already in use :::\d+ at .*app\.cjs:2$/);
  assert.match(app.stderr, /^Error: listen EADDRINUSE.*\n +at main \(.*app\.cjs:2:/m);
  await app.exit();
  taken.close();
});

test('a program that opens no address is told at once what is waited for', async () => {
  const options = [...twoWorkers.options, '--ready-timeout', '20s'];
  await using app = await startApp({ entry: 'never-listens.js', options });
  const { fields } = await app.event('not ready yet');
  assert.match(fields['why']!, /ready means that it listens/);
  assert.equal(app.events('not ready yet').length, 1);
});

test('a file that is no JavaScript is the application’s error', async () => {
  await using app = await startApp({ entry: './app.js', files: { 'app.js': 'const = 1;' }, ...twoWorkers });
  assert.deepEqual(await app.exit(), { code: 1, signal: null });
  assert.match(app.stderr, /app\.js:1\n.*\n.*\n\nSyntaxError/);
  assert.equal(app.events('error', { code: 'ERR_BOOT_FAILED' }).length, 1);
});

interface PrintedProcess {
  readonly env: Record<string, string>;
  readonly [name: string]: unknown;
}

async function printedProcess(app: App): Promise<PrintedProcess> {
  const [line] = await app.output(/^.+\n/);
  return JSON.parse(line) as PrintedProcess;
}

/** Runs the same program by node alone. */
async function underNode(options: { entry: string; args: string[]; nodeOptions: string[] }): Promise<PrintedProcess> {
  await using app = await startApp({ ...options, command: false });
  await app.exit();
  return printedProcess(app);
}

function sorted(pids: Iterable<string | number>): number[] {
  return [...pids].map(Number).toSorted((a, b) => a - b);
}

function parse(line: string): { variables: { PREFORK_SLOT: string } } {
  return JSON.parse(line) as { variables: { PREFORK_SLOT: string } };
}

function bySlot(a: { variables: { PREFORK_SLOT: string } }, b: { variables: { PREFORK_SLOT: string } }): number {
  return Number(a.variables.PREFORK_SLOT) - Number(b.variables.PREFORK_SLOT);
}

test('a start that is refused leaves nothing', async () => {
  await using first = await serve({ entry: 'hello.js', options: ['--workers', '1', '--name', 'api'] });
  const env = { PREFORK_RUNTIME_DIR: first.directory };
  await using second = await startApp({ entry: 'hello.js', options: ['--name', 'api'], env });
  await second.event('error', { code: 'ERR_NAME_TAKEN' });
  assert.equal((await second.exit()).code, 1);
  assert.deepEqual(filesOfPrimary(second.pid), []);
});

test('workers inherit no descriptors of others, and V8 keeps the file that it writes', { skip: noProc }, async () => {
  const lock = openSync(fixture('hello.js'), 'r');
  try {
    await using app = await serve({ entry: 'hello.js', nodeOptions: ['--prof'], fds: [lock], ...twoWorkers });
    assert.ok(!namesOfDescriptors(app.worker(0)).includes(fixture('hello.js')), 'what was inherited');
    const files = namesOfDescriptors(app.pid);
    const boards = files.filter((file) => file.endsWith('.board'));
    assert.equal(boards.length, 2);
    assert.equal(files.filter((file) => file.endsWith('v8.log')).length, 1, 'what V8 writes');
  } finally {
    closeSync(lock);
  }
});

/** Returns the targets of the process's descriptors. */
function namesOfDescriptors(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  return names(directory).map((fd) => readlinkSync(join(directory, fd)));
}
