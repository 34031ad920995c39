import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { EmbeddedEngine } from '../../../src/state/embedded/engine.ts';
import { encode, type Stored } from '../../../src/state/value.ts';
import { noSqlite } from '../../support/platform.ts';

const skip = noSqlite;
const MB = 1024 * 1024;

test('what one turn writes into an area that it makes is all counted', { skip }, async (t) => {
  const engine = await open(t);
  await Promise.all([engine.set('together', 'a', text('1'), {}), engine.set('together', 'b', text('2'), {})]);
  await engine.set('apart', 'a', text('1'), {});
  await engine.set('apart', 'b', text('2'), {});
  assert.equal((await engine.size('together')).entries, 2);
  assert.deepEqual(await engine.size('together'), await engine.size('apart'));
});

test('an area whose making was undone is made again', { skip }, async (t) => {
  const engine = await open(t);
  const sizes = [1, 1, 4 * MB];
  // The last job undoes what the others did in the same transaction, and they do it again.
  const ends = await Promise.allSettled(
    sizes.map((size, i) => engine.set('area', `k${i}`, text('x'.repeat(size)), {})),
  );
  assert.deepEqual(
    ends.map((end) => (end.status === 'fulfilled' ? end.value : (end.reason as { code: string }).code)),
    [true, true, 'ERR_STATE_FULL'],
  );
  assert.equal((await engine.size('area')).entries, 2);
  assert.equal((await engine.get('area', 'k1'))?.stored.data, 'x');
});

test('in the turn that makes an area all of it is there', { skip }, async (t) => {
  const engine = await open(t);
  const [, size, isDeleted] = await Promise.all([
    engine.set('area', 'key', text('1'), {}),
    engine.size('area'),
    engine.delete('area', 'key'),
  ]);
  assert.deepEqual([size.entries, isDeleted], [1, true]);
  assert.deepEqual(await engine.size('area'), { entries: 0, bytes: 0 });
});

async function open(t: TestContext): Promise<EmbeddedEngine> {
  const engine = await EmbeddedEngine.open({ directory: undefined, maxSize: MB });
  t.after(() => engine.close());
  return engine;
}

function text(data: string): Stored {
  return encode(data, 'text');
}
