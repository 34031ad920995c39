/** Tests `--primary`: the application's half of what expects node:cluster's primary, in a process of its own. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { serve, type App, type AppOptions } from '../../support/app.ts';
import { runCommand } from '../../support/command.ts';
import { ask, distinct } from '../../support/http.ts';
import { root } from '../../support/paths.ts';

/** Counts for all workers, and tells each the number that its request got. */
const COUNTER = `
  import cluster from 'node:cluster';
  let count = 0;
  cluster.on('message', (worker, message) => worker.send({ answer: ++count, to: message.ask, by: VERSION }));
  cluster.on('online', (worker) => console.log('online', worker.id, cluster.workers[worker.id] === worker, worker.process.pid));
  cluster.on('exit', (worker, code, signal) => console.log('exit', worker.id, code, signal, worker.isDead(), cluster.workers[worker.id]));
  console.log('half', process.pid, cluster.isPrimary, cluster.isWorker, process.argv.length);
  process.once('SIGTERM', () => { console.log('half ends after', count); process.exit(); });`;

const ASKS = `
  import { createServer } from 'node:http';
  let asked = 0;
  const waiting = new Map();
  process.on('message', ({ to, answer, by }) => waiting.get(to)?.(answer + ' by ' + by + ' in ' + process.pid));
  createServer((request, response) => {
    waiting.set(++asked, (text) => response.end(text));
    process.send({ ask: asked });
  }).listen(process.env.PORT);`;

function files(version: string): Record<string, string> {
  return { 'primary.mjs': COUNTER.replace('VERSION', `'${version}'`), 'server.mjs': ASKS };
}

/** Starts a server with a half that has loaded. */
async function start(options: Partial<AppOptions> = {}): Promise<App & AsyncDisposable> {
  const { options: flags = [], ...rest } = options;
  const app = await serve({
    entry: './server.mjs',
    files: files('one'),
    ...rest,
    options: ['--workers', '2', '--primary', './primary.mjs', ...flags],
  });
  try {
    await app.event('primary half ready');
    return app;
  } catch (error) {
    await app[Symbol.asyncDispose]();
    throw error;
  }
}

/** The pid of the n-th half. */
async function half(app: App, nth = 1): Promise<number> {
  const { fields } = await app.event('primary half ready', {}, nth);
  return Number(fields['pid']);
}

for (const sharing of ['auto', 'round-robin']) {
  test(`workers ask it, and it answers each of them, with --sharing ${sharing}`, async () => {
    await using app = await start({ options: ['--sharing', sharing] });
    const answers = await distinct(6, () => ask(app.target));
    assert.deepEqual(
      [...answers].map((answer) => Number.parseInt(answer, 10)).toSorted((a, b) => a - b),
      [1, 2, 3, 4, 5, 6],
    );
    await app.output(new RegExp(`half ${await half(app)} true false 2`));
    const online = [...app.stdout.matchAll(/^online \d+ true (\d+)$/gm)].map(([, pid]) => Number(pid));
    assert.deepEqual(new Set(online), new Set(app.workers.values()));
    assert.equal(app.events('message unheard').length, 0);
  });
}

test('it hears of workers that end and come, and ends last', async () => {
  await using app = await start();
  const killed = app.worker(0);
  process.kill(killed, 'SIGKILL');
  await app.output(/^exit \d+ null SIGKILL true undefined$/m);
  await app.event('worker ready', { slot: 0 }, 2);
  await app.output(new RegExp(`^online \\d+ true ${app.worker(0)}$`, 'm'));
  await ask(app.target);
  app.signal('SIGTERM');
  assert.deepEqual(await app.exit(), { code: 0, signal: null });
  assert.match(app.stdout, /(exit \d+ (0|null) .*\n){2}half ends after 1\n$/);
});

test('it is started anew when it ends, and what workers say meanwhile waits', async () => {
  await using app = await start();
  process.kill(await half(app), 'SIGKILL');
  await app.event('primary half failed', { signal: 'SIGKILL' });
  assert.match(await ask(app.target), /^1 by one/);
  assert.notEqual(await half(app, 2), await half(app, 1));
});

