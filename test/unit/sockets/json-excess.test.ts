import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonExcess } from '../../../src/sockets/json-excess.ts';

const limits = { values: 10, keys: 3, levels: 4 };
const excess = (text: string): string | undefined => jsonExcess(Buffer.from(text), limits);
const listOf = (count: number, of: (nth: number) => string): string =>
  Array.from({ length: count }, (_, nth) => of(nth)).join(',');

test('values are counted, and what stands in strings is not', () => {
  assert.equal(excess(`[${listOf(10, () => '1')}]`), undefined);
  assert.equal(excess(`[${listOf(11, () => '1')}]`), 'values');
  assert.equal(excess(`[${listOf(6, () => '[]')}]`), 'values');
  assert.equal(excess(JSON.stringify({ a: `"\\${listOf(50, () => '{[')}` })), undefined);
});

test('objects and lists may be fewer than values', () => {
  const few = (text: string): string | undefined => jsonExcess(Buffer.from(text), { ...limits, objects: 2 });
  assert.deepEqual([few('[{"a":1,"b":2}]'), few('[{},1,{}]')], [undefined, 'objects']);
});

test('keys that differ are counted, in one object or in several, and those that come again are not', () => {
  assert.equal(excess(`{${listOf(3, (nth) => `"a${nth}":1`)}}`), undefined);
  assert.equal(excess(`{${listOf(4, (nth) => `"a${nth}" \n\t\r:1`)}}`), 'keys');
  assert.equal(excess(`[${listOf(4, (nth) => `{"a${nth}":1}`)}]`), 'keys');
  assert.equal(excess(`[${listOf(4, () => '{"a":"b"}')}]`), undefined);
  assert.equal(excess(`[${listOf(8, (nth) => `"a${nth}"`)}]`), undefined);
  assert.equal(excess(`{${listOf(4, (nth) => `"\\"${nth}\\\\":1`)}}`), 'keys');
});

test('levels are those that are open at a time', () => {
  assert.equal(excess('[[[[]]],[[[]]]]'), undefined);
  assert.equal(excess('[[[{"a":[]}]]]'), 'levels');
  assert.equal(jsonExcess(Buffer.from('['.repeat(100)), { values: 1000, keys: 0 }), undefined);
});

test('a text that breaks off is read to its end', () => {
  for (const text of ['', '"', '"a\\', '{"a', '{"a"', '{"a":', '"\\"', '[', ':']) assert.equal(excess(text), undefined);
});

test('keys of any bytes are told apart', () => {
  const keys = Array.from({ length: 50_000 }, (_, nth) => `"${String.fromCodePoint(0x100 + (nth % 200))}${nth}":1`);
  const text = Buffer.from(`{${keys.join(',')}}`);
  assert.equal(jsonExcess(text, { values: Infinity, keys: keys.length }), undefined);
  // Some have the same hash, which is chosen by chance.
  assert.equal(jsonExcess(text, { values: Infinity, keys: keys.length * 0.9 }), 'keys');
});
