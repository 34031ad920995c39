/** Tests state that the workers of a server share, and what is left of it when they or the primary are killed. */
import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openState } from '../../../src/state.ts';
import { KeyvStore } from '../../../src/state/adapters/keyv.ts';
import { serve, type App } from '../../support/app.ts';
import { ask, distinct } from '../../support/http.ts';
import { filesOfPrimary, isAlive } from '../../support/leftovers.ts';
import { fixture } from '../../support/paths.ts';
import { noSqlite } from '../../support/platform.ts';
import { endSuccessor } from '../../support/upgrades.ts';
import { poll } from '../../support/watched.ts';

const skip = noSqlite;
// The application imports the package by its name, so it must be in the repository.
const entry = fixture('state-server.js');
const options = ['--workers', '2'];

test('workers share a counter, in files that are gone with the server', { skip }, async () => {
  await using app = await serve({ entry, options });
  await distinct(2, () => ask(app.target, '/pid'));
  const values = await Promise.all(Array.from({ length: 50 }, () => ask(app.target, '/add')));
  assert.deepEqual(new Set(values.map(Number)), new Set(Array.from({ length: 50 }, (_, i) => i + 1)));
  assert.ok(filesOfPrimary(app.pid).some((path) => path.endsWith('.state')));
  await app.stop();
  assert.deepEqual(filesOfPrimary(app.pid), []);
});

test('a primary that is killed leaves no state behind', { skip }, async () => {
  await using app = await serve({ entry, options });
  assert.equal(await ask(app.target, '/add'), '1');
  app.signal('SIGKILL');
  await app.gone();
  assert.deepEqual(filesOfPrimary(app.pid), []);
});

test('what is computed is computed once, and once more when its worker is killed', { skip }, async () => {
  await using app = await serve({ entry, options, env: { TAKES: '1000' } });
  const asked = Promise.allSettled(Array.from({ length: 8 }, () => ask(app.target, '/compute')));
  const [, first] = await app.output(/computing (\d+)/);
  await delay(100);
  process.kill(Number(first), 'SIGKILL');
  const answers = (await asked).filter(({ status }) => status === 'fulfilled');
  const again = app.stdout.match(/computing \d+/g)!;
  assert.equal(again.length, 2, app.stdout);
  const [, second] = /computing \d+\s+computing (\d+)/.exec(app.stdout)!;
  assert.ok(answers.length > 0, 'those who were connected to the other worker are answered');
  for (const answer of answers) assert.equal((answer as { value: string }).value, Array(100).fill(second).join());
});

test('a job runs in one worker, in another within a second of its death, and moves in a reload', { skip }, async () => {
  await using app = await serve({ entry, options, env: { JOB: '1' } });
  const [, first, token] = await app.output(/job begins (\d+) (\d+)/);
  const killedAt = Date.now();
  process.kill(Number(first), 'SIGKILL');
  const [, , next, at] = await app.output(/job begins [^]*job begins (\d+) (\d+) (\d+)/);
  assert.ok(Number(next) > Number(token));
  assert.ok(Number(at) - killedAt < 1000, `it took ${Number(at) - killedAt} ms`);
  app.signal('SIGHUP');
  await app.event('reload done');
  await app.output(/(job begins[^]*){3}/);
  assertNeverTwo(app, Number(first));
});

test(
  'state outlives its primary in an upgrade, and a job does not run twice; then its files are gone',
  { skip },
  async () => {
    await using app = await serve({ entry, options, env: { JOB: '1' } });
    await app.output(/job begins/);
    assert.equal(await ask(app.target, '/add'), '1');
    let primary = app.pid;
    for (const nth of [1, 2]) {
      process.kill(primary, 'SIGUSR2');
      const { fields } = await app.event('upgraded', {}, nth);
      const before = primary;
      primary = Number(fields['pid']);
      await poll(() => !isAlive(before) || undefined, 'the end of the primary before');
      assert.equal(await ask(app.target, '/add'), String(nth + 1));
      assert.deepEqual(filesOfPrimary(before), nth === 1 ? filesOfPrimary(app.pid) : []);
      assert.equal(filesOfPrimary(app.pid).length, 1, 'the state of the first lives on');
    }
    await app.output(/(job begins[^]*){3}/);
    await endSuccessor(app, primary);
    for (const pid of [app.pid, primary]) assert.deepEqual(filesOfPrimary(pid), []);
    assertNeverTwo(app, 0);
  },
);

