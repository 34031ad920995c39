/** Tests what a reload and an upgrade read again: the config file and files of variables. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { serve, type App, type AppOptions } from '../../support/app.ts';
import { ask, tally } from '../../support/http.ts';
import { noOtherUser } from '../../support/platform.ts';
import { endSuccessor, upgraded } from '../../support/upgrades.ts';

const app = `require('node:http').createServer((_request, response) => {
  const { X, Y, FROM_ENVIRONMENT } = process.env;
  response.end(JSON.stringify({ X, Y, FROM_ENVIRONMENT, args: process.argv.slice(2), flags: process.execArgv }));
}).listen(process.env.PORT);`;

type Config = Record<string, unknown>;

/** Serves by a config file of the test's own. */
function serveBy(config: Config, more: AppOptions = {}): Promise<App> {
  const files = { 'server.cjs': app, 'prefork.config.json': text(config), ...more.files };
  return serve({ ...more, files });
}

const text = (config: Config): string => JSON.stringify({ entry: 'server.cjs', workers: 1, ...config }, null, 2);

const write = (server: App, name: string, content: string): void =>
  writeFileSync(join(server.directory, name), content);

async function served(server: App): Promise<Record<string, unknown>> {
  const answers = await tally(10, () => ask(server.target));
  assert.equal(answers.size, 1);
  return JSON.parse([...answers.keys()][0]!) as Record<string, unknown>;
}

test('a reload applies what changed in the config file, and logs it', async () => {
  await using server = await serveBy({ env: { X: 'one' }, maxRequests: 5000 });
  assert.deepEqual(await served(server), { X: 'one', args: [], flags: [] });
  const changed = { env: { X: 'secret', Y: 2 }, maxRequests: 9000, args: ['--a'], nodeArgs: ['--enable-source-maps'] };
  write(server, 'prefork.config.json', text(changed));
  server.signal('SIGHUP');
  await server.event('reload done');
  assert.deepEqual(await served(server), { X: 'secret', Y: '2', args: ['--a'], flags: ['--enable-source-maps'] });
  const { fields } = await server.event('changed');
  assert.equal(fields['env'], '~X +Y');
  assert.match(fields['settings']!, /maxRequests 5000 → 9000/);
  assert.match(fields['settings']!, /nodeArgs none → \[ '--enable-source-maps' \]/);
  assert.match(fields['settings']!, /, args$/);
  assert.ok(!server.stderr.includes('secret'), 'values are not logged');
  // Nothing has changed since.
  server.signal('SIGHUP');
  await server.event('reload done', {}, 2);
  assert.equal(server.events('changed').length, 1);
});

test('a limit that a reload changes counts for the workers that serve', async () => {
  await using server = await serveBy({});
  write(server, 'prefork.config.json', text({ maxRequests: 5 }));
  server.signal('SIGHUP');
  await server.event('reload done');
  await tally(10, () => ask(server.target));
  await server.event('recycling', { reason: 'max-requests' });
});

test('a reload changes the number of workers, and `prefork reload` waits for them', async () => {
  await using server = await serveBy({});
  write(server, 'prefork.config.json', text({ workers: 3 }));
  server.signal('SIGHUP');
  await server.event('scaled', { workers: 3 });
  assert.equal(server.workers.size, 3);
  write(server, 'prefork.config.json', text({ workers: 2 }));
  server.signal('SIGHUP');
  await server.event('scaled', { workers: 2 });
});

const refused: ReadonlyArray<readonly [Config, RegExp]> = [
  [
    { name: 'other' },
    /^prefork\.config\.json:4: name: a reload cannot change it from "first" to "other": stop the server, and start it again$/,
  ],
  [{ sharing: 'shared' }, /^prefork\.config\.json:5: sharing: a reload cannot change it from "auto" to "shared"/],
  [{ balance: 'kernel' }, /balance: a reload cannot change it from "auto" to "kernel": prefork upgrade does that$/],
  [{ logFormat: 'json' }, /logFormat: .*: prefork upgrade does that$/],
  [{ maxRequests: 'many' }, /^prefork\.config\.json: maxRequests: expected a whole number/],
  [{ nonsense: 1 }, /^prefork\.config\.json: unknown option nonsense/],
  [{ nodeArgs: ['--no-such-flag'] }, /^--node-arg: expected flags of node, got --no-such-flag/],
];

test('what a reload cannot change is refused with its line, and all else stays as it was', async () => {
  await using server = await serveBy({ name: 'first', env: { X: 'one' } });
  for (const [nth, [change, reason]] of refused.entries()) {
    write(server, 'prefork.config.json', text({ name: 'first', ...change, env: { X: 'two' } }));
    server.signal('SIGHUP');
    assert.match((await server.event('reload failed', {}, nth + 1)).fields['reason']!, reason);
    assert.equal((await served(server))['X'], 'one');
  }
  write(server, 'prefork.config.json', '{\n  "entry": "server.cjs",\n}');
  server.signal('SIGHUP');
  const failed = await server.event('reload failed', {}, refused.length + 1);
  assert.match(failed.fields['reason']!, /^prefork\.config\.json/);
  // A worker that is replaced now has what the others have.
  process.kill(server.worker(0), 'SIGKILL');
  await server.event('worker ready', {}, 2);
  assert.equal((await served(server))['X'], 'one');
});