test('a reload replaces it with the release, and the one before serves on when it cannot be loaded', async () => {
  await using app = await start();
  const { writeFileSync } = process.getBuiltinModule('node:fs');
  writeFileSync(`${app.directory}/primary.mjs`, files('two')['primary.mjs']!);
  assert.equal((await runCommand(app, 'reload')).code, 0);
  await half(app, 2);
  await app.output(/half ends after 0/);
  assert.match(await ask(app.target), /^1 by two/);
  writeFileSync(`${app.directory}/primary.mjs`, 'throw new Error("not today")');
  assert.equal((await runCommand(app, 'reload')).code, 0);
  await app.event('primary half failed', { why: 'its program was not loaded' });
  assert.match(await ask(app.target), /^2 by two/);
});

test('when the primary is killed, it ends too', async () => {
  await using app = await start();
  const pid = await half(app);
  app.signal('SIGKILL');
  await app.output(/half ends after 0/);
  assert.ok(
    app.processes.every((one) => one !== app.pid),
    String(pid),
  );
});

test('what it sends to workers is of the application, and never a command', async () => {
  const commands = `
    import cluster from 'node:cluster';
    cluster.on('online', (worker) => {
      for (const cmd of ['NODE_PREFORK', 'NODE_CLUSTER', 'NODE_HANDLE']) {
        const message = { cmd, act: 'disconnect', body: { type: 'end' } };
        try { worker.send(message); } catch (error) { console.log(error.name); }
        process.send({ cmd: 'NODE_PREFORK', body: { type: 'send', worker: worker.id, message } });
      }
      try { worker.send(undefined); } catch (error) { console.log(error.name); }
    });`;
  await using app = await start({ files: { ...files('one'), 'primary.mjs': commands } });
  await app.output(/(?:TypeError\n){4}/);
  await app.event('primary half failed', { why: 'it sent no message of ours' });
  await app.event('primary half failed', { why: 'it sent no message of ours' }, 2);
  assert.equal(app.events('worker exited').length, 0);
});

test('a worker that floods it is bounded, and the others are heard', async () => {
  const floods = `
    import { createServer } from 'node:http';
    let asked = 0;
    if (process.env.PREFORK_SLOT === '0') setInterval(() => { for (let i = 0; i < 3000; i++) process.send({ flood: i }); }, 50);
    process.on('message', ({ count }) => { asked = count; });
    createServer((request, response) => {
      process.send('count');
      setTimeout(() => response.end(process.env.PREFORK_SLOT + ' ' + asked), 100);
    }).listen(process.env.PORT);`;
  const counts = `
    import cluster from 'node:cluster';
    let count = 0;
    cluster.on('message', (worker, message) => { if (message === 'count') worker.send({ count: ++count }); });`;
  await using app = await start({ files: { 'server.mjs': floods, 'primary.mjs': counts } });
  await app.event('message dropped');
  for (;;) {
    const [slot, asked] = (await ask(app.target)).split(' ');
    if (slot === '1' && Number(asked) > 0) break;
  }
  assert.equal(app.events('worker expelled').length, 0);
});

test('a file that is not there ends the start', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--primary', 'missing.mjs'] }).catch((error: Error) => ({
    error,
    [Symbol.asyncDispose]: async () => {},
  }));
  assert.match(String((app as { error?: Error }).error), /code=2/);
});

const cases: ReadonlyArray<{ readonly name: string; readonly primary: string; readonly server: string }> = [
  {
    name: 'rate-limiter-flexible',
    primary: `import { RateLimiterClusterMaster } from 'rate-limiter-flexible'; new RateLimiterClusterMaster();`,
    server: `
      import { createServer } from 'node:http';
      import { RateLimiterCluster } from 'rate-limiter-flexible';
      const limiter = new RateLimiterCluster({ keyPrefix: 'all', points: 100, duration: 60, timeoutMs: 5000 });
      createServer((request, response) => limiter.consume('all').then(
        ({ consumedPoints }) => response.end(String(consumedPoints)),
        (error) => response.end(String(error)),
      )).listen(process.env.PORT);`,
  },
];

for (const { name, primary, server } of cases) {
  test(`${name} counts for all workers by its own half`, async () => {
    await using app = await start({
      files: { 'primary.mjs': primary, 'server.mjs': server },
      links: { node_modules: `${root}node_modules` },
    });
    const answers = await distinct(6, () => ask(app.target));
    assert.deepEqual(new Set(answers), new Set(['1', '2', '3', '4', '5', '6']));
  });
}
