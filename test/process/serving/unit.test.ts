import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { startApp, type AppOptions } from '../../support/app.ts';
import { fixture } from '../../support/paths.ts';

const hello = fixture('hello.js');

async function unit(
  argv: string[],
  options: AppOptions = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  await using app = await startApp({ ...options, options: ['unit', ...argv] });
  const { code } = await app.exit();
  return { code, stdout: app.stdout, stderr: app.stderr };
}

test('a unit for servers in directories side by side', async () => {
  const { code, stdout, stderr } = await unit(['--user', 'server.js'], { files: { 'server.js': '' } });
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^WorkingDirectory=\/.*\/%i$/m);
  assert.match(stdout, /^ExecStart=\/\S+ \/\S+\/cli\.cjs --name %i server\.js$/m);
});

test('an entry has no variables of systemd’s', async () => {
  const entry = 'a%i$HOME.js';
  const { code, stdout } = await unit(['--user', entry], { files: { [entry]: '' } });
  assert.equal(code, 0);
  assert.ok(stdout.includes(' --name %i a%%i$$HOME.js\n'), stdout);
});

test('a unit for the apps of a config file', async () => {
  const files = { 'prefork.config.json': JSON.stringify({ apps: [{ name: 'shop', entry: hello }] }) };
  const { code, stdout } = await unit(['--user'], { files });
  assert.equal(code, 0);
  assert.match(stdout, /^ExecStart=.* --config \/\S+\/prefork\.config\.json --app %i$/m);
  const beside = await unit(['--user', hello], { files });
  assert.equal(beside.code, 2);
  assert.match(beside.stderr, /has apps; expected no entry/);
});

const isRoot = process.getuid?.() === 0;

test('a unit of the system names the application’s own user', { skip: !isRoot && 'needs root' }, async () => {
  const asNobody = await unit(['--as', 'nobody', hello]);
  assert.equal(asNobody.code, 0);
  assert.match(asNobody.stdout, /^User=nobody$/m);
  const asRoot = await unit([hello]);
  assert.equal(asRoot.code, 2);
  assert.match(
    asRoot.stderr,
    /^prefork: --as: expected the application's own user, got root, who owns this directory\n$/,
  );
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

test('--check has systemd look at it', { skip: !hasSystemd && 'no systemd' }, async () => {
  const { code, stdout, stderr } = await unit(['--user', '--check', hello]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^\[Service\]$/m);
  await using app = await startApp({ options: ['unit', '--user', '--check', hello], env: { PATH: '/nowhere' } });
  assert.deepEqual(await app.exit(), { code: 1, signal: null });
  assert.match(app.stderr, /systemd-analyze cannot be run/);
  assert.equal(app.stdout, '');
});

const wrong: ReadonlyArray<[argv: string[], says: RegExp]> = [
  [[], /expected an entry, or a config file here that names one/],
  [['none.js'], /entry: expected a file that exists, got "none\.js"/],
  [[hello, 'x'], /expected no argument "x"/],
  [['--as', 'no such user', hello], /--as: expected a user of this machine, got "no such user"/],
  [['--name', 'x', hello], /unknown option --name/],
];
for (const [argv, says] of wrong) {
  test(`refused: unit ${argv.join(' ')}`, async () => {
    const { code, stdout, stderr } = await unit(argv);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, says);
  });
}
