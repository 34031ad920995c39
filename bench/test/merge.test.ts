import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compact } from '../compact.ts';
import { agree, compare } from '../compare.ts';
import { merge } from '../merge.ts';
import { paths } from '../paths.ts';
import { withoutPlaces } from '../places.ts';
import { spread } from '../statistics.ts';
import { summarise } from '../summary.ts';
import { resultsOf } from './results-of.ts';

const ratioOf = (results: Parameters<typeof summarise>[0], scenario: string): number =>
  summarise(results).scenarios[scenario]!['prefork']!.ratios['plain']!['perSecond']!.median;

test('whole scenarios are put together, those of the later file first', () => {
  const early = resultsOf('perSecond', 'keep-alive', { plain: [10], prefork: [20] });
  const alone = resultsOf('perSecond', 'tls', { plain: [10], prefork: [30] });
  const late = resultsOf('perSecond', 'keep-alive', { plain: [10], prefork: [40] });
  const merged = merge([early, alone, late]);
  assert.equal(ratioOf(merged, 'keep-alive'), 4);
  assert.equal(ratioOf(merged, 'tls'), 3);
  assert.equal(merged.samples.length, 4);
  assert.deepEqual(
    merged.parts!.map(({ scenarios }) => scenarios),
    [[], ['tls'], ['keep-alive']],
  );
  assert.ok(merged.partial);
});

test('runs of another commit, machine, length or choice of systems are not put together', () => {
  const one = resultsOf('perSecond', 'keep-alive', { plain: [10] });
  for (const other of [
    { ...one, commit: 'def' },
    { ...one, machine: { ...one.machine, kernel: 'other' } },
    { ...one, rounds: 1 },
    { ...one, against: ['watt'] },
    { ...one, versions: { plain: '2' } },
  ]) {
    assert.throws(() => merge([{ ...one, versions: { plain: '1' } }, other]), /not of one thing/);
  }
});

test('what is committed of a run gives the same summary', () => {
  const results = resultsOf('perSecond', 'tls', { plain: [10.125, 20], prefork: [20, 30] });
  const whole = {
    ...results,
    samples: results.samples.map((sample) => ({ ...sample, commands: ['node x'], detail: { times: [1] } })),
  };
  const kept = compact(whole);
  assert.deepEqual(
    summarise(kept).scenarios['tls']!['prefork']!.ratios,
    summarise(whole).scenarios['tls']!['prefork']!.ratios,
  );
  assert.deepEqual(
    kept.samples.map(({ commands }) => commands),
    [['node x'], [], ['node x'], []],
  );
  assert.equal(kept.samples[0]!.detail, undefined);
});

test('runs agree when their rounds overlap, or are apart by nothing that matters', () => {
  const pair = (one: number[], other: number[]) => ({ one: spread(one), other: spread(other) });
  assert.ok(agree(pair([1, 2, 3], [3, 4, 5])));
  assert.ok(agree(pair([1, 1.001, 1.002], [1.01, 1.011, 1.012])));
  assert.ok(!agree(pair([1, 1.001, 1.002], [1.2, 1.201, 1.202])));
});

test('the comparison names what is apart, and fails', () => {
  const said: string[] = [];
  const one = resultsOf('cpu', 'tls', { plain: [10, 10, 10], watt: [20, 20, 20] });
  const other = resultsOf('cpu', 'tls', { plain: [10, 10, 10], watt: [40, 40, 40] });
  assert.equal(
    compare(one, other, (line) => said.push(line)),
    1,
  );
  assert.match(said.join('\n'), /APART {2}tls: watt, CPU µs\/request × plain/);
  assert.equal(
    compare(one, one, () => {}),
    0,
  );
});

test('commands are as one would type them in the repository', () => {
  assert.equal(
    withoutPlaces(`/tmp/prefork-bench-aB/bin/node ${paths.app('hello')} /tmp/prefork-bench-aB/12/x`),
    'node bench/apps/hello.mjs $DIRECTORY/x',
  );
  assert.equal(withoutPlaces(`/usr/bin/wrk -s ${paths.bench}load/wrk.lua`), 'wrk -s bench/load/wrk.lua');
});
