/** Tests releases behind a symbolic link: the link moves, and a reload or an upgrade serves where it leads then. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { serve, type App, type AppOptions } from '../../support/app.ts';
import { ask, tally } from '../../support/http.ts';
import { testDirectory } from '../../support/abandoned.ts';
import { isAlive } from '../../support/leftovers.ts';
import { inRoot } from '../../support/paths.ts';
import { startLoad } from '../../../src/testing.ts';
import { endSuccessor, upgraded } from '../../support/upgrades.ts';

/** Answers with its release, its working directory and a variable. */
const release = (n: number): string => `const { createServer } = require('node:http');
createServer((_request, response) => {
  response.end(['release ${n}', process.cwd().split('/').at(-1), __dirname.split('/').at(-1), process.env.FROM_FILE].join());
}).listen(process.env.PORT);`;

/** Directories as Capistrano and its like make them: `releases/<n>`, and the link `current`. */
class Releases implements Disposable {
  readonly directory: string = testDirectory('releases');
  readonly current: string = join(this.directory, 'current');

  constructor() {
    this.add(1);
    this.switchTo(1);
  }

  add(n: number, files: Readonly<Record<string, string>> = {}): void {
    const path = this.path(n);
    mkdirSync(path, { recursive: true });
    const all = { 'server.cjs': release(n), '.env': `FROM_FILE=file ${n}`, ...files };
    for (const [name, text] of Object.entries(all)) writeFileSync(join(path, name), text);
  }

  /** The link is replaced in one step, as `ln -sfn` and `mv -T` do. */
  switchTo(n: number): void {
    symlinkSync(this.path(n), `${this.current}.new`);
    renameSync(`${this.current}.new`, this.current);
  }

  path(n: number): string {
    return join(this.directory, 'releases', String(n));
  }

