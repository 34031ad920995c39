/**
 * Tests that a worker can be inspected from outside, by its profile, heap, stack and inspector, and that nothing of it
 * stays.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { listeningOnLoopback, openIn } from '../../../src/inspector/listening.ts';
import { openInspector } from '../../../src/inspector/open.ts';
import { serve, startApp, type App } from '../../support/app.ts';
import { ask, connected } from '../../support/http.ts';
import { command } from '../../support/paths.ts';
import { noOtherUser } from '../../support/platform.ts';
import { poll } from '../../support/watched.ts';

const skip = process.platform === 'linux' ? false : 'needs /proc';

const hanging = { entry: 'hangs-on-request.js', options: ['--workers', '2', '--heartbeat-timeout', '6s', '-n', 'api'] };

/** Runs a command for the app, in its directory. */
function start(app: App, ...argv: string[]): Promise<App> {
  return startApp({
    options: argv,
    env: { PREFORK_RUNTIME_DIR: app.directory, TMPDIR: app.directory },
    cwd: app.directory,
  });
}

async function run(app: App, ...argv: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  await using ran = await start(app, ...argv);
  const { code } = await ran.exit();
  return { code, stdout: ran.stdout, stderr: ran.stderr.replace(door, '') };
}

/** Asks until the worker does nothing. Now and then it writes its row. */
async function idleStack(app: App, slot: number): ReturnType<typeof run> {
  return poll(async () => {
    const ran = await run(app, 'stack', String(slot));
    return ran.code !== 0 || ran.stdout.includes('waits in its event loop') ? ran : undefined;
  }, 'a worker that waits');
}

/** The warning that every command prints when the inspector is open. */
const door =
  /^prefork: the worker's inspector is open at 127\.0\.0\.1:\d+ until this command has ended: every user of this machine can run code in it\n/;

/**
 * Sends a request that keeps its worker busy for ever, and waits until prefork has noticed.
 *
 * @returns the worker's slot.
 */
async function hang(app: App): Promise<number> {
  const socket = await connected(app.target);
  socket.on('error', () => {}).write('GET /spin HTTP/1.1\r\nHost: x\r\n\r\n');
  return Number((await app.event('worker hung')).fields['slot']);
}

/** Waits until the worker's inspector closes, which happens when the worker returns to its event loop. */
function inspectorClosed(pid: number): Promise<true> {
  const isClosed = async (): Promise<true | undefined> =>
    (await openIn(pid, await listeningOnLoopback(pid))).length === 0 || undefined;
  return poll(isClosed, 'the end of the inspector');
}

function filesOf(app: App, extension: string): string[] {
  return readdirSync(app.directory).filter((name) => name.endsWith(extension));
}

interface CpuProfile {
  readonly nodes: ReadonlyArray<{ readonly id: number; readonly callFrame: { readonly functionName: string } }>;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
  readonly startTime: number;
  readonly endTime: number;
}

test(
  'a profile of a worker that hangs names the function, and the worker is not killed meanwhile',
  { skip },
  async () => {
    await using app = await serve(hanging);
    const slot = await hang(app);
    const pid = app.worker(slot);
    const { code, stdout, stderr } = await run(app, 'profile', String(slot), '--seconds', '8');
    assert.deepEqual([code, stderr], [0, '']);
    const [file = '', ...others] = filesOf(app, '.cpuprofile');
    assert.deepEqual(others, []);
    assert.match(file, new RegExp(`^api-${slot}-\\d{8}T\\d{6}Z\\.cpuprofile$`));
    assert.match(stdout, new RegExp(`^prefork: profile done file=${file} samples=\\d+ in=8s\n$`));
    const profile = JSON.parse(readFileSync(join(app.directory, file), 'utf8')) as CpuProfile;
    assert.equal(profile.samples.length, profile.timeDeltas.length);
    assert.ok(profile.endTime - profile.startTime > 7.5e6, 'µs');
    const spin = profile.nodes.filter(({ callFrame }) => callFrame.functionName === 'spinForever').map(({ id }) => id);
    const inSpin = profile.samples.filter((id) => spin.includes(id)).length;
    assert.ok(inSpin > profile.samples.length * 0.8, `${inSpin} of ${profile.samples.length} samples`);
    // The worker was held for longer than its heartbeat timeout. Now it hangs like any other.
    assert.deepEqual(app.events('worker given up'), []);
    await app.event('worker held', { slot, pid });
    await app.event('worker released', { slot, pid });
    await app.event('worker exited', { pid, reason: 'hung' });
  },
);

