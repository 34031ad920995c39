/** Several applications of one config file, under one process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve, startApp, type App } from '../../support/app.ts';
import { isAlive } from '../../support/leftovers.ts';
import { runCommand } from '../../support/command.ts';
import { fixture } from '../../support/paths.ts';
import { poll } from '../../support/watched.ts';

const hello = fixture('hello.js');

function config(...apps: object[]): Record<string, string> {
  return { 'prefork.config.json': JSON.stringify({ workers: 1, apps }) };
}

const two = config({ name: 'shop', entry: hello }, { name: 'blog', entry: hello, workers: 2 });

interface Listed {
  readonly name: string;
  readonly pid: number;
  readonly workers: { readonly serving: number };
}

async function list(app: App): Promise<Listed[]> {
  const { stdout } = await runCommand(app, 'list', '--json');
  return (JSON.parse(stdout) as { servers: Listed[] }).servers;
}

async function startApps(files: Record<string, string> = two): Promise<App> {
  const app = await startApp({ files });
  try {
    await app.output(/^prefork: apps ready apps=2 /m, 'stderr');
    return app;
  } catch (error) {
    await app[Symbol.asyncDispose]();
    throw error;
  }
}

test('each line of a JSON log says which app has written it', async () => {
  await using app = await startApp({ files: two, options: ['--log-format', 'json'] });
  await app.output(/"event":"apps ready"/, 'stderr');
  const lines = app.stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; app?: string });
  const ready = lines.filter(({ event }) => event === 'ready').map((line) => line.app);
  assert.deepEqual(ready.toSorted(), ['blog', 'shop']);
  assert.ok(lines.every(({ event, app: name }) => (name === undefined) === (event === 'apps ready')));
});

test('each app is a server of its own, which the commands find', async () => {
  await using app = await startApps();
  const servers = await list(app);
  assert.deepEqual(
    servers.map(({ name, workers }) => [name, workers.serving]),
    [
      ['blog', 2],
      ['shop', 1],
    ],
  );
  assert.match(app.stderr, /^\[shop\] prefork: ready workers=1 /m);
  assert.match(app.stderr, /^\[blog\] prefork: ready workers=2 /m);
  const reloaded = await runCommand(app, 'reload', 'shop');
  assert.match(reloaded.stdout, /^prefork: reload done gen=2 /);
  const all = await runCommand(app, 'reload', '--all');
  assert.match(all.stdout, /name=blog gen=2 .*\n.*name=shop gen=3 /);
  assert.deepEqual(await app.stop(), { code: 0, signal: null });
  assert.equal((app.stderr.match(/^\[\w+\] prefork: stopped/gm) ?? []).length, 2);
});

test('a second signal is passed on, and no first one comes twice', async () => {
  await using app = await startApps();
  app.signal('SIGINT', 'primary');
  await app.exit();
  assert.equal((app.stderr.match(/^\[shop\] prefork: stopping/gm) ?? []).length, 1);
});

test('SIGHUP reloads all', async () => {
  await using app = await startApps();
  app.signal('SIGHUP');
  await app.output(/^\[shop\] prefork: reload done/m, 'stderr');
  await app.output(/^\[blog\] prefork: reload done/m, 'stderr');
});

test('an upgrade of all leaves none behind: the next primaries are stopped as the first', async () => {
  await using app = await startApps();
  const before = await list(app);
  app.signal('SIGUSR2');
  const after = await poll(async () => {
    const servers = await list(app);
    const isNew = servers.every(({ pid }) => before.every((old) => old.pid !== pid));
    return servers.length === 2 && isNew && before.every(({ pid }) => !isAlive(pid)) ? servers : undefined;
  }, 'new primaries');
  assert.deepEqual(await app.stop(), { code: 0, signal: null });
  for (const { pid } of after) assert.ok(!isAlive(pid), `primary ${pid}`);
});

test('one that was stopped leaves the other, and the last ends all', async () => {
  await using app = await startApps();
  assert.equal((await runCommand(app, 'stop', 'shop')).code, 0);
  await app.output(/^prefork: app ended name=shop code=0$/m, 'stderr');
  assert.deepEqual(
    (await list(app)).map(({ name }) => name),
    ['blog'],
  );
  assert.equal((await runCommand(app, 'stop', 'blog')).code, 0);
  assert.deepEqual(await app.exit(), { code: 0, signal: null });
});

test('one that fails stops the others, and gives its exit code', async () => {
  const files = config({ name: 'shop', entry: hello }, { name: 'bad', entry: 'none.js' });
  await using app = await startApp({ files });
  assert.deepEqual(await app.exit(), { code: 2, signal: null });
  assert.match(app.stderr, /^\[bad\] prefork: entry: expected a file that exists, got "none.js"/m);
  assert.match(app.stderr, /^prefork: app ended name=bad code=2$/m);
});

test('a primary that is killed fails, and the others stop', async () => {
  await using app = await startApps();
  const [blog] = await list(app);
  process.kill(blog!.pid, 'SIGKILL');
  assert.deepEqual(await app.exit(), { code: 137, signal: null });
});

test('the apps stop when their parent is killed', async () => {
  await using app = await startApps();
  const servers = await list(app);
  app.signal('SIGKILL');
  await app.exit();
  await poll(() => servers.every(({ pid }) => !isAlive(pid)) || undefined, 'the end of the apps');
  await app.gone();
});

test('--app runs one of them', async () => {
  await using app = await serve({ files: two, options: ['--app', 'blog'] });
  assert.deepEqual(
    (await list(app)).map(({ name, workers }) => [name, workers.serving]),
    [['blog', 2]],
  );
});

const wrong: ReadonlyArray<[what: string, files: Record<string, string>, options: string[], says: RegExp]> = [
  ['an app that is none', two, ['--app', 'shpo'], /--app: expected shop or blog, got "shpo"; did you mean shop\?/],
  [
    '--app without apps',
    { 'prefork.config.json': '{}' },
    ['--app', 'x'],
    /prefork\.config\.json: expected apps, since/,
  ],
  ['--app without a config file', {}, ['--app', 'x'], /--app: expected a config file with apps, got "x" without one/],
  ['an entry beside apps', two, ['./a.js'], /has apps; expected no entry, or --app <name>, got "\.\/a\.js"/],
  ['a name for all', two, ['--name', 'x'], /--name: expected none, since each app has its own/],
  ['no app', config(), [], /apps: expected an array of objects, at least one, got \[\]/],
  ['an app that is text', { 'prefork.config.json': '{"apps":["a"]}' }, [], /apps\[0\]: expected an object, got "a"/],
  ['an app without a name', config({ entry: hello }), [], /apps\[0\]: expected a name/],
  ['a bad name', config({ name: '../x' }), [], /apps\[0\]: name: expected 1 to 64 letters.* got "\.\.\/x"/],
  ['a name twice', config({ name: 'a' }, { name: 'a' }), [], /apps: expected a name for each, got "a" twice/],
  ['apps in an app', config({ name: 'a', apps: [] }), [], /apps\[0\]: unknown option apps/],
  ['a bad option of an app', config({ name: 'a', workers: 0 }), [], /workers: expected/],
];
for (const [what, files, options, says] of wrong) {
  test(`refused: ${what}`, async () => {
    await using app = await startApp({ files, options });
    assert.deepEqual(await app.exit(), { code: 2, signal: null });
    assert.match(app.stderr, says);
    assert.match(app.stderr, /^[^\n]+\n$/, 'one line');
  });
}

test('PM2’s file runs as it is, and what has no counterpart is named once', async () => {
  const file = { apps: [{ name: 'shop', script: hello, instances: 2, cron_restart: '0 3 * * *' }, { script: hello }] };
  await using app = await startApp({
    files: { 'ecosystem.config.cjs': `module.exports = ${JSON.stringify(file)};` },
    options: ['ecosystem.config.cjs'],
  });
  await app.output(/^prefork: apps ready apps=2 /m, 'stderr');
  assert.deepEqual(
    (await list(app)).map(({ name, workers }) => [name, workers.serving]),
    [
      ['hello', 1],
      ['shop', 2],
    ],
  );
  assert.equal(app.stderr.match(/ecosystem\.config\.cjs: shop: cron_restart: let cron run it: 0 3 /g)?.length, 1);
});
