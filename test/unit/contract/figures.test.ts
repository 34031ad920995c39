import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIGURES } from '../../../src/contract/figures.ts';
import { metricTable } from '../../../src/metrics/table.ts';

for (const { name, type, count, unit, range, aggregation, about, vital, metric } of FIGURES) {
  test(`${name}: what the table says of it fits together`, () => {
    assert.equal(FIGURES.filter((figure) => figure.name === name).length, 1, 'its name is its own');
    assert.match(about, /^[a-z].*[^.]$/i);
    assert.equal(type === 'state', range === 'state');
    if (count !== undefined) assert.ok(type === 'f64' || type === 'u32');
    if (aggregation === 'none') assert.deepEqual([vital, metric], [undefined, undefined]);
    if (metric === undefined) return;
    assert.equal(metric.name.endsWith('_total'), aggregation === 'total');
    assert.equal(count, undefined, 'a metric of an array has a reader of its own');
    if (aggregation === 'own') assert.notEqual(vital, undefined, 'a gauge is read from the vitals');
    if (unit === 'ms') assert.match(metric.name, /_seconds$/);
    if (unit === 'bytes') assert.match(metric.name, /_bytes$/);
  });
}

test('figures of one metric differ in their labels, and one of them says what it is', () => {
  const metrics = FIGURES.flatMap(({ metric, aggregation, unit }) =>
    metric ? [{ ...metric, aggregation, unit }] : [],
  );
  for (const { name } of metrics) {
    const [first, ...others] = metrics.filter((metric) => metric.name === name);
    assert.match(first!.help ?? '', /\.$/);
    assert.match(first!.advice ?? '', /\.$/);
    for (const other of others) {
      assert.deepEqual([other.help, other.advice], [undefined, undefined]);
      assert.deepEqual([other.aggregation, other.unit], [first!.aggregation, first!.unit]);
      assert.deepEqual(Object.keys(other.labels ?? {}), Object.keys(first!.labels ?? {}));
    }
    const values = [first, ...others].map((metric) => JSON.stringify(metric!.labels));
    assert.equal(new Set(values).size, values.length);
  }
});

test('no two metrics have the same name', () => {
  const names = metricTable.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
});