test('a heap snapshot has the objects, and the worker serves on', { skip }, async () => {
  const options = ['--workers', '1', '-n', 'api', '--heartbeat-timeout', '3s'];
  await using app = await serve({ entry: 'keeps-objects.js', options });
  const pid = app.worker(0);
  await ask(app.target, '/grow');
  const { code, stdout, stderr } = await run(app, 'heap', '0', '-o', 'my.heapsnapshot');
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`^prefork: worker stands still .* slot=0 gen=1 pid=${pid}\n$`));
  assert.match(stdout, /^prefork: heap done file=my\.heapsnapshot bytes=\d+ in=/);
  const { snapshot, nodes, strings } = JSON.parse(readFileSync(join(app.directory, 'my.heapsnapshot'), 'utf8')) as {
    snapshot: { node_count: number; meta: { node_fields: string[] } };
    nodes: number[];
    strings: string[];
  };
  assert.ok(snapshot.node_count > 400_000);
  assert.equal(nodes.length, snapshot.node_count * snapshot.meta.node_fields.length);
  assert.ok(strings.includes('keptOnPurpose'));
  await inspectorClosed(pid);
  assert.equal(await ask(app.target), String(pid));
  assert.deepEqual(app.events('worker exited'), [], 'not even with a heartbeat timeout that is shorter');
});

test('a stack says where a busy worker is, several where it goes', { skip }, async () => {
  await using app = await serve({ ...hanging, options: ['--workers', '2', '--heartbeat-timeout', '0'] });
  const slot = await hang(app);
  const pid = app.worker(slot);
  const one = await run(app, 'stack', String(slot));
  assert.equal(one.code, 0, one.stderr);
  assert.match(
    one.stdout,
    new RegExp(`^slot=${slot} gen=1 pid=${pid}\n    at spinForever \\(.*/hangs-on-request\\.js:10:\\d+\\)\n    at `),
  );
  const three = await run(app, 'stack', String(slot), '--count', '3', '--interval', '5');
  assert.equal(three.stdout.match(/^slot=\d gen=1 pid=\d+ sample=[123]\n {4}at spinForever /gm)?.length, 3);
  const idle = await idleStack(app, 1 - slot);
  assert.equal(idle.stdout, `slot=${1 - slot} gen=1 pid=${app.worker(1 - slot)}\n    waits in its event loop\n`);
  await inspectorClosed(app.worker(1 - slot));
  process.kill(pid, 'SIGKILL');
  await app.event('worker ready', { slot }, 2);
});

test(
  'the inspector is open until it is interrupted, and a breakpoint is not the end of the worker',
  { skip },
  async () => {
    await using app = await serve({ entry: 'hello.js', options: ['--workers', '1', '--heartbeat-timeout', '1s'] });
    const pid = app.worker(0);
    await using inspecting = await start(app, 'inspect', '0');
    const [, place] = await inspecting.output(
      /^prefork: inspector open address=(127\.0\.0\.1:\d+) slot=0 gen=1 pid=\d+\n/,
    );
    await inspecting.output(/^Ctrl-C closes it\.\n/m);
    assert.match(inspecting.stdout, new RegExp(`devtools://.*&ws=${place}/[\\w-]+\n`));
    const targets = (await (await fetch(`http://${place}/json/list`)).json()) as unknown[];
    assert.equal(targets.length, 1);
    const devTools = await openInspector(pid, { signal: AbortSignal.timeout(5000) });
    const paused = devTools.next('Debugger.paused');
    await devTools.call('Debugger.enable');
    await devTools.call('Debugger.pause');
    void devTools.call('Runtime.evaluate', { expression: '1' }).catch(() => {});
    await paused;
    await app.event('worker hung', { pid });
    // The wait is twice the heartbeat timeout, because the test expects that nothing happens.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    assert.deepEqual(app.events('worker given up'), []);
    inspecting.signal('SIGINT');
    assert.deepEqual(await inspecting.exit(), { code: 0, signal: null });
    assert.match(inspecting.stderr, door);
    assert.equal(inspecting.stderr.replace(door, ''), '');
    await inspectorClosed(pid);
    await devTools.close();
    assert.equal(await ask(app.target), String(pid), 'it goes on from the breakpoint');
    assert.equal(app.worker(0), pid);
  },
);

test('a command that is killed leaves no inspector open', { skip }, async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '1'] });
  await using inspecting = await start(app, 'inspect', '0');
  await inspecting.output(/^prefork: inspector open/m);
  inspecting.signal('SIGKILL');
  await inspectorClosed(app.worker(0));
  assert.equal(await ask(app.target), String(app.worker(0)));
});

