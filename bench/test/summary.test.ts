import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tolerance, verdicts } from '../check.ts';
import { filled } from '../report/page.ts';
import { summarise } from '../summary.ts';
import { resultsOf } from './results-of.ts';

test('a ratio is taken within each round, then its median', () => {
  const results = resultsOf('perSecond', 'new-connections', { plain: [10, 100, 1000], prefork: [20, 300, 2500] });
  const { median, min, max } =
    summarise(results).scenarios['new-connections']!['prefork']!.ratios['plain']!['perSecond']!;
  assert.deepEqual({ median, min, max }, { median: 2.5, min: 2, max: 3 });
});

test('a round that one of the two misses is in no ratio', () => {
  const results = resultsOf('perSecond', 'new-connections', { plain: [10, 10, 10], prefork: [20, 30] });
  assert.deepEqual(
    summarise(results).scenarios['new-connections']!['prefork']!.ratios['plain']!['perSecond']!.values,
    [2, 3],
  );
});

test('the check knows which way is worse, and allows what the rounds justify', () => {
  const before = summarise(resultsOf('cpu', 'new-connections', { cluster: [100, 100, 100], prefork: [30, 31, 32] }));
  const worse = summarise(resultsOf('cpu', 'new-connections', { cluster: [100, 100, 100], prefork: [60, 61, 62] }));
  const [verdict] = verdicts(before, worse);
  assert.ok(verdict!.worse > verdict!.tolerance);
  assert.ok(verdicts(worse, before)[0]!.worse < 0);
  assert.ok(tolerance([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]) > tolerance([3, 3.01, 3, 2.99, 3], [3, 3, 3, 3.01, 3]));
});

test('a page keeps what the run has no figures for, and refuses a mark that nothing fills', () => {
  const summary = summarise(resultsOf('perSecond', 'new-connections', { plain: [10], prefork: [20] }));
  const page = '<!-- bench:tls -->\nold\n<!-- /bench -->';
  assert.equal(filled(page, summary), page);
  assert.match(filled(page.replace('tls', 'new-connections'), summary), /\| prefork \| 20 \| 2\.00 \|/);
  assert.throws(() => filled(page.replace('tls', 'nothing'), summary), /no block is called nothing/);
});
