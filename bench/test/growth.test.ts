import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fit, type Growth, type Point } from '../growth/fit.ts';
import { axes, keyOf } from '../growth/figures.ts';
import { grown } from '../report/charts/growth.ts';
import { filled } from '../report/page.ts';
import { summarise } from '../summary.ts';
import { resultsOf } from './results-of.ts';

const SIZES = [1, 2, 4, 8, 16, 32, 64];
/** The same errors in each run of the test: ± 5 %, as one round of a measurement has. */
const noisy = (y: number, index: number): number => y * (1 + 0.05 * Math.sin(7 * index + 1));
const points = (of: (x: number) => number): Point[] => SIZES.map((x, index) => ({ x, y: noisy(of(x), index) }));

const cases: ReadonlyArray<[what: string, of: (x: number) => number, growth: Growth]> = [
  ['what stays', () => 12, 'constant'],
  ['what falls', (x) => 12 + 3 / x, 'constant'],
  ['a line through nothing', (x) => 3 * x, 'linear'],
  ['a line with a base', (x) => 60 + 16 * x, 'linear'],
  ['a line with a large base', (x) => 300 + 5 * x, 'linear'],
  ['a square', (x) => 10 + 0.5 * x * x, 'worse than linear'],
  ['a line and a small square', (x) => 10 + x + 0.3 * x * x, 'worse than linear'],
  ['x log x and a half', (x) => 2 * x ** 1.5, 'worse than linear'],
  ['a root', (x) => 10 * Math.sqrt(x), 'less than linear'],
];
for (const [what, of, growth] of cases) {
  test(`${what} is ${growth}`, () => assert.equal(fit(points(of))?.growth, growth));
}

test('a fit says what each one more costs', () => {
  const { base, slope, exponent } = fit(SIZES.map((x) => ({ x, y: 56 + 16.6 * x })))!;
  assert.ok(Math.abs(base - 56) < 1e-6 && Math.abs(slope - 16.6) < 1e-6 && exponent === 1);
});

test('what costs nothing at all is constant', () => {
  assert.deepEqual(fit(SIZES.map((x) => ({ x, y: 0 }))), { growth: 'constant', base: 0, slope: 0, exponent: 1 });
});

test('two sizes say nothing, nor does what was not measured', () => {
  assert.equal(
    fit([
      { x: 1, y: 1 },
      { x: 2, y: 4 },
    ]),
    undefined,
  );
  assert.equal(fit(SIZES.map((x) => ({ x, y: NaN }))), undefined);
});

test('the page has a table by size and the fits, the picture the figures by workers', () => {
  const [workers] = axes;
  const samples = ['prefork', 'cluster'].map((system) => ({
    scenario: 'growth',
    system,
    round: 1,
    figures: Object.fromEntries(workers!.sizes.map((size) => [keyOf('workers', size, 'memory'), 50 + 16 * size])),
    commands: [],
  }));
  const summary = summarise({ ...resultsOf('x', 'growth', {}), samples });
  const page = '<!-- bench:growth -->\n<!-- /bench -->\n<!-- bench:growth-fits -->\n<!-- /bench -->\n';
  const text = filled(page, summary, 'growth');
  assert.match(text, /\| 64 \|.* 1,074 \| 1,074 \|/);
  assert.match(text, /\| PSS MB, by workers \| linear: 50 \+ 16 × workers \| linear: 50 \+ 16 × workers \|/);
  assert.equal(filled(page, summary), page);
  assert.match(JSON.stringify(grown(summary, 'dark')), /"figure":"PSS MB","workers":64,"value":1074/);
});
