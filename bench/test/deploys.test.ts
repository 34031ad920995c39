import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isApart } from '../publish.ts';
import { filled } from '../report/page.ts';
import { closed } from '../report/charts/deploys.ts';
import { choose } from '../selection.ts';
import { parseOptions } from '../options.ts';
import { summarise } from '../summary.ts';
import { resultsOf } from './results-of.ts';

const results = resultsOf('ended', 'deploys', { prefork: [0], cluster: [1280] });
const page = ['deploys', 'machine', 'headline']
  .map((name) => `<!-- bench:${name} -->\nold\n<!-- /bench -->\n`)
  .join('');

test('a scenario that is published by itself is no part of a whole run, and leaves the rest of a page as it is', () => {
  const names = choose(parseOptions([])).scenarios.map(({ name }) => name);
  assert.ok(!names.includes('deploys'));
  const after = filled(page, summarise(results), 'deploys');
  assert.match(after, /bench:deploys -->\n20 reloads[\s\S]*1,280/);
  assert.equal(after.match(/^old$/gm)?.length, 2);
});

test('only a whole run of it is published', () => {
  assert.ok(isApart(results));
  assert.ok(!isApart({ ...results, shortened: true }));
  assert.ok(!isApart({ ...results, against: ['pm2'] }));
  assert.ok(!isApart({ ...results, samples: [...results.samples, { ...results.samples[0]!, scenario: 'spread' }] }));
  const apart = (...args: string[]): boolean => choose(parseOptions(args)).apart;
  assert.ok(apart('--only', 'deploys'));
  assert.ok(!apart('--only', 'deploys', '--only', 'spread'));
  assert.ok(!apart('--only', 'deploys', '--against', 'pm2'));
  assert.ok(!apart('--only', 'deploys', '--quick'));
});

test('its picture says none where there was none', () => {
  const spec = JSON.stringify(closed(summarise(results), 'light'));
  assert.match(spec, /"system":"prefork","ended":0,"closed":"none"/);
  assert.match(spec, /"ended":1280,"closed":"1,280"/);
  assert.equal(closed(summarise(resultsOf('lost', 'reload', { prefork: [0] })), 'light'), undefined);
});
