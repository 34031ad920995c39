/** Tests what a compromised worker, or a broken disk, leaves in the store; and what comes late. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openState, type State } from '../../src/state.ts';
import { connect, Query } from '../../src/state/embedded/sqlite.ts';
import { EmbeddedEngine } from '../../src/state/embedded/engine.ts';
import { thisProcess } from '../../src/state/identity.ts';
import { noSqlite } from '../support/platform.ts';
import { noRedis, Redis } from '../support/redis.ts';

const skip = noSqlite;

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'prefork-state-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function use(path: string): Promise<void> {
  await using state = await openState({ path });
  await state.cache('sessions').set('k', 'secret');
}

/** The statements leave a database that SQLite can read, and that prefork did not write. */
const harms: readonly string[] = [
  'UPDATE area_1 SET kind = 77',
  "UPDATE area_1 SET kind = 'x'",
  'UPDATE area_1 SET value = NULL',
  'UPDATE area_1 SET value = 5, kind = 0',
  'UPDATE area_1 SET kind = 0, value = zeroblob(0)',
  "UPDATE area_1 SET expires = 'never', fresh = NULL",
  'UPDATE area_1 SET visited = 1152921504606846976',
  'UPDATE area_1 SET size = NULL',
  "UPDATE areas SET bytes = 'many', hand = NULL",
  'DELETE FROM areas',
  'DELETE FROM tokens',
  "UPDATE tokens SET last = 'x'",
  'DROP TABLE tokens',
  'DROP TABLE area_1',
  'DROP TABLE versions',
  "INSERT OR REPLACE INTO leases VALUES ('lock l', NULL, NULL, 'x', 0, NULL)",
  'INSERT INTO messages(sent, channel, sender, body) VALUES (NULL, NULL, NULL, NULL)',
  "INSERT INTO messages(sent, channel, sender, body) VALUES (0, 'channel c', '', x'')",
];

for (const harm of harms) {
  test(`a store in which this was done is read without a crash: ${harm}`, { skip }, async (t) => {
    const path = directory(t);
    await use(path);
    await using state = await openState({ path });
    const channel = state.channel('c');
    await channel.ready;
    const connection = connect(join(path, 'store.db'));
    connection.exec(harm);
    connection.close();
    const cache = state.cache('sessions');
    const answers = await Promise.allSettled([
      cache.get('k'),
      cache.set('k', 'x'),
      cache.update('k', () => 'y'),
      cache.getOrCompute('other', () => 1),
      cache.size(),
      cache.clear(),
      state.counter('n').add(1),
      state.lock('l', () => 1, { timeout: 50 }),
      channel.send('x'),
    ]);
    for (const answer of answers) {
      if (answer.status === 'rejected') assert.match(String((answer.reason as { code?: unknown }).code), /^ERR_STATE_/);
    }
  });
}

test(
  'what was computed before a delete, set or clear is not stored, and not given to who asks after it',
  { skip },
  async (t) => {
    const path = directory(t);
    await using state = await openState({ path });
    await using other = await openState({ path });
    const cache = state.cache<string>('c');
    const theirs = other.cache<string>('c');
    for (const change of [
      () => cache.delete('k'),
      () => theirs.delete('k'),
      () => cache.clear(),
      () => theirs.clear(),
      () => theirs.set('k', 'newer'),
    ]) {
      let finish!: (value: string) => void;
      const begun = new Promise<void>((resolve) => {
        void cache
          .getOrCompute('k', () => (resolve(), new Promise<string>((done) => (finish = done))))
          .then((value) => assert.equal(value, 'old'));
      });
      await begun;
      await change();
      finish('old');
      assert.notEqual(await theirs.getOrCompute('k', () => 'new'), 'old');
      assert.notEqual(await cache.getOrCompute('k', () => 'new'), 'old');
      assert.notEqual(await cache.get('k'), 'old');
      await cache.delete('k');
    }
  },
);

/** Counts the rows of all tables. */
function rowsIn(path: string): Record<string, number> {
  const connection = connect(join(path, 'store.db'));
  const names = new Query(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'").rows();
  const counts = names.map(([name]) => [
    String(name),
    Number(new Query(connection, `SELECT count(*) FROM ${String(name)}`).row()![0]),
  ]);
  connection.close();
  return Object.fromEntries(counts) as Record<string, number>;
}

async function failToCompute(state: State, keys: number): Promise<void> {
  const cache = state.cache('c');
  const compute = (key: string): never => {
    throw new Error(`there is no ${key}`);
  };
  for (let i = 0; i < keys; i++) await assert.rejects(cache.getOrCompute(`k${i}`, compute), /there is no k/);
}

test('what cannot be computed leaves nothing in the store: clients choose what they ask for', { skip }, async (t) => {
  const path = directory(t);
  await using state = await openState({ path });
  await failToCompute(state, 1);
  const before = rowsIn(path);
  await failToCompute(state, 100);
  assert.deepEqual(rowsIn(path), before);
});

test('what cannot be computed leaves nothing in Redis', { skip: noRedis }, async () => {
  await using redis = await Redis.start();
  await using state = await openState(redis.url);
  await failToCompute(state, 100);
  const keys = (await redis.ask('KEYS', '*')) as string[];
  assert.deepEqual(
    keys.filter((key) => key.startsWith('prefork:{cache c}')),
    ['prefork:{cache c}#epoch'],
  );
  assert.equal(await redis.ask('TYPE', 'prefork:{cache c}#epoch'), 'string');
  assert.ok(Number(await redis.ask('PTTL', 'prefork:{cache c}#epoch')) > 0);
});

test('what processes leave in Redis that die while they compute goes by itself', { skip: noRedis }, async () => {
  await using redis = await Redis.start();
  await using state = await openState(redis.url);
  let left: unknown[] = [];
  await state.cache('c').getOrCompute('k', async () => {
    const keys = (await redis.ask('KEYS', 'prefork:{cache c}*')) as string[];
    left = await Promise.all(keys.map(async (key) => redis.ask('PTTL', key)));
  });
  assert.equal(left.length, 2);
  for (const ms of left) assert.ok(Number(ms) > 0 && Number(ms) <= 610_000, String(ms));
});

test('what processes leave in a store that die while they compute or hold a lock is removed', { skip }, async (t) => {
  const path = directory(t);
  const engine = await EmbeddedEngine.open({ directory: path, maxSize: 1 << 24 });
  t.after(() => engine.close());
  const [machine, namespace] = thisProcess().split(' ');
  const dead = (nth: number): string => `${machine} ${namespace} 4194304 1 ${nth}`;
  for (let i = 0; i < 200; i++) {
    await engine.begin('c', `k${i}`, dead(i), 1);
    await engine.acquire(`lock ${i}`, `elsewhere 1 1 1 ${i}`, 60_000);
  }
  for (let i = 0; i < 100; i++) {
    await engine.begin('c', 'other', thisProcess(), 1000);
    await engine.end('c', 'other', thisProcess());
  }
  assert.equal(rowsIn(path)['leases'], 0);
});

test('a key of half a character is refused: what is written would be the key of others', { skip }, async () => {
  await using state = await openState();
  const cache = state.cache('c');
  await assert.rejects(cache.get('x\ud800'), { code: 'ERR_STATE_USAGE', message: /half of a character/ });
  await cache.set('😀', 1);
});
