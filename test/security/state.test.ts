/** What another user, a compromised worker or a hostile client can do to the state. Parts of it need root. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openState } from '../../src/state.ts';
import { connect } from '../../src/state/embedded/sqlite.ts';
import { RateLimitStore } from '../../src/state/adapters/express-rate-limit.ts';
import { noSqlite } from '../support/platform.ts';

const skip = noSqlite;
const notRoot = skip || (process.geteuid?.() === 0 ? false : 'needs root');
const NOBODY = 65534;

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'prefork-state-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function use(path: string): Promise<void> {
  await using state = await openState({ path });
  await state.cache('sessions').set('k', 'secret');
}

test(
  'in a directory that others may read, files are for this user alone; those that were not become so',
  { skip },
  async (t) => {
    const path = directory(t);
    chmodSync(path, 0o755);
    await using state = await openState({ path });
    await state.cache('sessions').set('k', 'secret');
    for (const name of readdirSync(path)) assert.equal(statSync(join(path, name)).mode & 0o077, 0, name);
    await state.close();
    chmodSync(join(path, 'store.db'), 0o644);
    await use(path);
    assert.equal(statSync(join(path, 'store.db')).mode & 0o777, 0o600);
  },
);

test('a directory that others may write to is refused, and the error says what to do', { skip }, async (t) => {
  for (const mode of [0o777, 0o1777, 0o770, 0o702]) {
    const path = directory(t);
    chmodSync(path, mode);
    await assert.rejects(use(path), { code: 'ERR_STATE_PLACE', message: /others may write to it.*chmod go-w/ });
  }
});

test("a directory, a link or a file of another user's is refused", { skip: notRoot }, async (t) => {
  const parent = directory(t);
  const theirs = join(parent, 'theirs');
  mkdirSync(theirs, { mode: 0o700 });
  chownSync(theirs, NOBODY, NOBODY);
  await assert.rejects(use(theirs), { code: 'ERR_STATE_PLACE', message: /belongs to the user 65534/ });
  const ours = join(parent, 'ours');
  await use(ours);
  chownSync(join(ours, 'bell'), NOBODY, NOBODY);
  await assert.rejects(use(ours), { code: 'ERR_STATE_PLACE', message: /bell: it belongs to the user 65534/ });
});

test('a link in the place of any file is refused, and what it leads to stays as it is', { skip }, async (t) => {
  for (const name of ['store.db', 'store.db-wal', 'store.db-shm', 'store.db-journal', 'versions', 'bell']) {
    for (const plant of [symlinkSync, linkSync]) {
      const [path, elsewhere] = [directory(t), directory(t)];
      const victim = join(elsewhere, 'victim');
      writeFileSync(victim, 'important');
      plant(victim, join(path, name));
      await assert.rejects(use(path), { code: 'ERR_STATE_PLACE', message: /it is a link|second name/ });
      assert.equal(readFileSync(victim, 'latin1'), 'important');
    }
  }
});

/** Each leaves a database that SQLite can read, and prefork did not write. */
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
  "INSERT OR REPLACE INTO leases VALUES ('lock l', NULL, NULL, 'x', 0)",
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

test('what is taken back after the window counts nothing in the next', { skip }, async () => {
  await using state = await openState();
  const store = new RateLimitStore(state);
  store.init({ windowMs: 60_000 });
  for (let i = 0; i < 5; i++) await store.increment('client');
  // As if the window had ended.
  await store.resetKey('client');
  for (let i = 0; i < 5; i++) await store.decrement('client');
  assert.equal((await store.increment('client')).totalHits, 1);
});

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

test('a key that is no text, or text that UTF-8 cannot hold, is refused with what to write', { skip }, async () => {
  await using state = await openState();
  const cache = state.cache('c');
  await assert.rejects(cache.get(7 as never), {
    code: 'ERR_STATE_USAGE',
    message: /got 7, a number: write String\(key\)/,
  });
  await assert.rejects(
    cache.getOrCompute(7n as never, () => 1),
    { message: /a bigint/ },
  );
  await assert.rejects(cache.get('x\ud800'), { code: 'ERR_STATE_USAGE', message: /surrogate/ });
  await cache.set('😀', 1);
});
