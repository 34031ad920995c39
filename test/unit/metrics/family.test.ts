import assert from 'node:assert/strict';
import { test } from 'node:test';
import { merge } from '../../../src/metrics/exposition.ts';
import { readFamilies } from '../../../src/metrics/family.ts';
import { loadPromClient } from '../../../src/metrics/prom-client.ts';

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
  ['a name that every object has', ['constructor', '__proto__', 'toString'].map((name) => ({ ...good, name }))],
  ['a counter whose name OpenMetrics would make empty', [{ ...good, name: '_total' }]],
  [
    'a rule of merging that prom-client does not have, but every object,',
    ['constructor', 'hasOwnProperty', '__proto__', 'toString', ''].map((aggregator) => ({ ...good, aggregator })),
  ],
];
for (const [what, families] of bad) test(`${what} is left out`, () => assert.deepEqual(readFamilies(families), []));

test('values that are none are left out, and the rest is not', () => {
  const values = [{ value: null, labels: {} }, { value: 1, labels: { 'a b': 1 } }, { value: 2 }];
  assert.deepEqual(readFamilies([{ ...good, values }])[0]?.values, [{ value: 2, labels: {} }]);
});

for (const name of ['a:b', '__name__', '__proto__', '__', '1a', 'a-b', 'ä', '']) {
  test(`a label by the name '${name}', for which Prometheus would refuse all metrics, is left out`, () => {
    const values = [
      { value: 1, labels: JSON.parse(`{"${name}":"1"}`) as unknown },
      { value: 2, labels: { _a1: '' } },
    ];
    assert.deepEqual(readFamilies([{ ...good, values }])[0]?.values, [values[1]]);
  });
}

test('a bound of a bucket or a quantile that is no number is left out', () => {
  const left = (type: string, label: string): unknown[] => {
    const bounds = [1, 1e-7, '0.5', '+Inf', '1e-7', 'abc', '', '1e999', '0x1'];
    const values = bounds.map((bound) => ({ value: 1, labels: { [label]: bound } }));
    return readFamilies([{ ...good, type, values }])[0]!.values.map(({ labels }) => labels[label]);
  };
  assert.deepEqual(left('histogram', 'le'), [1, 1e-7, '0.5', '+Inf', '1e-7']);
  assert.deepEqual(left('summary', 'quantile'), [1, 1e-7, '0.5', '+Inf', '1e-7']);
  assert.equal(left('histogram', 'quantile').length, 9);
});

test('of labels without end some are taken, in a sample and in all of a family', () => {
  const labelled = (count: number, from = 0): unknown => ({
    value: 1,
    labels: Object.fromEntries(Array.from({ length: count }, (_, nth) => [`a${from + nth}`, ''])),
  });
  const taken = (...values: unknown[]): number => readFamilies([{ ...good, values }])[0]!.values.length;
  assert.deepEqual([taken(labelled(64)), taken(labelled(65)), taken(labelled(400_000))], [1, 0, 0]);
  assert.equal(taken(...Array.from({ length: 1000 }, (_, nth) => labelled(1, nth))), 64);
});

test('of workers that disagree about the type of a family the first counts', async () => {
  const told = [good, { ...good, type: 'gauge' }, good].map((family) => readFamilies([family]));
  const [merged, ...others] = await merge(told, loadPromClient(false).AggregatorRegistry);
  assert.deepEqual([merged?.type, merged?.values[0]?.value, others], ['counter', 2, []]);
});

test('a sample by the name of another family is left out, above all by one of ours', () => {
  const samples = ['prefork_up', 'prefork_workers_serving', 'others_total', 'hit', 'hits_count', 'hits_bucket', 'hits'];
  const values = samples.map((metricName) => ({ value: 1, labels: {}, metricName }));
  const named = (name: string): unknown[] =>
    readFamilies([{ ...good, name, type: 'histogram', values }])[0]!.values.map(({ metricName }) => metricName);
  assert.deepEqual(named('hits'), ['hits_count', 'hits_bucket', 'hits']);
  assert.deepEqual(named('prefork'), []);
});

test('families of one name, as several registries have them, become one with the values of all', async () => {
  const others = { ...good, name: 'others_total' };
  const hits = (path: string): unknown => ({ ...good, values: [{ value: 2, labels: { path } }] });
  const read = readFamilies([good, others, hits('/a'), hits('/')]);
  const values = [['/', 1] as const, ['/a', 2] as const, ['/', 2] as const];
  assert.deepEqual(read, [{ ...good, values: values.map(([path, value]) => ({ value, labels: { path } })) }, others]);
  const { AggregatorRegistry } = loadPromClient(false);
  const [merged] = await merge([read], AggregatorRegistry);
  assert.deepEqual(
    merged?.values.map(({ labels, value }) => [labels['path'], value]),
    [
      ['/', 3],
      ['/a', 2],
    ],
  );
});

test('one of another type than the first of its name is left out', () => {
  assert.deepEqual(readFamilies([good, { ...good, type: 'gauge' }]), [good]);
});

test('of families and of values without end some are taken, so that they can be merged in time', () => {
  const families = Array.from({ length: 80_000 }, (_, at) => ({ ...good, name: `a_${at}`, values: [] }));
  assert.equal(readFamilies(families).length, 2000);
  const values = Array.from({ length: 60_000 }, () => ({ value: 1, labels: {} }));
  assert.equal(readFamilies(['a', 'b', 'c'].map((name) => ({ ...good, name, values }))).length, 1);
  assert.equal(readFamilies(Array.from({ length: 3 }, () => ({ ...good, values })))[0]?.values.length, 60_000);
});
