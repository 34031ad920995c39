/** Tests what a compromised worker, or a broken disk, leaves in the store; and what comes late. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openState } from '../../src/state.ts';
import { connect } from '../../src/state/embedded/sqlite.ts';
import { noSqlite } from '../support/platform.ts';

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

test('a key of half a character is refused: what is written would be the key of others', { skip }, async () => {
  await using state = await openState();
  const cache = state.cache('c');
  await assert.rejects(cache.get('x\ud800'), { code: 'ERR_STATE_USAGE', message: /half of a character/ });
  await cache.set('😀', 1);
});
