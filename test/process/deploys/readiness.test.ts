/**
 * Tests that a worker is ready when it serves, not when it has a socket. Broken code gets no slot, and slow code makes
 * no client wait.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { serve, startApp, type App } from '../../support/app.ts';
import { ask, distinct } from '../../support/http.ts';
import { ownSharings, sharings } from '../../support/platform.ts';

const NAME = 'app.mjs';

/** Returns an application that answers with a word. `after` is the code that it runs when it listens. */
const appThatSays = (word: string, after = ''): string =>
  `import { createServer } from 'node:http';
   createServer((_request, response) => response.end('${word}')).listen(process.env.PORT, () => { ${after} });`;

/** Returns an application that first opens a port for health checks, and its own `later` ms after that. */
const healthFirst = (word: string, later: number): string =>
  `import { createServer } from 'node:http';
   createServer((_request, response) => response.end('healthy')).listen(0, '127.0.0.1');
   await new Promise((resolve) => setTimeout(resolve, ${later}));
   createServer((_request, response) => response.end('${word}')).listen(0, '127.0.0.1');`;

interface Editable {
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

function serveEditable(text: string, { options = ['--workers', '2'], env = {} }: Editable = {}): Promise<App> {
  return serve({ entry: `./${NAME}`, files: { [NAME]: text }, options, env });
}

async function reload(app: App, text: string, gen: number, how: 'done' | 'failed'): Promise<string> {
  writeFileSync(join(app.directory, NAME), text);
  app.signal('SIGHUP');
  const { fields } = await app.event(`reload ${how}`, { gen });
  return fields['reason'] ?? '';
}

/** Asks until told to stop. A lost request fails the test. */
function askOn(app: App, target = app.target): { stop(): Promise<ReadonlySet<string>> } {
  const answers = new Set<string>();
  const over = new AbortController();
  const clients = Array.from({ length: 4 }, async () => {
    while (!over.signal.aborted) answers.add(await ask(target));
  });
  const all = Promise.all(clients);
  // The promise is awaited at the end, and may fail before that.
  all.catch(() => {});
  return {
    async stop() {
      over.abort();
      await all;
      return answers;
    },
  };
}

const endings: ReadonlyArray<readonly [how: string, after: string, reason: RegExp]> = [
  ['throws', `throw new Error('no build');`, /uncaught Error: no build/],
  ['throws a moment later', `setTimeout(() => { throw new Error('no build'); }, 150);`, /uncaught Error: no build/],
  ['says why and exits', `console.error('no build'); process.exit(1);`, /exited with code 1: no build/],
  [
    'finds a second address taken',
    `createServer().listen(Number(process.env.TAKEN), '127.0.0.1');`,
    /EADDRINUSE.*:\d+/,
  ],
];

for (const sharing of ownSharings) {
  for (const [how, after, expected] of endings) {
    test(`code that listens and then ${how} fails a reload, and its clients lose nothing, ${sharing}`, async (t) => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      t.after(() => other.close());
      const { port } = other.address() as { port: number };
      const options = ['--workers', '2', '--sharing', sharing, '--settle', '2s'];
      await using app = await serveEditable(appThatSays('good'), { options, env: { TAKEN: String(port) } });
      const before = new Map(app.workers);
      const clients = askOn(app);
      assert.match(await reload(app, appThatSays('bad', after), 2, 'failed'), expected);
      assert.deepEqual(await clients.stop(), new Set(['good']), 'what is broken was never asked');
      assert.deepEqual(app.workers, before);
    });
  }
}

test('a start with such code ends with its error, and does not say that it is ready', async () => {
  const files = { [NAME]: appThatSays('bad', `setTimeout(() => { throw new Error('no build'); }, 100);`) };
  await using app = await startApp({ entry: `./${NAME}`, files, options: ['--workers', '2', '--settle', '5s'] });
  assert.deepEqual(await app.exit(), { code: 1, signal: null });
  assert.deepEqual(app.events('ready'), []);
  const [error] = app.events('error');
  assert.match(error!.message!, /ended before it was ready: uncaught Error: no build/);
});

for (const sharing of sharings) {
  test(`a health port that is open long before the other makes no client wait, ${sharing}`, async () => {
    const options = ['--workers', '2', '--sharing', sharing];
    await using app = await serveEditable(healthFirst('one', 0), { options });
    await app.event('listening', {}, 2);
    const [health, main] = app.targets;
    const before = [...app.workers.values()];
    const clients = askOn(app, main);
    assert.equal(await reload(app, healthFirst('two', 1500), 2, 'done'), '');
    const answers = await clients.stop();
    assert.ok(
      [...answers].every((answer) => answer === 'one' || answer === 'two'),
      [...answers].join(),
    );
    if (sharing === 'round-robin') {
      // node:cluster hands connections to a worker until that has told it that it closes.
      for (const pid of before) await app.event('worker stopped', { pid, for: 'reload' });
    }
    assert.deepEqual(await distinct(1, () => ask(main!)), new Set(['two']));
    assert.equal(await ask(health!), 'healthy');
    assert.deepEqual(app.events('address given up'), []);
  });
}