  remove(n: number): void {
    rmSync(this.path(n), { recursive: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}

const answer = (n: number): string => `release ${n},${n},${n},file ${n}`;
const options = ['--workers', '2', '--env-file', '.env'];

/** The different answers of many new connections, which go to all workers. */
async function served(app: App): Promise<Set<string>> {
  return new Set((await tally(20, () => ask(app.target))).keys());
}

/**
 * Reloads, and waits until the workers from before are gone: on a busy machine one may accept a last connection before it hears
 * that it is replaced.
 */
async function reload(app: App, gen: number, whenDone: () => Promise<void> = async () => {}): Promise<void> {
  const old = [...app.workers.values()];
  app.signal('SIGHUP');
  await app.event('reload done', { gen });
  await whenDone();
  for (const pid of old) await app.event('worker stopped', { pid });
}

/** How the server may be started. A process that is started in a link has the path without it, and `PWD` as its shell has it. */
const starts: ReadonlyArray<readonly [string, (releases: Releases) => AppOptions]> = [
  [
    'started in it, as by cd and a shell',
    ({ current }) => ({ entry: './server.cjs', options, cwd: current, env: { PWD: current } }),
  ],
  [
    'by --cwd, as a unit of systemd has it',
    ({ current }) => ({
      entry: './server.cjs',
      options: [...options, '--cwd', current],
      cwd: current,
      env: { PWD: undefined },
    }),
  ],
  [
    'in the path of the entry',
    ({ current }) => ({
      entry: join(current, 'server.cjs'),
      options: ['--workers', '2', '--env-file', join(current, '.env')],
      cwd: current,
      env: { PWD: current },
    }),
  ],
];

for (const [how, start] of starts) {
  test(`a reload serves the release to which the link leads, ${how}`, async () => {
    using releases = new Releases();
    await using app = await serve(start(releases));
    assert.deepEqual(await served(app), new Set([answer(1)]));
    releases.add(2);
    releases.switchTo(2);
    assert.deepEqual(await served(app), new Set([answer(1)]), 'before the reload');
    // A worker that crashes now is replaced by one of the release of its neighbours.
    process.kill(app.worker(0), 'SIGKILL');
    await app.event('worker ready', { slot: 0 }, 2);
    assert.deepEqual(await served(app), new Set([answer(1)]), 'after a crash');
    await reload(app, 2);
    assert.deepEqual(await served(app), new Set([answer(2)]));
    const { fields } = await app.event('changed');
    assert.match(fields['release']!, /releases\/1 → .*releases\/2$/);
    assert.equal(fields['env'], '~FROM_FILE');
    assert.ok(!app.stderr.includes('file 2'), 'the value is not logged');
  });
}

const inCurrent = ({ current }: Releases, more: AppOptions = {}): AppOptions => ({
  entry: './server.cjs',
  options,
  cwd: current,
  env: { PWD: current },
  ...more,
});

test('the config file is that of the release', async () => {
  using releases = new Releases();
  const config = (n: number): Record<string, string> => ({
    'prefork.config.mjs': `export default { entry: 'server.cjs', env: { FROM_FILE: 'config ${n}' } };`,
  });
  releases.add(1, config(1));
  await using app = await serve({ options: ['--workers', '1'], cwd: releases.current, env: { PWD: releases.current } });
  assert.equal(await ask(app.target), 'release 1,1,1,config 1');
  releases.add(2, config(2));
  releases.switchTo(2);
  await reload(app, 2);
  assert.deepEqual(await served(app), new Set(['release 2,2,2,config 2']));
});

/** What a deploy may leave, and what the failed reload says of it. */
const faults: ReadonlyArray<readonly [string, (releases: Releases) => void, RegExp]> = [
  [
    'a link to a release that was removed',
    (r) => r.switchTo(9),
    /cwd: expected a directory that exists, got ".*\/current", a link to ".*\/9"/,
  ],
  [
    'a release without its entry',
    (r) => {
      r.add(2);
      rmSync(join(r.path(2), 'server.cjs'));
      r.switchTo(2);
    },
    /entry: expected a file that exists, got "\.\/server\.cjs"/,
  ],
  [
    'a release without its file of variables',
    (r) => {
      r.add(2);
      rmSync(join(r.path(2), '.env'));
      r.switchTo(2);
    },
    /--env-file: expected a file that can be read, got "\.env"/,
  ],
  [
    'a release whose code throws',
    (r) => {
      r.add(2, { 'server.cjs': 'throw new Error("no database");' });
      r.switchTo(2);
    },
    /no database/,
  ],
];

for (const [what, fault, reason] of faults) {
  test(`${what} fails the reload with words, and the release before it serves on`, async () => {
    using releases = new Releases();
    await using app = await serve(inCurrent(releases));
    fault(releases);
    app.signal('SIGHUP');
    assert.match((await app.event('reload failed')).fields['reason']!, reason);
    assert.deepEqual(await served(app), new Set([answer(1)]));
    // A crash does not bring the release whose reload has failed.
    process.kill(app.worker(0), 'SIGKILL');
    await app.event('worker ready', { slot: 0 }, 2);
    assert.deepEqual(await served(app), new Set([answer(1)]));
    releases.add(3);
    releases.switchTo(3);
    const old = [...app.workers.values()];
    app.signal('SIGHUP');
    await app.event('reload done');
    for (const pid of old) await app.event('worker stopped', { pid });
    assert.deepEqual(await served(app), new Set([answer(3)]));
  });
}

test('a worker that crashes when its release is gone is replaced by one of the release that is there', async () => {
  using releases = new Releases();
  await using app = await serve(inCurrent(releases));
  releases.add(2);
  releases.switchTo(2);
  releases.remove(1);
  process.kill(app.worker(0), 'SIGKILL');
  const { fields } = await app.event('release gone');
  assert.match(fields['instead']!, /releases\/2$/);
  await app.event('worker ready', { slot: 0 }, 2);
  await reload(app, 2);
  assert.deepEqual(await served(app), new Set([answer(2)]));
  // The primary does not stand in a directory that is gone.
  releases.add(3);
  releases.switchTo(3);
  releases.remove(2);
  await reload(app, 3);
  assert.deepEqual(await served(app), new Set([answer(3)]));
});

test('an upgrade serves the release to which the link leads', async () => {
  using releases = new Releases();
  await using app = await serve(inCurrent(releases));
  releases.add(2);
  releases.switchTo(2);
  releases.remove(1);
  app.signal('SIGUSR2');
  const next = await upgraded(app);
  assert.deepEqual(await served(app), new Set([answer(2)]));
  releases.add(3);
  releases.switchTo(3);
  const old = [...app.workers.values()];
  process.kill(next, 'SIGHUP');
  await app.event('reload done');
  for (const pid of old) await app.event('worker stopped', { pid });
  assert.deepEqual(await served(app), new Set([answer(3)]));
  assert.ok(isAlive(next));
  await endSuccessor(app, next);
});

test('a program of the library is found through the link', async () => {
  using releases = new Releases();
  const library = (n: number): Record<string, string> => ({
    'app.mjs': `import { createServer } from 'node:http';
      import { Prefork } from '${inRoot('dist/index.js')}';
      const server = createServer((_request, response) => response.end('${n} ' + process.env.FROM_FILE));
      await new Prefork(server, { workers: 2, envFile: '.env' }).listenAndServe('127.0.0.1:0');`,
  });
  releases.add(1, library(1));
  await using app = await serve(inCurrent(releases, { entry: './app.mjs', options: [], command: false }));
  assert.equal(await ask(app.target), '1 file 1');
  releases.add(2, library(2));
  releases.switchTo(2);
  await reload(app, 2);
  assert.deepEqual(await served(app), new Set(['2 file 2']));
});

/** More of them by `RELEASES=20`. */
const releasesInARow = Number(process.env['RELEASES'] ?? 8);

test(`${releasesInARow} releases in a row lose no request, and each is served when its reload is done`, async () => {
  using releases = new Releases();
  await using app = await serve(inCurrent(releases));
  const load = startLoad(app.target, { clients: 8 });
  await load.everyClientAnswered();
  for (let n = 2; n < 2 + releasesInARow; n++) {
    releases.add(n);
    releases.switchTo(n);
    await reload(app, n, async () => {
      assert.ok((await served(app)).has(answer(n)), 'it serves when its reload is done');
    });
    assert.deepEqual(await served(app), new Set([answer(n)]));
    if (n > 3) releases.remove(n - 2);
  }
  const { answered, lost, losses } = await load.stop();
  assert.deepEqual(losses, []);
  assert.equal(lost, 0);
  assert.ok(answered > 100, `${answered} were answered`);
});
