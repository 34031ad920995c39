/** Tries the example's alerts on the series of three hosts, by promtool. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testDirectory } from '../../support/abandoned.ts';
import { example } from '../../support/paths.ts';

const skip = spawnSync('promtool', ['--version']).status === 0 ? false : 'needs promtool';

/** The metrics of one host, for an hour and a half. */
function host(
  name: string,
  { up = '1x90', version = '1.0.0', generations = ['1'], leads = 0, reaches = 1 }: Host = {},
): string {
  const labels = `job="prefork", instance="${name}"`;
  const generation = (number: string): string =>
    `      - series: 'prefork_application_info{${labels}, version="${version}", generation="${number}"}'\n        values: '1x90'\n`;
  return `      - series: 'up{${labels}}'
        values: '${up}'
      - series: 'prefork_info{${labels}, name="shop", version="0.1.0"}'
        values: '1x90'
      - series: 'prefork_state_leader{${labels}, name="nightly"}'
        values: '${leads}x90'
      - series: 'prefork_state_up{${labels}}'
        values: '${reaches}x90'
${generations.map(generation).join('')}`;
}

interface Host {
  readonly up?: string;
  readonly version?: string;
  readonly generations?: readonly string[];
  /** The number of its workers that lead. */
  readonly leads?: number;
  /** 1 where its workers reach the server of their state, else 0. */
  readonly reaches?: 0 | 1;
}

/** The alerts that fire at the end. */
function firing(...hosts: readonly string[]): string {
  const directory = testDirectory('alerts');
  const names = ['HostDown', 'VersionsDiffer', 'GenerationsDiffer', 'Leaders', 'StateAway'].map(
    (name) => `Prefork${name}`,
  );
  const tests = names.map((name) => `      - eval_time: 85m\n        alertname: ${name}\n        exp_alerts: []\n`);
  const file = join(directory, 'test.yml');
  writeFileSync(
    file,
    `rule_files: ['${example('grafana/alerts.yml')}']
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
${hosts.join('')}    alert_rule_test:
${tests.join('')}`,
  );
  // Nothing is expected, so each alert that fires is a failure, with its name and labels.
  const { stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
  rmSync(directory, { recursive: true });
  const text = stdout + stderr;
  assert.match(text, /SUCCESS|FAILED/, text);
  return [...text.matchAll(/alertname: (\w+), time[^]*?got:\[([^]*?)\]\n/g)]
    .filter(([, , got]) => got!.trim() !== '')
    .map(([, name, got]) => `${name} ${/instance="(\w+)"/.exec(got!)?.[1] ?? ''}`.trim())
    .join(', ');
}

test('three hosts that are alike alert of nothing', { skip }, () => {
  assert.equal(firing(host('a', { leads: 1 }), host('b', { generations: ['7'] }), host('c')), '');
});

test('one lost host of three is seen', { skip }, () => {
  assert.equal(firing(host('a'), host('b', { up: '1x60 0x30' }), host('c')), 'PreforkHostDown b');
});

test('so are hosts with another version, and two generations on one host', { skip }, () => {
  assert.equal(firing(host('a'), host('b', { version: '1.1.0' }), host('c')), 'PreforkVersionsDiffer');
  assert.equal(firing(host('a', { generations: ['1', '2'] }), host('b')), 'PreforkGenerationsDiffer a');
});

test('so are two leaders, and a host that does not reach its state', { skip }, () => {
  assert.equal(firing(host('a', { leads: 1 }), host('b', { leads: 1 }), host('c')), 'PreforkLeaders');
  assert.equal(firing(host('a'), host('b'), host('c', { reaches: 0 })), 'PreforkStateAway c');
});