test(
  'two commands look into a worker at once: the inspector is closed when the last one has ended',
  { skip },
  async () => {
    await using app = await serve({ entry: 'hello.js', options: ['--workers', '1'] });
    const pid = app.worker(0);
    await using first = await start(app, 'inspect', '0');
    await first.output(/^prefork: inspector open/m);
    await using second = await start(app, 'inspect', '0');
    const [, place] = await second.output(/^prefork: inspector open address=(127\.0\.0\.1:\d+) /m);
    first.signal('SIGINT');
    assert.deepEqual(await first.exit(), { code: 0, signal: null });
    // What the primary told the worker came before this request.
    assert.equal(await ask(app.target), String(pid));
    assert.equal(((await (await fetch(`http://${place}/json/list`)).json()) as unknown[]).length, 1);
    assert.deepEqual(app.events('worker released'), []);
    second.signal('SIGINT');
    assert.deepEqual(await second.exit(), { code: 0, signal: null });
    await inspectorClosed(pid);
  },
);

test('an inspector that opens when the command has given up is closed', { skip }, async () => {
  const code = `
    const { execSync } = require('node:child_process');
    const { createServer } = require('node:http');
    createServer((request, response) => {
      if (request.url === '/native') execSync('echo in native code; while [ -e stay ]; do sleep 0.1; done', { stdio: 'inherit' });
      response.end(String(process.pid));
    }).listen(process.env.PORT);`;
  const files = { 'app.cjs': code, stay: '' };
  await using app = await serve({ entry: './app.cjs', files, options: ['--workers', '1', '--heartbeat-timeout', '0'] });
  const socket = await connected(app.target);
  socket.on('error', () => {}).write('GET /native HTTP/1.1\r\nHost: x\r\n\r\n');
  await app.output(/in native code/);
  const { code: exit, stderr } = await run(app, 'stack', '0');
  assert.equal(exit, 1);
  assert.match(stderr, /SIGUSR1 opened no inspector in time: it runs native code/);
  rmSync(join(app.directory, 'stay'));
  assert.equal(await ask(app.target), String(app.worker(0)));
  await app.output(/Debugger listening on/, 'stderr');
  await inspectorClosed(app.worker(0));
});

test('an inspector that was open before stays open', { skip }, async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '1'] });
  const pid = app.worker(0);
  process.kill(pid, 'SIGUSR1');
  await app.output(/Debugger listening on/, 'stderr');
  const { code, stderr } = await run(app, 'stack', '0');
  assert.equal(code, 0);
  assert.match(stderr, /and may stay open after this command, as it was before/);
  // What the primary told the worker came before this request.
  assert.equal(await ask(app.target), String(pid));
  assert.equal((await openIn(pid, await listeningOnLoopback(pid))).length, 1);
});

test('one that a flag has opened stays open, also where the command does not find it', { skip }, async () => {
  // A container publishes such a port. The command looks at the loopback.
  const options = ['--workers', '1', '--node-arg', '--inspect=0.0.0.0:0'];
  await using app = await serve({ entry: 'hello.js', options });
  const [, port] = await app.output(/Debugger listening on ws:\/\/0\.0\.0\.0:(\d+)/, 'stderr');
  const { code, stderr } = await run(app, 'stack', '0');
  assert.equal(code, 1);
  assert.match(stderr, /SIGUSR1 opened no inspector in time/);
  assert.equal(await ask(app.target), String(app.worker(0)));
  assert.equal((await fetch(`http://127.0.0.1:${port}/json/version`)).status, 200);
});

test('a profile that is interrupted leaves nothing', { skip }, async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '1'] });
  await using inspecting = await start(app, 'profile', '0', '--seconds', '600');
  await poll(() => filesOf(app, '.cpuprofile')[0], 'its file');
  inspecting.signal('SIGINT');
  assert.deepEqual(await inspecting.exit(), { code: 1, signal: null });
  assert.equal(inspecting.stderr.replace(door, ''), 'prefork: ended by SIGINT\n');
  assert.deepEqual(filesOf(app, '.cpuprofile'), []);
  await inspectorClosed(app.worker(0));
  await app.event('worker released');
});

test('a worker that ends meanwhile', { skip }, async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '1'] });
  await using inspecting = await start(app, 'profile', '0', '--seconds', '600');
  await poll(() => filesOf(app, '.cpuprofile')[0], 'its file');
  const pid = app.worker(0);
  process.kill(pid, 'SIGKILL');
  assert.deepEqual(await inspecting.exit(), { code: 1, signal: null });
  assert.equal(inspecting.stderr.replace(door, ''), `prefork: slot 0 (pid ${pid}): the worker has ended meanwhile\n`);
  assert.deepEqual(filesOf(app, '.cpuprofile'), []);
});

