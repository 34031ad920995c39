import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { after, afterEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppProcess } from '../../../src/cli/apps/app-process.ts';
import { NOBODY, noOtherUser } from '../../support/platform.ts';
import { Place } from '../control/helpers.ts';

/** No process has this pid. */
const NO_PID = 2 ** 30;

const place = new Place();
after(() => place[Symbol.dispose]());

/** A test that fails leaves no process behind either. */
const started: AppProcess[] = [];
afterEach(() => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
});

/** What listens under the name `blog`, and says that it is a primary that serves. */
interface Impostor extends AsyncDisposable {
  /** The primary that it says it is. */
  pid: number;
  /** What it waits for before it answers. */
  before: Promise<unknown>;
}

async function impostor(uid?: number): Promise<Impostor> {
  chmodSync(place.path, 0o755);
  process.env['PREFORK_RUNTIME_DIR'] = place.path;
  const directory = place.file(`prefork-${uid ?? process.geteuid!()}`);
  mkdirSync(directory, { mode: 0o700, recursive: true });
  const path = `${directory}/blog.sock`;
  const said: Impostor = {
    pid: NO_PID,
    before: Promise.resolve(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((_, response) => {
    void said.before.then(() => response.end(JSON.stringify({ phase: 'serving', pid: said.pid })));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  if (uid !== undefined) for (const file of [directory, path]) chownSync(file, uid, uid);
  return said;
}

/** Says which signals it hears. */
const LISTENER = `for (const signal of ['SIGHUP', 'SIGTERM']) process.on(signal, () => console.log(signal)); console.log('up'); setInterval(() => {}, 1e6)`;

/** A primary that has been succeeded ends so. */
const ENDS_AT_USR2 = "process.on('SIGUSR2', () => process.exit(0)); console.log('up'); setInterval(() => {}, 1e6)";

async function endInOrder(app: AppProcess): Promise<void> {
  app.child.kill('SIGUSR2');
  await once(app.child, 'exit');
}

function start(uid: number | undefined, code = '', ...args: readonly string[]): AppProcess {
  const app = new AppProcess({ name: 'blog', argv: ['-e', code, ...args], env: {}, isPiped: true, uid });
  started.push(app);
  return app;
}

/** A process that stands for the next primary. */
class Next implements AsyncDisposable {
  readonly #child = spawn(process.execPath, ['-e', LISTENER], { stdio: ['ignore', 'pipe', 'inherit'] });
  readonly pid = this.#child.pid!;
  readonly #lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();

  async line(): Promise<string> {
    return (await this.#lines.next()).value as string;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }
}

test('a server of another user is no app, whatever its name', { skip: noOtherUser }, async () => {
  await using _server = await impostor(NOBODY);
  const app = start(undefined);
  assert.equal(await app.isServing(), false);
  // The process has ended, and no other server stands in for it.
  assert.deepEqual(await app.ended, { code: 0, signal: null });
});

test(
  'an app whose user has something else listen under its name ends when it is killed',
  { skip: noOtherUser },
  async () => {
    await using server = await impostor(NOBODY);
    const app = start(NOBODY, ENDS_AT_USR2);
    await once(app.child.stdout!, 'data');
    server.pid = app.child.pid!;
    assert.equal(await app.isServing(), true);
    server.pid = NO_PID;
    await endInOrder(app);
    const ended = app.ended.then(() => 'ended');
    assert.equal(await Promise.race([ended, delay(500, 'followed')]), 'followed');
    app.kill();
    assert.equal(await ended, 'ended');
  },
);

test('who answers under the name before the app does is no primary of it', async () => {
  await using _server = await impostor();
  const app = start(undefined);
  assert.equal(await app.isServing(), false);
  assert.deepEqual(await app.ended, { code: 0, signal: null });
});

test('an app whose primary was upgraded before anybody asked whether it serves goes on with the next one', async () => {
  const app = start(undefined, ENDS_AT_USR2);
  await once(app.child.stdout!, 'data');
  await using next = new Next();
  assert.equal(await next.line(), 'up');
  await using server = await impostor();
  server.pid = next.pid;
  await endInOrder(app);
  app.signal('SIGTERM');
  assert.equal(await next.line(), 'SIGTERM');
  await server[Symbol.asyncDispose]();
  assert.deepEqual(await app.ended, { code: 0, signal: null });
});

test('a signal that comes while it is asked whether there is a next primary is kept for that one', async () => {
  const app = start(undefined, ENDS_AT_USR2);
  await once(app.child.stdout!, 'data');
  await using next = new Next();
  assert.equal(await next.line(), 'up');
  await using server = await impostor();
  server.pid = next.pid;
  let answer!: () => void;
  server.before = new Promise<void>((resolve) => (answer = resolve));
  await endInOrder(app);
  app.signal('SIGHUP');
  answer();
  assert.equal(await Promise.race([next.line(), delay(5000, 'nothing', { ref: false })]), 'SIGHUP');
  await server[Symbol.asyncDispose]();
  assert.deepEqual(await app.ended, { code: 0, signal: null });
});

test('a server that had the name before is not the next primary of an app that ends', async () => {
  await using other = new Next();
  assert.equal(await other.line(), 'up');
  const app = start(undefined, ENDS_AT_USR2);
  await once(app.child.stdout!, 'data');
  await using server = await impostor();
  server.pid = other.pid;
  await endInOrder(app);
  assert.deepEqual(await app.ended, { code: 0, signal: null });
});

test('a stop that comes between two primaries reaches the next one', async () => {
  await using next = new Next();
  assert.equal(await next.line(), 'up');
  await using server = await impostor();
  const app = start(undefined, ENDS_AT_USR2);
  await once(app.child.stdout!, 'data');
  server.pid = app.child.pid!;
  assert.equal(await app.isServing(), true);
  server.pid = next.pid;
  let answer!: () => void;
  server.before = new Promise<void>((resolve) => (answer = resolve));
  await endInOrder(app);
  app.signal('SIGTERM');
  app.signal('SIGHUP');
  answer();
  assert.deepEqual([await next.line(), await next.line()].toSorted(), ['SIGHUP', 'SIGTERM']);
  await server[Symbol.asyncDispose]();
  assert.deepEqual(await app.ended, { code: 0, signal: null });
});

test('the primary that answers is told, and the one that it succeeds hears of stops alone', async () => {
  await using next = new Next();
  assert.equal(await next.line(), 'up');
  await using server = await impostor();
  const app = start(undefined, LISTENER);
  server.pid = app.child.pid!;
  assert.equal(await app.isServing(), true);
  const lines = createInterface(app.child.stdout!)[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'up');
  server.pid = next.pid;
  app.signal('SIGHUP');
  assert.equal(await next.line(), 'SIGHUP');
  app.signal('SIGTERM');
  assert.equal(await next.line(), 'SIGTERM');
  assert.equal((await lines.next()).value, 'SIGTERM');
  app.child.kill('SIGKILL');
  assert.deepEqual(await app.ended, { code: 137, signal: 'SIGKILL' });
});

/** Stands between a terminal and the primary, as root does for another user, and passes signals on. */
const BETWEEN = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', process.argv[1]], { stdio: ['ignore', 'inherit', 'inherit'] });
  process.on('SIGTERM', () => {
    console.log('between');
    setTimeout(() => { child.kill('SIGKILL'); process.exit(0); }, 300);
  });
  console.log(child.pid);`;

test('a primary that the started process has behind it is the app’s, and is told of a stop by that alone', async () => {
  const server = await impostor();
  const app = start(undefined, BETWEEN, LISTENER);
  const said: string[] = [];
  const lines = createInterface(app.child.stdout!).on('line', (line) => void said.push(line));
  while (said.length < 2) await once(lines, 'line');
  server.pid = Number(said.find((line) => line !== 'up'));
  assert.equal(await app.isServing(), true);
  app.signal('SIGTERM');
  await once(app.child, 'exit');
  await server[Symbol.asyncDispose]();
  assert.deepEqual(await app.ended, { code: 0, signal: null });
  assert.deepEqual(said.slice(2), ['between']);
});