test('an address that the new code has given up is waited for once, and then closed', async () => {
  const options = ['--workers', '3', '--ready-timeout', '8s'];
  await using app = await serveEditable(healthFirst('one', 0), { options });
  await app.event('listening', {}, 2);
  const [health] = app.targets;
  const text = `import { createServer } from 'node:http';
    createServer((_request, response) => response.end('two')).listen(0, '127.0.0.1');`;
  await reload(app, text, 2, 'done');
  const given = app.events('address given up');
  assert.equal(given.length, 1, 'by one worker for all');
  assert.equal(given[0]!.fields['after'], '8s');
  assert.equal(await ask(health!), 'two', 'the first listen(0) has the port of the first');
});

test('with --ready message a worker is ready when it says so', async () => {
  const options = ['--workers', '2', '--ready', 'message'];
  const late = (word: string, ms: number): string =>
    appThatSays(word, `setTimeout(() => process.send('ready'), ${ms});`);
  await using app = await serveEditable(late('one', 0), { options });
  const clients = askOn(app);
  await reload(app, late('two', 1000), 2, 'done');
  await clients.stop();
  for (const gen of [1, 2]) assert.equal(app.events('worker ready', { gen }).length, 2);
  const reason = await reload(app, appThatSays('silent', `setTimeout(() => process.exit(3), 100);`), 3, 'failed');
  assert.match(reason, /exited with code 3/);
  assert.deepEqual(await distinct(1, () => ask(app.target)), new Set(['two']));
});

test('with --ready start a program that does nothing but run is ready, and one that ends at once is not', async () => {
  const options = ['--workers', '2', '--ready', 'start', '--settle', '1s'];
  await using app = await serveEditable('setInterval(() => {}, 1000);', { options });
  assert.match(await reload(app, 'process.exit(4);', 2, 'failed'), /exited with code 4/);
  await reload(app, 'setInterval(() => {}, 2000);', 3, 'done');
});

for (const sharing of ownSharings) {
  test(`a reload that loses its last worker gives the slots that were done back, ${sharing}`, async () => {
    // The second worker of the new code fails while the first has its slot.
    const text = `import { existsSync, writeFileSync } from 'node:fs';
      import { createServer } from 'node:http';
      if (process.env.PREFORK_SLOT === '1') {
        while (!existsSync('first-is-ready')) await new Promise((resolve) => setTimeout(resolve, 10));
        process.exit(5);
      }
      createServer((_request, response) => response.end('bad')).listen(process.env.PORT);`;
    await using app = await serveEditable(appThatSays('good'), { options: ['--workers', '2', '--sharing', sharing] });
    const before = app.worker(0);
    writeFileSync(join(app.directory, NAME), text);
    app.signal('SIGHUP');
    const { fields } = await app.event('worker ready', { gen: 2 });
    assert.deepEqual(await distinct(2, () => ask(app.target)), new Set(['good', 'bad']));
    const clients = askOn(app);
    writeFileSync(join(app.directory, 'first-is-ready'), '');
    await app.event('reload failed', { gen: 2, slot: 1 });
    await app.event('worker back', { slot: 0, pid: before });
    await app.event('worker stopped', { pid: fields['pid']!, for: 'abort' });
    await clients.stop();
    assert.deepEqual(await distinct(1, () => ask(app.target)), new Set(['good']));
    await reload(app, appThatSays('better'), 3, 'done');
    assert.deepEqual(await distinct(1, () => ask(app.target)), new Set(['better']));
  });
}

test('a worker that crashes soon after it serves, again and again, has its backoff, and in the end ends it all', async () => {
  const options = ['--workers', '1', '--recover-window', '8s'];
  await using app = await serveEditable(appThatSays('good'), { options });
  const [first] = app.workers.values();
  writeFileSync(join(app.directory, NAME), appThatSays('bad', `setTimeout(() => { throw new Error('late'); }, 300);`));
  process.kill(first!, 'SIGKILL');
  assert.deepEqual(await app.exit(90_000), { code: 1, signal: null });
  const [error] = app.events('error');
  assert.equal(error?.fields['code'], 'ERR_OVER_RECOVERY');
  const exits = app.events('worker exited').length;
  assert.ok(exits >= 10 && exits <= 20, `${exits} exits`);
});

test('when the last worker is gone no slot is left to its backoff', async () => {
  const options = ['--workers', '2', '--recover-interval', '30s'];
  await using app = await serveEditable(appThatSays('up'), { options });
  writeFileSync(join(app.directory, NAME), `throw new Error('no');`);
  process.kill(app.worker(0), 'SIGSEGV');
  await app.event('worker respawning', { slot: 0, in: '30s' });
  process.kill(app.worker(1), 'SIGSEGV');
  await app.event('worker respawning', { slot: 1, in: '1s' });
  writeFileSync(join(app.directory, NAME), appThatSays('again'));
  assert.equal(await ask(app.target), 'again');
});
