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

test('the first family of a name counts', () => {
  const [first, second] = [good, { ...good, help: 'Others.' }];
  assert.deepEqual(readFamilies([first, second, { ...good, name: 'others_total' }]), [
    first,
    { ...good, name: 'others_total' },
  ]);
});

test('of families and of values without end some are taken, so that they can be merged in time', () => {
  const families = Array.from({ length: 80_000 }, (_, at) => ({ ...good, name: `a_${at}`, values: [] }));
  assert.equal(readFamilies(families).length, 2000);
  const values = Array.from({ length: 60_000 }, () => ({ value: 1, labels: {} }));
  assert.equal(readFamilies(['a', 'b', 'c'].map((name) => ({ ...good, name, values }))).length, 1);
});