test('a reload asks for nothing that a start refuses: round-robin gives connections to parked workers', async () => {
  await using server = await serveBy({ sharing: 'round-robin' });
  for (const parks of [{ keepPrevious: '1m' }, { canary: 1 }]) {
    const failed = server.events('reload failed').length;
    write(server, 'prefork.config.json', text({ sharing: 'round-robin', ...parks }));
    server.signal('SIGHUP');
    const { fields } = await server.event('reload failed', {}, failed + 1);
    assert.match(fields['reason']!, /expected another --sharing than round-robin/);
  }
});

test('a reload that fails goes back to the settings before it', async () => {
  await using server = await serveBy({ env: { X: 'one' }, args: ['old'] });
  write(server, 'prefork.config.json', text({ env: { X: 'two' }, nodeArgs: ['--require', './missing.cjs'] }));
  server.signal('SIGHUP');
  await server.event('reload failed');
  process.kill(server.worker(0), 'SIGKILL');
  await server.event('worker ready', {}, 2);
  assert.deepEqual(await served(server), { X: 'one', args: ['old'], flags: [] });
});

test('an upgrade reads the config file again, and changes all but the name', async () => {
  await using server = await serveBy({ name: 'first', env: { X: 'one' } });
  write(server, 'prefork.config.json', text({ name: 'other', env: { X: 'two' } }));
  server.signal('SIGUSR2');
  const { fields } = await server.event('upgrade failed');
  assert.match(fields['reason']!, /^prefork\.config\.json:4: name: expected "first", .* got "other": stop the server/);
  assert.equal((await served(server))['X'], 'one');
  write(server, 'prefork.config.json', text({ name: 'first', env: { X: 'two' }, balance: 'kernel' }));
  server.signal('SIGUSR2');
  const next = await upgraded(server);
  assert.equal((await served(server))['X'], 'two');
  await endSuccessor(server, next);
});

test('files of variables: later ones win, the environment wins over them, and `env` of the config file over all', async () => {
  await using server = await serveBy(
    { envFile: ['a.env', 'b.env'], env: { Y: 'config' } },
    {
      files: { 'a.env': 'X=a\nY=a\nFROM_ENVIRONMENT=a', 'b.env': 'X="b" # a comment\nY=b' },
      env: { FROM_ENVIRONMENT: 'environment' },
    },
  );
  const { X, Y, FROM_ENVIRONMENT } = await served(server);
  assert.deepEqual({ X, Y, FROM_ENVIRONMENT }, { X: 'b', Y: 'config', FROM_ENVIRONMENT: 'environment' });
});

test('--env-file is read again at a reload and an upgrade, and the primary has none of it', async () => {
  await using server = await serve({
    entry: './server.cjs',
    files: { 'server.cjs': app, 'a.env': 'X=a', 'b.env': 'Y=b' },
    options: ['--workers', '1', '--env-file', 'a.env', '--env-file=b.env'],
  });
  assert.deepEqual([(await served(server))['X'], (await served(server))['Y']], ['a', 'b']);
  write(server, 'a.env', 'X=reloaded');
  server.signal('SIGHUP');
  await server.event('reload done');
  assert.equal((await served(server))['X'], 'reloaded');
  write(server, 'a.env', 'X=upgraded');
  write(server, 'b.env', '');
  server.signal('SIGUSR2');
  const next = await upgraded(server);
  const { X, Y } = await served(server);
  assert.deepEqual({ X, Y }, { X: 'upgraded', Y: undefined });
  await endSuccessor(server, next);
});

test('root does not read again what another user may have changed', { skip: noOtherUser }, async () => {
  await using server = await serveBy(
    { env: { X: 'one' } },
    // Others may look into the directory, and write the file, as a setgid or careless deploy leaves it.
    { isOpen: true, files: { 'a.env': '' } },
  );
  const file = join(server.directory, 'prefork.config.json');
  chmodSync(file, 0o666);
  write(server, 'prefork.config.json', text({ env: { X: 'two' } }));
  server.signal('SIGHUP');
  const { fields } = await server.event('reload failed');
  assert.match(fields['reason']!, /root does not read it again, because .*prefork\.config\.json is not root's alone/);
  assert.equal((await served(server))['X'], 'one');
  // The same text is no change.
  write(server, 'prefork.config.json', text({ env: { X: 'one' } }));
  server.signal('SIGHUP');
  await server.event('reload done');
  chmodSync(file, 0o644);
  write(server, 'prefork.config.json', text({ env: { X: 'two' } }));
  server.signal('SIGHUP');
  await server.event('reload done', {}, 2);
  assert.equal((await served(server))['X'], 'two');
  // An upgrade is a start, which root asks for.
  chmodSync(file, 0o666);
  write(server, 'prefork.config.json', text({ env: { X: 'three' } }));
  server.signal('SIGUSR2');
  const next = await upgraded(server);
  assert.equal((await served(server))['X'], 'three');
  await endSuccessor(server, next);
});

test(
  'root waits for no pipe, and reads no device, in the place of a file that it reads again',
  { skip: noOtherUser },
  async () => {
    await using server = await serveBy({ envFile: ['a.env'] }, { isOpen: true, files: { 'a.env': 'X=one' } });
    const file = join(server.directory, 'a.env');
    chmodSync(server.directory, 0o777);
    for (const [nth, replace] of [
      () => spawnSync('mkfifo', ['-m', '666', file]),
      () => symlinkSync('/dev/zero', file),
      () => {
        writeFileSync(file, '');
        truncateSync(file, 2 ** 40);
      },
    ].entries()) {
      rmSync(file);
      replace();
      server.signal('SIGHUP');
      const { fields } = await server.event('reload failed', {}, nth + 1);
      assert.match(fields['reason']!, /--env-file: .*it is not a file of at most/);
    }
    assert.equal((await served(server))['X'], 'one');
  },
);
