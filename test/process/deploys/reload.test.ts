/** Tests reloads: every worker is replaced without clients noticing, or none is because the new code does not boot. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { serve, type App } from '../../support/app.ts';
import { ask, distinct, Exchange } from '../../support/http.ts';
import { ownSharings, sharings } from '../../support/platform.ts';

const twoWorkers = ['--workers', '2'];

/** Returns an application that answers with a word from its file. */
const appThatSays = (word: string): string =>
  `import { createServer } from 'node:http';
   createServer((_request, response) => response.end('${word}')).listen(process.env.PORT);`;
const broken = `throw new Error('no database');`;

/** Serves an application of the test's own, which it can edit. */
async function serveEditable(text: string, options: readonly string[] = twoWorkers, name = 'app.mjs'): Promise<App> {
  return serve({ entry: `./${name}`, files: { [name]: text }, options });
}

const edit = (app: App, text: string, name = 'app.mjs'): void => writeFileSync(join(app.directory, name), text);

for (const sharing of sharings) {
  test(`SIGHUP replaces every worker in its slot, at the same address, ${sharing}`, async () => {
    await using app = await serve({ entry: 'hello.js', options: [...twoWorkers, '--sharing', sharing] });
    const before = [...app.workers.values()];
    app.signal('SIGHUP');
    await app.event('reload done', { gen: 2 });
    for (const pid of before) await app.event('worker stopped', { pid, for: 'reload' });

    assert.deepEqual(new Set(app.workers.keys()), new Set([0, 1]));
    for (const pid of app.workers.values()) assert.ok(!before.includes(pid), `${pid} was there before`);
    const pids = await distinct(2, () => ask(app.target));
    assert.deepEqual(new Set([...pids].map(Number)), new Set(app.workers.values()));
    assert.equal(app.events('listening').length, 1, 'the address stays');
  });
}

test('what was edited is served after a reload: ES modules and what they import, CommonJS', async () => {
  const [entry, part] = ["import './part.mjs';", 'part.mjs'];
  await using app = await serve({
    entry: './app.mjs',
    files: { 'app.mjs': entry, [part]: appThatSays('one') },
    options: twoWorkers,
  });
  assert.equal(await ask(app.target), 'one');
  edit(app, appThatSays('two'), part);
  app.signal('SIGHUP');
  await app.event('reload done');
  assert.deepEqual(await distinct(1, () => ask(app.target)), new Set(['two']));

  const commonJs = appThatSays('one').replace(/^import .*$/m, "const { createServer } = require('node:http');");
  await using old = await serveEditable(commonJs, twoWorkers, 'app.cjs');
  edit(old, commonJs.replace('one', 'two'), 'app.cjs');
  old.signal('SIGHUP');
  await old.event('reload done');
  assert.equal(await ask(old.target), 'two');
});

for (const sharing of ownSharings) {
  test(`code that does not boot is not served: the old workers go on, ${sharing}`, async () => {
    await using app = await serveEditable(appThatSays('good'), [...twoWorkers, '--sharing', sharing]);
    const before = new Map(app.workers);
    edit(app, broken);
    for (let gen = 2; gen <= 4; gen++) {
      app.signal('SIGHUP');
      const { fields } = await app.event('reload failed', { gen });
      assert.equal(fields['slot'], '0');
      assert.match(fields['reason']!, /no database/);
    }
    assert.deepEqual(app.workers, before);
    assert.equal(await ask(app.target), 'good');

    edit(app, appThatSays('better'));
    app.signal('SIGHUP');
    await app.event('reload done', { gen: 5 });
    assert.equal(await ask(app.target), 'better');
  });
}

test('a worker that is not ready in time ends the reload', async () => {
  await using app = await serveEditable(appThatSays('good'), [...twoWorkers, '--ready-timeout', '5s']);
  const before = new Map(app.workers);
  edit(app, 'setInterval(() => {}, 1000);');
  app.signal('SIGHUP');
  const { fields } = await app.event('reload failed', { gen: 2 });
  assert.match(fields['reason']!, /ready/);
  assert.deepEqual(app.workers, before);
  assert.equal(await ask(app.target), 'good');
});

test('a reload during a reload follows it', async () => {
  await using app = await serve({ entry: 'hello.js', options: twoWorkers });
  for (let signals = 0; signals < 3; signals++) {
    app.signal('SIGHUP');
    await app.event(signals === 0 ? 'reloading' : 'reload waits', {}, Math.max(1, signals));
  }
  await app.event('reload done', { gen: 3 });
  // Two requests that waited became one reload: the second could not know of newer code than the first.
  assert.equal(app.events('reload done').length, 2);
  assert.equal(app.events('reloading').length, 2);
});

test('a request in flight is finished by its old worker', async () => {
  await using app = await serve({ entry: 'echo.js', options: twoWorkers });
  const exchanges = await Promise.all(Array.from({ length: 8 }, () => Exchange.open(app.target)));
  app.signal('SIGHUP');
  await app.event('reload done');
  for (const exchange of exchanges) assert.equal((await exchange.finish()).body, 'first last');
  await app.event('worker stopped', { for: 'reload' }, 2);
});

test('what is in flight longer than the drain timeout is cut, and the worker ends', async () => {
  await using app = await serve({ entry: 'echo.js', options: [...twoWorkers, '--drain-timeout', '500ms'] });
  const exchange = await Exchange.open(app.target);
  app.signal('SIGHUP');
  await app.event('worker stopped', { for: 'reload' }, 2);
  await assert.rejects(exchange.answer);
});

test('a reload that a stop meets is over', async () => {
  await using app = await serve({ entry: 'hello.js', options: twoWorkers });
  app.signal('SIGHUP');
  await app.event('reloading');
  const { code } = await app.stop();
  assert.equal(code, 0);
  assert.deepEqual(app.events('reload done'), []);
  const { fields } = await app.event('reload failed');
  assert.match(fields['reason']!, /stopping/);
});

test('with --max-surge all the new workers boot at once', async () => {
  await using app = await serve({
    entry: 'hello.js',
    options: ['--workers', '3', '--max-surge', '3', '--log-level', 'debug'],
  });
  const forkedBefore = app.events('worker forked').length;
  app.signal('SIGHUP');
  await app.event('worker ready', { gen: 2 });
  assert.equal(app.events('worker forked').length - forkedBefore, 3);
  await app.event('reload done', { gen: 2 });
});

test('a worker that is killed while its successor boots has it for a successor all the same', async () => {
  await using app = await serveEditable(
    `import { createServer } from 'node:http';
     await new Promise((resolve) => setTimeout(resolve, 300));
     createServer((_request, response) => response.end('up')).listen(process.env.PORT);`,
    ['--workers', '1', '--log-level', 'debug'],
  );
  const killed = app.worker(0);
  app.signal('SIGHUP');
  await app.event('worker forked', { gen: 2 });
  process.kill(killed, 'SIGKILL');
  await app.event('reload done', { gen: 2 });
  assert.equal(await ask(app.target), 'up');
  assert.equal(app.events('worker forked').length, 2, 'nothing else was started for the slot');
});
