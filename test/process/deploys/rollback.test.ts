/** Tests the way back: parked workers take their slots again without a boot, and no connection notices. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test, type TestContext } from 'node:test';
import { serve, type App } from '../../support/app.ts';
import { ask, distinct } from '../../support/http.ts';
import { KeptConnections, type KeptReport } from '../../support/kept-connections.ts';
import { runCommand } from '../../support/command.ts';
import { fixture } from '../../support/paths.ts';
import { ownSharings } from '../../support/platform.ts';
import { endSuccessor, upgraded } from '../../support/upgrades.ts';

const CONNECTIONS = 64;
const ENTRY = 'app.mjs';
const echoes = readFileSync(fixture('echoes.js'), 'utf8');
const kept = ['--workers', '2', '--keep-previous', '5m', '--log-level', 'debug'];

/** Returns an application that answers with a word. */
const appThatSays = (word: string): string =>
  `import { createServer } from 'node:http';
   createServer((_request, response) => response.end('${word}')).listen(process.env.PORT);`;

function serveFile(text: string, options: readonly string[] = kept): Promise<App> {
  return serve({ entry: `./${ENTRY}`, files: { [ENTRY]: text }, options });
}

const edit = (app: App, text: string): void => writeFileSync(join(app.directory, ENTRY), text);

async function reload(app: App, gen: number): Promise<void> {
  app.signal('SIGHUP');
  await app.event('reload done', { gen });
}

function assertUnnoticed({ answers, times: _times, ...report }: KeptReport): void {
  assert.deepEqual(report, { closed: 0, toldToClose: 0, lost: 0, wrong: 0, failures: [] });
  assert.ok(answers > 0);
}

interface StatusPart {
  readonly slots: ReadonlyArray<{ readonly worker: { readonly pid: number } | null }>;
  readonly parked: ReadonlyArray<{
    readonly pid: number;
    readonly vitals: { readonly connectionsOpen: number } | null;
  }>;
  readonly kept: { readonly generation: number; readonly workers: number; readonly rss: number } | null;
}

async function statusOf(app: App): Promise<StatusPart> {
  return JSON.parse((await runCommand(app, 'status', '--json')).stdout) as StatusPart;
}

for (const sharing of ownSharings) {
  test(`a rollback to a generation whose files are deleted loses and closes nothing, ${sharing}`, async (context: TestContext) => {
    await using app = await serveFile(echoes, [...kept, '--sharing', sharing]);
    const first = [app.worker(0), app.worker(1)];
    const clients = await KeptConnections.open(app.target, { connections: CONNECTIONS });
    const idle = await KeptConnections.open(app.target, { connections: CONNECTIONS, traffic: 'idle' });
    for (let gen = 2; gen <= 4; gen++) {
      edit(app, echoes);
      await reload(app, gen);
      rmSync(join(app.directory, ENTRY));
      const answersBefore = clients.answers;
      const { code, stdout, stderr } = await runCommand(app, 'rollback');
      assert.deepEqual([code, stderr], [0, '']);
      context.diagnostic(`rollback of generation ${gen} took ${/in=(\S+)/.exec(stdout)?.[1]}`);
      while (clients.answers < answersBefore + 4 * CONNECTIONS) await ask(app.target);
    }
    assertUnnoticed(await clients.stop());
    assertUnnoticed(await idle.stop());
    assert.equal(app.events('rolled back').length, 3);
    assert.equal(app.events('worker forked').length, 2 + 3 * 2, 'a rollback boots nothing');
    const { slots } = await statusOf(app);
    assert.deepEqual(
      slots.map(({ worker }) => worker?.pid),
      first,
    );
  });
}

test('the generation before is parked without connections, is told of by status, and leaves in time', async () => {
  await using app = await serveFile(echoes, ['--workers', '2', '--keep-previous', '10s']);
  const before = [...app.workers.values()];
  const clients = await KeptConnections.open(app.target, { connections: 16 });
  await reload(app, 2);
  const status = await statusOf(app);
  assert.deepEqual(new Set(status.parked.map(({ pid }) => pid)), new Set(before));
  assert.equal(status.kept?.generation, 1);
  assert.equal(status.kept.workers, 2);
  assert.ok(status.kept.rss > 2 ** 20, 'what it costs is told');
  const { stdout } = await runCommand(app, 'status');
  assert.match(stdout, /gen 1 is kept for prefork rollback, for \S+ more: 2 parked workers, \d+/);
  for (const pid of before) await app.event('worker stopped', { pid, for: 'reload' });
  assertUnnoticed(await clients.stop());
  const { code, stderr } = await runCommand(app, 'rollback');
  assert.equal(code, 1);
  assert.match(stderr, /rollback failed: there is nothing to roll back to: .*given up/);
});

test('a parked worker has given its connections away', async () => {
  await using app = await serveFile(echoes);
  const clients = await KeptConnections.open(app.target, { connections: 16 });
  await reload(app, 2);
  for (;;) {
    const { parked } = await statusOf(app);
    if (parked.every(({ vitals }) => vitals?.connectionsOpen === 0)) break;
  }
  assertUnnoticed(await clients.stop());
});

test('what a rollback returns to is the old code, and there is nothing without the option', async () => {
  await using app = await serveFile(appThatSays('one'));
  edit(app, appThatSays('two'));
  await reload(app, 2);
  assert.deepEqual(await distinct(1, () => ask(app.target)), new Set(['two']));
  assert.equal((await runCommand(app, 'rollback')).code, 0);
  assert.deepEqual(await distinct(1, () => ask(app.target)), new Set(['one']));

  await using plain = await serveFile(appThatSays('one'), ['--workers', '1']);
  await reload(plain, 2);
  const { code, stderr } = await runCommand(plain, 'rollback');
  assert.equal(code, 1);
  assert.match(stderr, /nothing to roll back to: .*--keep-previous/);
});

test('new code that keeps crashing is rolled back by itself', async () => {
  await using app = await serveFile(appThatSays('one'));
  // The new code outlives settling, and dies of its first request.
  edit(
    app,
    `import { createServer } from 'node:http';
     createServer(() => process.exit(3)).listen(process.env.PORT);`,
  );
  await reload(app, 2);
  for (let nth = 1; app.events('rolled back').length === 0 && nth < 50; nth++) {
    await ask(app.target).catch(() => undefined);
  }
  const { fields } = await app.event('rolling back', { gen: 1 });
  assert.match(fields['why']!, /3 workers of generation 2 crashed within/);
  assert.deepEqual(await distinct(1, () => ask(app.target)), new Set(['one']));
});

test('a parked worker that dies is noted, and a rollback boots its slot from the disk', async () => {
  await using app = await serveFile(appThatSays('one'));
  const [first, second] = [app.worker(0), app.worker(1)];
  edit(app, appThatSays('two'));
  await reload(app, 2);
  process.kill(second, 'SIGKILL');
  await app.event('worker exited', { pid: second });
  assert.equal((await runCommand(app, 'rollback')).code, 0);
  await app.event('worker back', { pid: first });
  await app.event('slot not kept', { slot: 1 });
  await app.event('worker ready', { slot: 1 }, 3);
});

test('an upgrade gives up what is kept, and says so', async () => {
  await using app = await serveFile(echoes, ['--workers', '1', '--keep-previous', '5m', '--name', 'kept']);
  await reload(app, 2);
  const clients = await KeptConnections.open(app.target, { connections: 8 });
  app.signal('SIGUSR2');
  const primary = await upgraded(app);
  await app.event('generation given up', { gen: 1 });
  assertUnnoticed(await clients.stop());
  await endSuccessor(app, primary);
});
