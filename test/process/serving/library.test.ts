/** Tests the library: the same program in the primary and in its workers. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { serve, startApp, type App, type Target } from '../../support/app.ts';
import { ask, askTls, distinct } from '../../support/http.ts';
import { certificate } from '../../support/paths.ts';
import { noIpv6 } from '../../support/platform.ts';

const library = { command: false, env: { ...certificate } } as const;
const good = { code: 0, signal: null };

const forms: ReadonlyArray<{ entry: string; question: (target: Target) => Promise<string>; rest: string }> = [
  { entry: 'library.js', question: ask, rest: '' },
  { entry: 'library-request-listener.js', question: ask, rest: ' true' },
  { entry: 'library-fetch.js', question: ask, rest: ' GET' },
  { entry: 'library-tls.js', question: askTls, rest: '' },
  { entry: 'library-tls-embed.js', question: askTls, rest: '' },
  { entry: 'library-spawn-worker.js', question: ask, rest: ' hand' },
];
for (const { entry, question, rest } of forms) {
  test(`${entry}: two workers serve, and a stop settles`, async () => {
    await using app = await serve({ entry, ...library });
    const answers = await distinct(2, () => question(app.target));
    assert.deepEqual(answers, new Set([...app.workers.values()].map((pid) => `${pid}${rest}`)));
    assert.deepEqual(await app.stop(), good);
  });
}

/** Addresses as fasthttp and Go write them, and their form in the log. */
const addresses: ReadonlyArray<{ address: string; options?: object; logged: RegExp; skip?: string | false }> = [
  { address: ':0', logged: /^\[::\]:\d+$/, skip: noIpv6 },
  { address: '0', logged: /^\[::\]:\d+$/, skip: noIpv6 },
  { address: ':0', options: { network: 'tcp4' }, logged: /^0\.0\.0\.0:\d+$/ },
  { address: ':0', options: { network: 'tcp6' }, logged: /^\[::\]:\d+$/, skip: noIpv6 },
  { address: '127.0.0.1:0', logged: /^127\.0\.0\.1:\d+$/ },
  { address: '[::1]:0', logged: /^\[::1\]:\d+$/, skip: noIpv6 },
];
for (const { address, options = {}, logged, skip = false } of addresses) {
  test(`listenAndServe('${address}') ${JSON.stringify(options)}`, { skip }, async () => {
    const env = { ADDRESS: address, OPTIONS: JSON.stringify({ workers: 2, ...options }) };
    await using app = await serve({ entry: 'library.js', command: false, env });
    const [event] = app.events('listening');
    assert.match(event!.fields['address']!, logged);
    assert.equal(event!.fields['workers'], '2');
    if (!('network' in options && options.network === 'tcp6')) await ask(app.target);
    assert.deepEqual(await app.stop(), good);
    assert.match(app.stdout, /^primary settled\n$/m);
  });
}

test("listenAndServe('unix:app.sock')", async () => {
  await using app = await serve({ entry: 'library.js', command: false, env: { ADDRESS: 'unix:app.sock' } });
  const socketPath = join(app.directory, 'app.sock');
  assert.deepEqual(app.target, { socketPath });
  await distinct(2, () => ask(app.target));
  assert.deepEqual(await app.stop(), good);
  assert.equal(existsSync(socketPath), false);
});

/** Programs that are misused or do not start. The promise rejects in the primary, with a code. */
const rejections: ReadonlyArray<{ what: string; env: Record<string, string>; code: string; message: RegExp }> = [
  { what: 'no workers', env: { OPTIONS: '{"workers":0}' }, code: 'ERR_PREFORK_USAGE', message: /workers.*got 0/ },
  {
    what: 'an unknown option',
    env: { OPTIONS: '{"wrokers":2}' },
    code: 'ERR_PREFORK_USAGE',
    message: /wrokers.*workers/,
  },
  { what: 'a bad address', env: { ADDRESS: 'here' }, code: 'ERR_INVALID_ADDRESS', message: /"here".*expected ":8080"/ },
  { what: 'an address that is not here', env: { ADDRESS: '192.0.2.1:0' }, code: 'ERR_BOOT_FAILED', message: /slot/ },
];
for (const { what, env, code, message } of rejections) {
  test(`${what} rejects with ${code}`, async () => {
    await using app = await startApp({ entry: 'library.js', command: false, env });
    await app.exit();
    const [, json] = await app.output(/^primary rejected (.+)\n/m);
    const error = JSON.parse(json!) as { code: string; message: string };
    assert.equal(error.code, code);
    assert.match(error.message, message);
  });
}

