/** Tests workers that end: which worker replaces them and when, and when prefork gives up. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { serve, type App } from '../../support/app.ts';
import { ask, distinct } from '../../support/http.ts';
import { milliseconds } from '../../support/log.ts';
import { ownSharings, sharings } from '../../support/platform.ts';

const twoWorkers = ['--workers', '2'];

/** The ways in which a worker ends by itself, and what the log says of each. */
const ends: ReadonlyArray<{ path: string; logged: Record<string, string>; stderr?: RegExp }> = [
  { path: '/throw', logged: { code: '1' }, stderr: /Error: thrown on request\n +at / },
  { path: '/reject', logged: { code: '1' }, stderr: /Error: rejected on request\n +at / },
  { path: '/exit/0', logged: { code: '0' } },
  { path: '/exit/7', logged: { code: '7' } },
  { path: '/signal/SIGSEGV', logged: { signal: 'SIGSEGV' } },
  { path: '/signal/SIGKILL', logged: { signal: 'SIGKILL' } },
  { path: '/signal/SIGTERM', logged: { signal: 'SIGTERM' } },
];
for (const sharing of sharings) {
  for (const { path, logged, stderr = /./ } of ends) {
    test(`a worker that ends by ${path} is replaced in its slot, ${sharing}`, async () => {
      const options = [...twoWorkers, '--sharing', sharing];
      await using app = await serve({ entry: 'ends-on-request.js', options });
      const before = new Map(app.workers);
      // A SIGTERM that a process sends itself arrives a moment later, so the answer may be faster.
      await ask(app.target, path).catch(() => {});
      const { fields } = await app.event('worker exited', logged);
      const slot = Number(fields['slot']);
      assert.equal(Number(fields['pid']), before.get(slot));
      assert.equal(fields['gen'], '1');
      assert.match(fields['after'] ?? '', /^[\d.]+m?s$/);
      await app.event('worker ready', { slot, gen: 1 }, 2);

      assert.notEqual(app.worker(slot), before.get(slot));
      assert.equal(app.worker(1 - slot), before.get(1 - slot));
      const pids = await distinct(2, () => ask(app.target));
      assert.deepEqual(new Set([...pids].map(Number)), new Set(app.workers.values()));
      assert.match(app.stderr, stderr);
      assert.equal(app.events('worker exited').length, 1);
      assert.deepEqual(app.events('worker respawning'), [], 'the first crash has no backoff');
    });
  }
}

for (const sharing of ownSharings) {
  test(`connections made while a slot is empty are answered by its next worker, ${sharing}`, async () => {
    await using app = await serve({ entry: 'hello.js', options: ['--workers', '1', '--sharing', sharing] });
    const killed = app.worker(0);
    process.kill(killed, 'SIGKILL');
    await app.event('worker exited', { slot: 0, signal: 'SIGKILL' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(app.target)));
    // The new worker answers a moment before the log says so.
    await app.event('worker ready', { slot: 0 }, 2);
    assert.deepEqual(new Set(answers), new Set([String(app.worker(0))]));
    assert.notEqual(app.worker(0), killed);
  });

  test(`while a slot cannot be filled its neighbour serves all, ${sharing}`, async () => {
    await using app = await serve({
      entry: 'crashes-when-told.js',
      options: [...twoWorkers, '--sharing', sharing, '--recover-interval', '30s'],
    });
    tell(app, 'crash');
    process.kill(app.worker(0), 'SIGKILL');
    await app.event('worker respawning', { slot: 0 });
    for (let request = 0; request < 100; request++) assert.equal(await ask(app.target), String(app.worker(1)));
  });
}

test('a worker that keeps crashing waits longer each time, and is back when it can', async () => {
  await using app = await serve({
    entry: 'crashes-when-told.js',
    options: [...twoWorkers, '--recover-interval', '20ms'],
  });
  tell(app, 'crash');
  process.kill(app.worker(0), 'SIGKILL');
  await app.event('worker respawning', { slot: 0 }, 5);
  rmSync(join(app.directory, 'crash'));
  await app.event('worker ready', { slot: 0 }, 2);

  const waits = app.events('worker respawning').map(({ fields }) => milliseconds(fields['in']!));
  assert.deepEqual(waits.slice(0, 5), [20, 40, 80, 160, 320]);
  assert.match(app.stderr, /Error: told to crash\n +at /, 'with the application’s own stack');
  await distinct(2, () => ask(app.target));
});

test('more exits than --recover-threshold end it all with ERR_OVER_RECOVERY', async () => {
  await using app = await serve({
    entry: 'crashes-when-told.js',
    options: [...twoWorkers, '--recover-threshold', '3', '--recover-interval', '10ms'],
  });
  tell(app, 'crash');
  process.kill(app.worker(0), 'SIGKILL');
  assert.deepEqual(await app.exit(), { code: 1, signal: null });
  const errors = app.events('error');
  assert.equal(errors.length, 1, 'one line says why');
  assert.equal(errors[0]!.fields['code'], 'ERR_OVER_RECOVERY');
  assert.match(errors[0]!.message!, /4 times.*60s.*--recover-threshold 3/);
  assert.equal(app.events('worker exited').length, 4);
});

test('exits that are longer ago than --recover-window do not count', async () => {
  const window = 400;
  const options = [...twoWorkers, '--recover-threshold', '1', '--recover-window', `${window}ms`];
  await using app = await serve({ entry: 'hello.js', options });
  for (const nth of [2, 3, 4]) {
    process.kill(app.worker(0), 'SIGKILL');
    await app.event('worker ready', { slot: 0 }, nth);
    await new Promise((resolve) => setTimeout(resolve, window));
  }
  await distinct(2, () => ask(app.target));
});

test('a replacement that is not ready in time is killed, and the next one tried', async () => {
  await using app = await serve({
    entry: 'hangs-when-told.js',
    options: [...twoWorkers, '--ready-timeout', '3s', '--recover-interval', '10ms'],
  });
  tell(app, 'hang');
  process.kill(app.worker(0), 'SIGKILL');
  await app.event('worker not ready', { slot: 0 });
  rmSync(join(app.directory, 'hang'));
  await app.event('worker ready', { slot: 0 }, 2);
  const killed = app.events('worker exited', { slot: 0, signal: 'SIGKILL' }).length;
  assert.ok(killed >= 2, `the one that the test killed, and whoever was not ready in time: ${killed}`);
  await distinct(2, () => ask(app.target));
});

test('nobody reads its log any more: the service goes on', async () => {
  await using app = await serve({ entry: 'hello.js', options: twoWorkers });
  const before = new Set([...app.workers.values()].map(String));
  app.child.stderr!.destroy();
  app.child.stdout!.destroy();
  for (const pid of before) process.kill(Number(pid), 'SIGKILL');
  const after = await distinct(2, () => ask(app.target));
  assert.equal([...after].filter((pid) => before.has(pid)).length, 0);
  assert.deepEqual(await app.stop(), { code: 0, signal: null });
});

/** Creates the file that the application looks for when it starts. */
function tell(app: App, what: 'crash' | 'hang'): void {
  writeFileSync(join(app.directory, what), '');
}