test('a worker with a SIGTERM handler of its own is not kept by who looks into it', { skip }, async () => {
  await using app = await serve({ entry: 'sigterm-handler.js', options: ['--workers', '1'] });
  await using inspecting = await start(app, 'profile', '0', '--seconds', '600');
  await poll(() => filesOf(app, '.cpuprofile')[0], 'its file');
  const start0 = performance.now();
  const reload = await run(app, 'reload');
  assert.equal(reload.code, 0, reload.stderr);
  assert.equal((await inspecting.exit()).code, 1);
  await app.event('worker stopped', { gen: 1 });
  assert.ok(performance.now() - start0 < 8000, 'before its grace period is over');
});

test('what is there already is left as it is, before anything is done', { skip }, async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '1'] });
  writeFileSync(join(app.directory, 'mine'), 'mine');
  for (const verb of ['heap', 'profile']) {
    const { code, stdout, stderr } = await run(app, verb, '0', '--output', 'mine');
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(stderr, 'prefork: mine exists already: choose another --output\n');
  }
  assert.equal(readFileSync(join(app.directory, 'mine'), 'utf8'), 'mine');
  const { stderr } = await run(app, 'heap', '0', '-o', 'no/where');
  assert.match(stderr, /^prefork: ENOENT: .*no\/where/);
});

test('a disk that is full is exit 1, and no half file stays', { skip }, async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '1'] });
  // A limit fills the disk, because /dev/full exists already: 1000 blocks of 512 or 1024 bytes.
  const script = `ulimit -f 1000; exec "$0" "$@"`;
  const { status, stderr } = spawnSync('sh', ['-c', script, process.execPath, command, 'heap', '0', '-o', 'big'], {
    cwd: app.directory,
    env: { ...process.env, PREFORK_RUNTIME_DIR: app.directory, TMPDIR: app.directory },
    encoding: 'utf8',
  });
  assert.equal(status, 1, stderr);
  assert.match(stderr, /\nprefork: cannot write big: EFBIG/);
  assert.ok(!existsSync(join(app.directory, 'big')));
  await inspectorClosed(app.worker(0));
});

test('errors say what there is', { skip }, async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '2'] });
  const cases: ReadonlyArray<[argv: string[], code: number, says: RegExp]> = [
    [['stack', '2'], 1, /^prefork: there is no slot 2: there are 0 to 1\n$/],
    [['heap'], 2, /^prefork: heap: expected a slot, as prefork status shows them\n$/],
    [['inspect', 'x'], 2, /^prefork: inspect: expected a slot.*, got "x"\n$/],
    [
      ['profile', '0', '--seconds', '601'],
      2,
      /^prefork: --seconds: expected a whole number from 1 to 600, got "601"\n$/,
    ],
    [['profile', '0', '--secs', '1'], 2, /^prefork: unknown option --secs/],
    [['stack', '0', '1'], 2, /^prefork: expected no argument "1"\n$/],
    [['stack', '0', '-n', 'other'], 3, /^prefork: no server named other is running; there is /],
  ];
  for (const [argv, expected, says] of cases) {
    const { code, stdout, stderr } = await run(app, ...argv);
    assert.deepEqual([code, stdout], [expected, ''], argv.join(' '));
    assert.match(stderr, says);
  }
});

test('an application that handles SIGUSR1 itself', { skip }, async () => {
  const code = `
    process.on('SIGUSR1', () => console.log('mine'));
    require('http').createServer((q, s) => s.end()).listen(process.env.PORT);`;
  await using app = await serve({ entry: './app.cjs', files: { 'app.cjs': code }, options: ['--workers', '1'] });
  const { code: exit, stderr } = await run(app, 'stack', '0');
  assert.equal(exit, 1);
  assert.match(
    stderr,
    /^prefork: slot 0 \(pid \d+\): SIGUSR1 opened no inspector in time: .*handles SIGUSR1 itself\n$/,
  );
  await app.output(/mine/);
});

const skipRoot = skip || noOtherUser;

test('with --user, root may look into its workers', { skip: skipRoot }, async () => {
  const options = ['--workers', '1', '--user', 'nobody'];
  await using app = await serve({ entry: 'hello.js', options, cwd: '/', isOpen: true });
  const { code, stderr } = await idleStack(app, 0);
  assert.equal(code, 0, stderr);
});