test('hooks are called with pids, in order', async () => {
  await using app = await serve({ entry: 'library-hooks.js', ...library });
  const spawned = (): number[] => calls(app, 'onWorkerSpawn').map(([pid]) => pid as number);
  const [one, two] = [app.worker(0), app.worker(1)];
  await app.output(/onPrimaryReady .+\n/);
  assert.deepEqual(new Set(spawned()), new Set([one, two]));
  assert.deepEqual(calls(app, 'onPrimaryReady'), [[[one, two]]]);

  process.kill(one, 'SIGKILL');
  await app.event('worker ready', { slot: 0 }, 2);
  await app.output(/onWorkerRecover .+\n/);
  assert.deepEqual(calls(app, 'onWorkerRecover'), [[one, app.worker(0)]]);
  assert.equal(spawned().at(-1), app.worker(0));

  app.signal('SIGKILL');
  await app.exit();
  await app.gone();
  await app.output(/(?:onPrimaryDeath[^]*){2}/);
  assert.equal(calls(app, 'onPrimaryDeath').length, 2, 'once in each worker');
});

for (const hook of ['onWorkerSpawn', 'onPrimaryReady']) {
  test(`${hook} that throws stops everything with that error`, async () => {
    await using app = await startApp({ entry: 'library-hooks.js', command: false, env: { HOOK: hook } });
    await app.exit();
    const [, json] = await app.output(/^rejected (.+)\n/m);
    const { code, message } = JSON.parse(json!) as { code: string; message: string };
    assert.equal(code, 'ERR_HOOK_FAILED');
    assert.match(message, new RegExp(`${hook} is broken`));
    assert.equal(app.events('error', { code }).length, 1);
  });
}

test('onWorkerRecover that throws is only logged', async () => {
  await using app = await serve({ entry: 'library-hooks.js', command: false, env: { HOOK: 'onWorkerRecover' } });
  process.kill(app.worker(1), 'SIGKILL');
  await app.event('hook failed');
  await distinct(2, () => ask(app.target));
  assert.deepEqual(await app.stop(), good);
});

test('onPrimaryDeath that throws does not keep workers from ending', async () => {
  await using app = await serve({ entry: 'library-hooks.js', command: false, env: { HOOK: 'onPrimaryDeath' } });
  app.signal('SIGKILL');
  await app.exit();
  await app.gone();
  await app.output(/onPrimaryDeath is broken/, 'stderr');
});

test('a function runs in every worker, which says by itself when it is ready', async () => {
  await using app = await serve({ entry: 'library-main.js', ...library });
  assert.deepEqual((await app.lines(2)).toSorted(), ['main 0 1', 'main 1 1']);
});

test('logs to the logger that it is given', async () => {
  await using app = await startApp({ entry: 'library-logger.js', ...library });
  await app.output(/^\[info\] prefork: ready workers=2 /m);
  await app.stop();
  assert.match(app.stdout, /^\[info\] prefork: stopped /m);
  assert.equal(app.stderr, '');
});

test('the library in a program that the command runs: one prefork, and its workers serve', async () => {
  await using app = await serve({ entry: 'library.js', options: ['--workers', '3'] });
  const pids = await distinct(3, () => ask(app.target));
  assert.deepEqual(new Set([...pids].map(Number)), new Set(app.workers.values()));
  assert.equal(app.events('ready').length, 1);
});

test('in a process that is no worker prefork/worker does no harm', async () => {
  await using app = await startApp({ entry: 'runs-alone.js', ...library });
  assert.deepEqual(await app.exit(), good);
  assert.equal(app.stdout, 'false undefined undefined\n');
});

/** Lists the arguments of each call that library-hooks.js has printed. */
function calls(app: App, hook: string): unknown[][] {
  return [...app.stdout.matchAll(new RegExp(`^${hook} (.+)$`, 'gm'))].map(([, json]) => JSON.parse(json!) as unknown[]);
}
