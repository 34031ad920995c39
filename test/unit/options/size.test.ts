import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatSize, LARGEST_SIZE_BYTES, parseSize } from '../../../src/options/values/size.ts';

const sizes: ReadonlyArray<readonly [string, number]> = [
  ['0', 0],
  ['0mb', 0],
  ['100b', 100],
  ['64kb', 65_536],
  ['512mb', 536_870_912],
  ['2gb', 2_147_483_648],
  ['007kb', 7168],
];

const noSizes = [
  '',
  '512',
  '00',
  '1.5gb',
  '-1mb',
  '512 mb',
  ' 1mb',
  '1mb\n',
  '512MB',
  '512m',
  '512Mi',
  '1tb',
  'mb',
  '١mb',
];

for (const [text, bytes] of sizes) {
  test(`${text} is ${bytes} bytes`, () => assert.equal(parseSize(text), bytes));
}

for (const text of noSizes) {
  test(`${JSON.stringify(text)} is no size`, () => assert.equal(parseSize(text), undefined));
}

test('what is written is read again', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (bytes) => assert.equal(parseSize(formatSize(bytes)), bytes)));
});

test('a size is written in the largest unit that loses nothing', () => {
  const written = [0, 1, 1023, 1024, 1536, 2 ** 20, 2 ** 20 + 1024, 2 ** 30, LARGEST_SIZE_BYTES].map(formatSize);
  assert.deepEqual(written, ['0', '1b', '1023b', '1kb', '1536b', '1mb', '1025kb', '1gb', '8388607gb']);
});

test('the largest size is exact', () => assert.ok(Number.isSafeInteger(LARGEST_SIZE_BYTES)));
