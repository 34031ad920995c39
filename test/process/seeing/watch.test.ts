import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { serve, startApp, type App } from '../../support/app.ts';
import { poll } from '../../support/watched.ts';

const server = (word: string): string => `
const { createServer } = require('node:http');
createServer((_request, response) => response.end('${word} ' + require('./lib/word.js'))).listen(process.env.PORT);`;

const files = { 'server.js': server('one'), 'lib/word.js': "module.exports = 'a';" };

function ask(app: App, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ ...app.target, ...(agent && { agent }) }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (more: string) => (text += more));
      response.once('end', () => resolve(text));
    }).once('error', reject);
  });
}

/** Asks until the new code answers. The old worker may still take a request while it hands its connections over. */
async function answers(app: App, text: string, agent?: Agent): Promise<void> {
  await poll(async () => (await ask(app, agent)) === text || undefined, `the answer ${text}`);
}

async function watched(): Promise<App> {
  const app = await startApp({ entry: './server.js', options: ['--watch'], files });
  try {
    await app.event('ready', { workers: '1' });
    await app.event('watching');
    return app;
  } catch (error) {
    await app[Symbol.asyncDispose]();
    throw error;
  }
}

test('a change of any file of code reloads, and connections stay open', async () => {
  await using app = await watched();
  const sockets = new Set<Socket>();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.on('free', (socket: Socket) => sockets.add(socket));
  try {
    assert.equal(await ask(app, agent), 'one a');
    writeFileSync(join(app.directory, 'lib/word.js'), "module.exports = 'b';");
    await app.event('reload done', { gen: '2' });
    await answers(app, 'one b', agent);
    // An editor writes another file, and puts it in the place of the first.
    writeFileSync(join(app.directory, 'x.tmp'), server('two'));
    renameSync(join(app.directory, 'x.tmp'), join(app.directory, 'server.js'));
    await app.event('reload done', { gen: '3' });
    await answers(app, 'two b', agent);
    assert.equal(sockets.size, 1, 'the same connection all along');
  } finally {
    agent.destroy();
  }
});

test('code that does not boot is told of in full, and the old one serves on until it is mended', async () => {
  await using app = await watched();
  writeFileSync(join(app.directory, 'server.js'), 'throw new Error("what a pity");');
  await app.event('reload failed');
  assert.match(app.stderr, /Error: what a pity\n\s+at .*server\.js:1:7/);
  assert.equal(await ask(app), 'one a');
  writeFileSync(join(app.directory, 'server.js'), server('mended'));
  await app.event('reload done');
  await answers(app, 'mended a');
});

test('what is no code of the application does not reload, and a new directory is watched', async () => {
  await using app = await watched();
  for (const directory of ['node_modules/x', '.git', 'data'])
    mkdirSync(join(app.directory, directory), { recursive: true });
  writeFileSync(join(app.directory, 'node_modules/x/index.js'), '');
  writeFileSync(join(app.directory, '.git/index.js'), '');
  writeFileSync(join(app.directory, 'data/rows.csv'), '');
  writeFileSync(join(app.directory, 'data/new.js'), '');
  await app.event('reload done', { gen: '2' });
  rmSync(join(app.directory, 'data'), { recursive: true });
  await app.event('reload done', { gen: '3' });
  const data = join(app.directory, 'data');
  for (const { fields } of app.events('file changed')) assert.ok(fields['file']!.startsWith(data), fields['file']);
});

test('after a reload the release that is served is watched, and the one before it is not', async () => {
  const plain = "require('node:http').createServer((_, response) => response.end('x')).listen(process.env.PORT);";
  const releases = mkdtempSync(join(tmpdir(), 'prefork-watched-'));
  try {
    const [link, next] = [join(releases, 'current'), join(releases, 'next')];
    for (const name of ['a', 'b']) {
      mkdirSync(join(releases, name));
      writeFileSync(join(releases, name, 'server.js'), plain);
    }
    symlinkSync('a', link);
    await using app = await serve({ entry: join(link, 'server.js'), options: ['--watch'] });
    symlinkSync('b', next);
    renameSync(next, link);
    app.signal('SIGHUP');
    await app.event('reload done');
    // A change of the release that is not served any more comes to nothing.
    writeFileSync(join(releases, 'a', 'server.js'), 'throw new Error("old")');
    writeFileSync(join(releases, 'b', 'more.js'), '');
    await app.event('reload done', {}, 2);
    assert.deepEqual(
      app.events('file changed').map(({ fields }) => fields['file']),
      [join(realpathSync(releases), 'b', 'more.js')],
    );
  } finally {
    rmSync(releases, { recursive: true });
  }
});

test('more workers are had by asking for them', async () => {
  await using app = await serve({ entry: './server.js', options: ['--watch', '--workers', '2'], files });
  assert.equal(app.workers.size, 2);
});

test('SIGUSR2 of nodemon is a stop, and the log explains it', async () => {
  const nodemon = `
const { spawn } = require('node:child_process');
const child = spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit' });
process.on('SIGTERM', () => child.kill('SIGUSR2'));
child.on('exit', (code) => process.exit(code));`;
  const { command } = await import('../../support/paths.ts');
  await using app = await startApp({
    command: false,
    entry: './nodemon.js',
    args: [command, '-w1', './server.js'],
    files: { ...files, 'nodemon.js': nodemon },
  });
  await app.event('started by nodemon');
  await app.event('ready');
  assert.deepEqual(await app.stop(), { code: 0, signal: null });
  await app.gone();
  assert.equal(app.events('upgrading').length, 0);
});

test('--watch is not for root and another user', { skip: process.getuid?.() !== 0 && 'needs root' }, async () => {
  await using app = await startApp({
    entry: './server.js',
    options: ['--watch', '--user', 'nobody'],
    files,
    isOpen: true,
  });
  assert.deepEqual(await app.exit(), { code: 2, signal: null });
  assert.match(app.stderr, /--watch: expected none with --user/);
});
