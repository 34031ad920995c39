/** Tests that the primary itself is replaced, and that its sockets live on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { serve } from '../../support/app.ts';
import { ask, Exchange, untilRefused } from '../../support/http.ts';
import { isAlive } from '../../support/leftovers.ts';
import { noSs, ownSharings } from '../../support/platform.ts';
import { endSuccessor, upgraded } from '../../support/upgrades.ts';
import { poll } from '../../support/watched.ts';

for (const sharing of ownSharings) {
  test(`SIGUSR2 replaces the primary; its sockets and requests live on, ${sharing}`, async () => {
    await using app = await serve({ entry: 'echo.js', options: ['--workers', '2', '--sharing', sharing] });
    const { target } = app;
    const exchange = await Exchange.open(target);
    app.signal('SIGUSR2');
    const { fields } = await app.event('upgraded');
    const next = Number(fields['pid']);
    assert.notEqual(next, app.pid);
    assert.equal((await exchange.finish()).body, 'first last');
    await upgraded(app);
    assert.ok(isAlive(next));
    assert.equal(await ask(target), '');
    await endSuccessor(app, next);
    await untilRefused(target);
  });

  test(`an upgrade of an upgrade, with a Unix socket, ${sharing}`, async () => {
    await using app = await serve({
      entry: 'hello.js',
      options: ['--workers', '2', '--sharing', sharing],
      env: { PORT: 'app.sock' },
    });
    const { target } = app;
    app.signal('SIGUSR2');
    const second = await upgraded(app);
    await ask(target);
    process.kill(second, 'SIGUSR2');
    const third = await upgraded(app, 2);
    await ask(target);
    await endSuccessor(app, third);
    assert.equal(existsSync(join(app.directory, 'app.sock')), false);
  });
}

test('a new primary that fails does no harm', async () => {
  const good = `import { createServer } from 'node:http';
    createServer((_request, response) => response.end('good')).listen(process.env.PORT);`;
  await using app = await serve({ entry: './app.mjs', files: { 'app.mjs': good }, options: ['--workers', '2'] });
  const before = new Map(app.workers);
  writeFileSync(join(app.directory, 'app.mjs'), `throw new Error('no database');`);
  app.signal('SIGUSR2');
  const { fields } = await app.event('upgrade failed');
  assert.match(fields['reason']!, /no database|before it was ready/);
  assert.equal(await ask(app.target), 'good');
  for (const pid of before.values()) assert.ok(isAlive(pid));
  writeFileSync(join(app.directory, 'app.mjs'), good);
  app.signal('SIGUSR2');
  await endSuccessor(app, await upgraded(app));
});

test('a new primary that fails leaves the file of a Unix socket where it is', async () => {
  const good = `import { createServer } from 'node:http';
    createServer((_request, response) => response.end('good')).listen(process.env.PORT);`;
  const slow = `if (process.env.PREFORK_SLOT === '1') await new Promise((done) => setTimeout(done, 300)), process.exit(7);\n${good}`;
  await using app = await serve({
    entry: './app.mjs',
    files: { 'app.mjs': good },
    options: ['--workers', '2'],
    env: { PORT: 'app.sock' },
  });
  // A worker of the new primary serves already, and ends with it.
  writeFileSync(join(app.directory, 'app.mjs'), slow);
  app.signal('SIGUSR2');
  await app.event('upgrade failed');
  await poll(() => app.processes.length === 3 || undefined, 'the end of the new primary and its workers');
  assert.equal(await ask(app.target), 'good');
});

test('workers of a primary that is killed after an upgrade leave the file of a Unix socket to the new one', async () => {
  await using app = await serve({ entry: 'echo.js', options: ['--workers', '2'], env: { PORT: 'app.sock' } });
  const old = [...app.workers.values()];
  const exchange = await Exchange.open(app.target);
  app.signal('SIGUSR2');
  const { fields } = await app.event('upgraded');
  app.signal('SIGKILL');
  await exchange.finish();
  await poll(() => !old.some(isAlive) || undefined, 'the end of the old workers');
  await ask(app.target);
  await endSuccessor(app, Number(fields['pid']));
});

test('a next primary that is killed before it is ready takes nothing along', async () => {
  const release = (says: string): string => `import { createServer } from 'node:http';
    createServer((_request, response) => response.end('served')).listen(process.env.PORT, () => {
      ${says}
    });`;
  await using app = await serve({
    entry: './app.mjs',
    files: { 'app.mjs': release(`process.send('ready');`) },
    options: ['--workers', '1', '--ready', 'message'],
    env: { PORT: 'app.sock' },
  });
  writeFileSync(
    join(app.directory, 'app.mjs'),
    release(`console.log('next', process.ppid, process.pid); setTimeout(() => process.send('ready'), 60_000);`),
  );
  app.signal('SIGUSR2');
  const [, primary, worker] = await app.output(/next (\d+) (\d+)\n/);
  process.kill(Number(primary), 'SIGKILL');
  await app.event('upgrade failed');
  await poll(() => !isAlive(Number(worker)) || undefined, 'the end of its worker');
  assert.equal(await ask(app.target), 'served');
});

test(
  'when the old primary is killed meanwhile, its workers leave the queues to the next one',
  { skip: noSs() },
  async () => {
    const release = (wait: number): string => `import { createServer } from 'node:http';
    console.log('boots', process.ppid);
    const server = createServer((_request, response) => response.end(String(process.pid)));
    setTimeout(() => server.listen(process.env.PORT), ${wait});`;
    await using app = await serve({
      entry: './app.mjs',
      files: { 'app.mjs': release(0) },
      options: ['--workers', '1'],
    });
    const old = app.worker(0);
    writeFileSync(join(app.directory, 'app.mjs'), release(1500));
    app.signal('SIGUSR2');
    const [, next] = await app.output(/boots \d+\n[^]*boots (\d+)\n/);
    app.signal('SIGKILL');
    await app.exit();
    const isServed = async (): Promise<true | undefined> =>
      (await ask(app.target).catch(() => String(old))) === String(old) ? undefined : true;
    await poll(isServed, 'the next primary');
    const [socket = ''] = spawnSync('ss', ['-ltnH', `sport = :${app.port}`], { encoding: 'utf8' }).stdout.split('\n');
    assert.equal(socket.split(/\s+/)[2], '511', socket);
    process.kill(Number(next), 'SIGTERM');
    await poll(() => !isAlive(Number(next)) || undefined, 'the end of the next primary');
  },
);

test('the file of a Unix socket goes with a primary that is killed, and whoever got in is answered', async () => {
  await using app = await serve({ entry: 'echo.js', options: ['--workers', '2'], env: { PORT: 'app.sock' } });
  const exchange = await Exchange.open(app.target);
  const askUntilRefused = async (): Promise<string> => {
    try {
      for (;;) await ask(app.target);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  };
  const ends = Array.from({ length: 8 }, askUntilRefused);
  await ask(app.target);
  app.signal('SIGKILL');
  for (const end of await Promise.all(ends)) assert.match(end, /^(?:ENOENT|ECONNREFUSED)$/);
  assert.equal(existsSync(join(app.directory, 'app.sock')), false, 'while a request is still in flight');
  assert.equal((await exchange.finish()).body, 'first last');
  await app.exit();
  await app.gone();
});

test('without a control socket a new primary tries for one once, and not at each reload', async () => {
  const nowhere = '/proc/nowhere';
  await using app = await serve({
    entry: 'hello.js',
    options: ['--workers', '1'],
    env: { PREFORK_RUNTIME_DIR: nowhere },
  });
  app.signal('SIGUSR2');
  const next = await upgraded(app);
  process.kill(next, 'SIGHUP');
  await app.event('reload done');
  process.kill(next, 'SIGHUP');
  await app.event('reload done', {}, 2);
  assert.equal(app.events('no control socket').length, 2);
  await endSuccessor(app, next);
});

test('a stop during an upgrade stops both', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '2'] });
  app.signal('SIGUSR2');
  await app.event('upgrading');
  app.signal('SIGTERM');
  await app.gone();
  await app.exit();
});

test('a stop that reaches both primaries by itself is passed on, and counts as one', async () => {
  const release = (what: string): string => `import { createServer } from 'node:http';
    console.log('${what}', process.ppid);
    const server = createServer(async (request, response) => {
      response.setHeader('x-release', '${what}');
      for await (const chunk of request) response.write(chunk);
      response.end();
    });
    const wait = '${what}' === 'next' && process.env.PREFORK_SLOT === '1' ? 60_000 : 0;
    setTimeout(() => server.listen(process.env.PORT), wait);`;
  await using app = await serve({
    entry: './app.mjs',
    files: { 'app.mjs': release('first') },
    options: ['--workers', '2'],
    // Ctrl-C at a terminal reaches all.
    group: true,
  });
  writeFileSync(join(app.directory, 'app.mjs'), release('next'));
  app.signal('SIGUSR2');
  await app.output(/next \d+\n/);
  // Now a worker of the next primary serves, and the other one still boots.
  const exchange = await poll(async () => {
    const opened = await Exchange.open(app.target);
    if (opened.headers['x-release'] === 'next') return opened;
    await opened.finish();
    return undefined;
  }, 'a worker of the next primary');
  app.signal('SIGINT', 'group');
  await app.event('upgrade failed');
  await setTimeout(500);
  assert.equal((await exchange.finish()).body, 'first last');
  assert.equal(app.events('killing workers').length, 0);
  await app.gone();
  await app.exit();
});
