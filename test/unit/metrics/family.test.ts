import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFamilies } from '../../../src/metrics/family.ts';

const good = { name: 'hits_total', help: 'Hits.', type: 'counter', values: [{ value: 1, labels: { path: '/' } }] };

test('a family of an application is taken as it is', () => {
  assert.deepEqual(readFamilies([{ ...good, aggregator: 'sum' }]), [{ ...good, aggregator: 'sum' }]);
});

test('one of ours that workers tell is taken too', () => {
  assert.equal(readFamilies([{ ...good, name: 'prefork_cache_hits_total' }]).length, 1);
});

const bad: ReadonlyArray<readonly [string, unknown]> = [
  ['no list', { ...good }],
  ['no object', [null]],
  ['a name with a line end', [{ ...good, name: 'a\nb 1' }]],
  ['a name of ours', [{ ...good, name: 'prefork_up' }]],
  ['a type that is none', [{ ...good, type: 'info' }]],
];
for (const [what, families] of bad) test(`${what} is left out`, () => assert.deepEqual(readFamilies(families), []));

test('values that are none are left out, and the rest is not', () => {
  const values = [{ value: null, labels: {} }, { value: 1, labels: { 'a b': 1 } }, { value: 2 }];
  assert.deepEqual(readFamilies([{ ...good, values }])[0]?.values, [{ value: 2, labels: {} }]);
});
