/** Tests `--stop-signal`, `--instance-variable`, and what a worker finds in its environment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve, type App } from '../../support/app.ts';
import { ask } from '../../support/http.ts';

/** Handles the signals of the variable, as an application that closes its database. Otherwise it does not. */
const app = `const { createServer } = require('node:http');
for (const signal of (process.env.HANDLED || '').split(',').filter(Boolean)) {
  process.on(signal, () => {
    console.log('closed by', signal);
    process.exit(0);
  });
}
const names = ['PREFORK_SLOT', 'PREFORK_WORKERS', 'NODE_APP_INSTANCE', 'INSTANCE'];
createServer((_request, response) => {
  response.end(JSON.stringify(names.map((name) => process.env[name] ?? null)));
}).listen(process.env.PORT);`;

function start(handled: string, options: readonly string[] = [], group = false): Promise<App> {
  return serve({
    entry: './app.cjs',
    files: { 'app.cjs': app },
    env: { HANDLED: handled },
    options: ['--workers', '1', ...options],
    group,
  });
}

test('an application that handles SIGINT alone is warned of once, and its handler does not run', async () => {
  await using server = await start('SIGINT', ['--workers', '2']);
  const { fields } = await server.event('stop signal unheard');
  assert.match(fields['why']!, /--stop-signal SIGINT/);
  server.signal('SIGHUP');
  await server.event('reload done');
  await server.stop();
  assert.equal(server.events('stop signal unheard').length, 1);
  assert.equal(server.stdout, '');
});

test('an application that handles both is not warned of', async () => {
  await using server = await start('SIGINT,SIGTERM');
  server.signal('SIGHUP');
  await server.event('reload done');
  await server.event('worker stopped');
  assert.equal(server.events('stop signal unheard').length, 0);
  assert.equal(server.stdout, 'closed by SIGTERM\n');
});

for (const signal of ['SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGHUP']) {
  test(`--stop-signal ${signal} runs the handlers for it, at a reload and at a stop`, async () => {
    await using server = await start(signal, ['--stop-signal', signal]);
    server.signal('SIGHUP');
    await server.event('reload done');
    await server.event('worker stopped', { gen: 1, code: 0 });
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    assert.equal(server.stdout, `closed by ${signal}\n`.repeat(2));
    assert.equal(server.events('stop signal unheard').length, 0);
  });

  test(`without a handler, --stop-signal ${signal} ends a worker at once`, async () => {
    await using server = await start('', ['--stop-signal', signal]);
    server.signal('SIGHUP');
    await server.event('reload done');
    const { fields } = await server.event('worker stopped', { gen: 1 });
    assert.equal(fields['signal'], signal);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    assert.equal(server.events('killing workers').length, 0);
  });
}

test('Ctrl-C at a terminal cuts no request short, also with --stop-signal SIGINT', async () => {
  await using server = await start('', ['--stop-signal', 'SIGINT'], true);
  assert.ok(await ask(server.target));
  server.signal('SIGINT', 'group');
  assert.deepEqual(await server.exit(), { code: 0, signal: null });
  assert.equal(server.events('worker exited').length, 0, 'the signal alone ended no worker');
});

test('a worker whose primary is killed ends by the stop signal', async () => {
  await using server = await start('SIGINT', ['--stop-signal', 'SIGINT']);
  server.signal('SIGKILL');
  await server.output(/^closed by SIGINT\n$/);
  await server.gone();
});

const names: ReadonlyArray<readonly [readonly string[], unknown]> = [
  [[], ['0', '1', '0', null]],
  [
    ['--instance-variable', 'none'],
    ['0', '1', null, null],
  ],
  [
    ['--instance-variable', 'INSTANCE'],
    ['0', '1', null, '0'],
  ],
];

for (const [options, expected] of names) {
  test(`what a worker finds in its environment: ${options.join(' ') || 'by default'}`, async () => {
    await using server = await start('', options);
    assert.deepEqual(JSON.parse(await ask(server.target)), expected);
  });
}

test('a spare finds its slot when it gets one', async () => {
  await using server = await start('', ['--spares', '1', '--instance-variable', 'INSTANCE']);
  await server.event('spare ready');
  process.kill(server.worker(0), 'SIGKILL');
  await server.event('worker ready', { slot: 0 }, 2);
  assert.deepEqual(JSON.parse(await ask(server.target)), ['0', '1', null, '0']);
});
