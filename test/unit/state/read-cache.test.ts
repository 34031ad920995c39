import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Engine } from '../../../src/state/engine.ts';
import { EmbeddedEngine } from '../../../src/state/embedded/engine.ts';
import { encode } from '../../../src/state/value.ts';
import { noSqlite } from '../../support/platform.ts';

const ends: ReadonlyArray<readonly [what: string, end: (engine: Engine) => Promise<unknown>]> = [
  ['deleted', (engine) => engine.delete('area', 'key')],
  ['cleared', (engine) => engine.clear('area')],
];
for (const [what, end] of ends) {
  test(`what one has a copy of is gone when another has evicted and then ${what} it`, { skip: noSqlite }, async (t) => {
    const [one, other] = await openTwo(t);
    await put(other, 'key', 1000);
    assert.ok(await one.get('area', 'key'));
    await put(other, 'all the room', 65_000);
    assert.deepEqual(await keysIn(other), ['all the room']);
    assert.ok(await one.get('area', 'key'), 'the copy is good');
    await end(other);
    assert.equal(await one.get('area', 'key'), undefined);
  });
}

test('what is written in the turn of a clear is copied as ever', { skip: noSqlite }, async (t) => {
  const [one, other] = await openTwo(t);
  await put(one, 'before', 1000);
  await Promise.all([put(one, 'undone', 1000), one.clear('area'), put(one, 'before', 1000), put(one, 'new', 1000)]);
  assert.deepEqual((await keysIn(other)).toSorted(), ['before', 'new']);
  for (const key of ['before', 'new']) {
    const read = await other.get('area', key);
    assert.equal(await other.get('area', key), read, 'the same object: a copy');
  }
});

async function put(engine: Engine, key: string, size: number): Promise<void> {
  await engine.set('area', key, encode('x'.repeat(size), 'it'), { maxSize: 64 * 1024 });
}

async function keysIn(engine: Engine): Promise<string[]> {
  const keys: string[] = [];
  for await (const [key] of engine.entries('area')) keys.push(key);
  return keys;
}

/** Opens a store as two processes have it. Their copies do not expire. */
async function openTwo(t: TestContext): Promise<readonly [one: Engine, other: Engine]> {
  t.mock.timers.enable({ apis: ['Date'] });
  const parent = mkdtempSync(join(tmpdir(), 'prefork-test-'));
  const options = { directory: join(parent, 'state'), maxSize: 64 * 1024 * 1024 };
  const engines = [await EmbeddedEngine.open(options), await EmbeddedEngine.open(options)] as const;
  t.after(async () => {
    await Promise.all(engines.map((engine) => engine.close()));
    rmSync(parent, { recursive: true });
  });
  return engines;
}
