/** Tests how workers boot: how many at a time, and with Node's compile cache. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { prepareCompileCache, canWarm } from '../../../src/primary/workers/compile-cache.ts';
import { UsageError } from '../../../src/errors.ts';
import { testDirectory } from '../../support/abandoned.ts';
import { serve, startApp } from '../../support/app.ts';

const skip = canWarm() ? false : 'this Node cannot write its compile cache when it is asked to';

/** Says when its code runs, and with what; waits; listens, and says so. */
const slow = `
  const { readdirSync } = require('node:fs');
  const { createServer } = require('node:http');
  const cache = process.env.NODE_COMPILE_CACHE;
  const files = cache && readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  console.log('begins ' + (files ? files.length : -1));
  require('./part.cjs');
  setTimeout(() => {
    console.log('listens');
    createServer((request, response) => response.end('hi')).listen(process.env.PORT);
  }, 150);
`;
const files = { 'app.cjs': slow, 'part.cjs': 'exports.sum = (a, b) => a + b;' };

function temporaryDirectory(t: TestContext): string {
  const directory = testDirectory('boots');
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** The most workers that had begun, and did not listen yet. */
function mostAtOnce(stdout: string): number {
  let now = 0;
  let most = 0;
  for (const line of stdout.trim().split('\n')) {
    now += line.startsWith('begins') ? 1 : -1;
    most = Math.max(most, now);
  }
  return most;
}

const begun = (stdout: string): number[] => stdout.match(/(?<=begins )-?\d+/g)?.map(Number) ?? [];

for (const [most, found] of [
  ['1', 1],
  ['2', 2],
] as const) {
  test(`--max-boots ${most} boots so many workers at a time`, async () => {
    const options = ['--workers', '5', '--max-boots', most, '--settle', '0'];
    await using app = await serve({ entry: './app.cjs', files, options });
    assert.equal(begun(app.stdout).length, 5);
    assert.ok(mostAtOnce(app.stdout) <= found, app.stdout);
    await app.stop();
  });
}

test('a worker that waits for something outside holds no other one up', async () => {
  const waiting = slow.replace('150', '4000');
  const options = ['--workers', '3', '--max-boots', '1', '--settle', '0'];
  await using app = await serve({ entry: './app.cjs', files: { ...files, 'app.cjs': waiting }, options });
  assert.equal(begun(app.stdout).length, 3);
  assert.ok(mostAtOnce(app.stdout) >= 2, app.stdout);
  await app.stop();
});

test('more workers are booted in turn too', async () => {
  await using app = await serve({ entry: './app.cjs', files, options: ['--workers', '1', '--max-boots', '1'] });
  // Signals of a kind that are waiting count as one, so the second comes while the first worker more boots.
  app.signal('SIGTTIN');
  await app.event('scaling');
  app.signal('SIGTTIN');
  await app.event('scaled', { workers: 3 });
  assert.equal(begun(app.stdout).length, 3);
  assert.equal(mostAtOnce(app.stdout), 1, app.stdout);
  await app.stop();
});

test(
  'the first worker boots alone and fills the cache, the others find it, and so after a reload',
  { skip },
  async () => {
    const options = ['--workers', '3', '--max-boots', '3', '--max-surge', '3', '--compile-cache', 'cache'];
    await using app = await serve({ entry: './app.cjs', files, options });
    const [first, ...others] = begun(app.stdout);
    assert.equal(first, 0);
    assert.equal(others.length, 2);
    assert.ok(
      others.every((entries) => entries >= 2),
      app.stdout,
    );
    assert.match(app.stdout, /^begins 0\nlistens\nbegins/);
    const cache = join(app.directory, 'cache');
    assert.equal(statSync(cache).mode & 0o777, 0o700);
    const before = app.stdout.length;
    app.signal('SIGHUP');
    await app.event('reload done');
    assert.match(app.stdout.slice(before), /^begins \d+\nlistens\nbegins/);
    await app.stop();
  },
);

test('without the option there is no cache', async () => {
  await using app = await serve({ entry: './app.cjs', files, options: ['--workers', '1'] });
  assert.deepEqual(begun(app.stdout), [-1]);
  await app.stop();
});

test(
  'a Node that cannot write the cache says so, and serves',
  { skip: skip === false && 'this Node can' },
  async () => {
    await using app = await serve({
      entry: './app.cjs',
      files,
      options: ['--workers', '1', '--compile-cache', 'cache'],
    });
    assert.ok(app.stderr.includes('prefork: no compile cache'));
    await app.stop();
  },
);

test('a directory that others can change is refused before anything starts', { skip }, async (t) => {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o777);
  await using app = await startApp({ entry: 'hello.js', options: ['--compile-cache', join(directory, 'cache')] });
  assert.deepEqual(await app.exit(), { code: 2, signal: null });
  assert.match(
    app.stderr,
    /--compile-cache: expected a directory that only the user of the workers can change, but .*chmod/,
  );
  assert.deepEqual(readdirSync(directory), []);
});

test('what is missing is created for the owner alone; files, links to nowhere and open directories are refused', (t) => {
  const directory = temporaryDirectory(t);
  const made = prepareCompileCache(join(directory, 'a', 'b'));
  assert.equal(statSync(made).mode & 0o777, 0o700);
  assert.equal(statSync(join(directory, 'a')).mode & 0o777, 0o700);
  assert.equal(prepareCompileCache(made), made);

  const refused = (path: string, why: RegExp): void =>
    assert.throws(
      () => prepareCompileCache(path),
      (error) => error instanceof UsageError && why.test(error.message),
    );
  symlinkSync(join(directory, 'nowhere'), join(directory, 'link'));
  refused(join(directory, 'link'), /cannot be created/);
  refused(join(directory, 'link', 'below'), /cannot be created/);
  mkdirSync(join(directory, 'open'));
  chmodSync(join(directory, 'open'), 0o1777);
  refused(join(directory, 'open'), /other users can write/);
  assert.equal(prepareCompileCache(join(directory, 'open', 'own')), join(directory, 'open', 'own'));
  refused('/proc/self/status', /cannot be created/);
});