test('additions of processes that are killed are exact over those acknowledged', { skip }, async (t) => {
  const path = directory(t);
  const count = 10_000;
  const steady = [adder(path, count), adder(path, count)];
  let killed = 0;
  let unknown = 0;
  const isRunning = ({ child }: Adder): boolean => child.exitCode === null && child.signalCode === null;
  for (let turn = 0; steady.some(isRunning); turn++) {
    const victim = adder(path, 1e9);
    await victim.begun;
    await delay(20 + (turn % 40));
    victim.child.kill('SIGKILL');
    await victim.end;
    killed += victim.acknowledged();
    // This is the request that was under way.
    unknown++;
  }
  assert.ok(killed > 0, 'some were killed in the middle');
  const state = await openState({ path });
  const sum = await state.counter('sum').get();
  await state.close();
  const acknowledged = 2 * count + killed;
  assert.ok(sum >= acknowledged && sum <= acknowledged + unknown, `${sum}, of which ${acknowledged} + ${unknown}`);
});

test('a path keeps the state, and a file of another program is refused', { skip }, async (t) => {
  const path = join(directory(t), 'a', 'b');
  const first = await openState({ path });
  await first.cache('c').set('key', { kept: true });
  await first.close();
  const second = await openState({ path });
  assert.deepEqual(await second.cache('c').get('key'), { kept: true });
  await second.close();
  assert.ok(existsSync(join(path, 'store.db')));
  await assert.rejects(openState({ path: fixture('state-adder.js') }), { code: 'ERR_STATE_PLACE' });
});

test('a store that is full says so, and loses nothing', { skip }, async (t) => {
  const state = await openState({ path: directory(t), maxSize: '2mb' });
  const store = new KeyvStore(state);
  let written = 0;
  await assert.rejects(
    async () => {
      for (; written < 1000; written++) await store.set(`k${written}`, 'x'.repeat(10_000));
    },
    { code: 'ERR_STATE_FULL' },
  );
  assert.ok(written > 100);
  for (let i = 0; i < written; i++) assert.equal(((await store.get(`k${i}`)) as string).length, 10_000);
  const cache = state.cache('c');
  assert.equal(await cache.getOrCompute('more', () => 'y'.repeat(10_000)), 'y'.repeat(10_000));
  await store.clear();
  await store.set('again', 'x'.repeat(10_000));
  await state.close();
});

/** Asserts that each job ends before the next begins, except for the one that was killed. */
function assertNeverTwo(app: App, killed: number): void {
  const lines = [...app.stdout.matchAll(/job (begins|ends) (\d+) (\d+) (\d+)/g)].map(([, what, pid, token, at]) => ({
    what,
    pid: Number(pid),
    token: Number(token),
    at: Number(at),
  }));
  const begins = lines.filter(({ what }) => what === 'begins').toSorted((a, b) => a.token - b.token);
  for (const [index, { pid, token }] of begins.slice(0, -1).entries()) {
    if (pid === killed) continue;
    const end = lines.find((line) => line.what === 'ends' && line.token === token);
    assert.ok(end !== undefined && end.at <= begins[index + 1]!.at, app.stdout);
  }
}

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'prefork-test-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

interface Adder {
  readonly child: ChildProcess;
  readonly begun: Promise<unknown>;
  readonly end: Promise<unknown>;
  acknowledged(): number;
}

function adder(path: string, count: number): Adder {
  const file = join(path, `acknowledged-${randomUUID()}`);
  const child = fork(fixture('state-adder.js'), [path, String(count), file]);
  const acknowledged = (): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return { child, begun: once(child, 'message'), end: once(child, 'close'), acknowledged };
}
