/** Tests that the rules of the example find what they are for, with figures of three hosts: `promtool test rules`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testDirectory } from '../../support/abandoned.ts';
import { example } from '../../support/paths.ts';

const skip = spawnSync('promtool', ['--version']).error === undefined ? false : 'needs promtool';

/** Three hosts that are well, for an hour: each series by its value, once a minute. */
const WELL: Readonly<Record<string, number>> = Object.fromEntries(
  ['a', 'b', 'c'].flatMap((instance) => {
    const of = `job="shop", instance="${instance}"`;
    return [
      [`up{${of}}`, 1],
      [`prefork_info{${of}, name="shop", version="0.1.0"}`, 1],
      [`prefork_application_info{${of}, version="2.0.0", generation="3"}`, 1],
      [`prefork_workers_serving{${of}}`, 2],
      [`prefork_workers_wanted{${of}}`, 2],
      [`prefork_worker_generation{${of}, slot="0"}`, 3],
      [`prefork_worker_generation{${of}, slot="1"}`, 3],
      [`prefork_state_up{${of}}`, 1],
      [`prefork_state_leader{${of}, name="nightly"}`, instance === 'a' ? 1 : 0],
    ];
  }),
);

/** What is different, and the rule that finds it. */
const cases = {
  'one host of three is away': {
    figures: { 'up{job="shop", instance="b"}': 0 },
    alert: 'PreforkHostDown',
    labels: { instance: 'b', job: 'shop', severity: 'page' },
  },
  'a host has two generations': {
    figures: { 'prefork_worker_generation{job="shop", instance="c", slot="1"}': 2 },
    alert: 'PreforkGenerationsDiffer',
    labels: { instance: 'c', job: 'shop', severity: 'ticket' },
  },
  'a host runs another version too': {
    figures: { 'prefork_application_info{job="shop", instance="b", version="1.0.0", generation="1"}': 1 },
    alert: 'PreforkVersionsDiffer',
    labels: { job: 'shop', name: 'shop', severity: 'ticket' },
  },
  'two hosts lead': {
    figures: { 'prefork_state_leader{job="shop", instance="b", name="nightly"}': 1 },
    alert: 'PreforkLeaders',
    labels: { job: 'shop', name: 'nightly', severity: 'page' },
  },
  'a host does not reach its state': {
    figures: { 'prefork_state_up{job="shop", instance="a"}': 0 },
    alert: 'PreforkStateAway',
    labels: { instance: 'a', job: 'shop', severity: 'page' },
  },
};

for (const [name, { figures, alert, labels }] of Object.entries(cases)) {
  test(`${name}: ${alert}, and not when all is well`, { skip }, () => {
    assert.equal(promtool(WELL, alert), '');
    // promtool says what it got, and what it had expected, which is nothing.
    const said = promtool({ ...WELL, ...figures }, alert);
    for (const [key, value] of Object.entries(labels)) assert.ok(said.includes(`${key}="${value}"`), said);
  });
}

/** Returns what promtool complains of when the alert fires within an hour. */
function promtool(figures: Readonly<Record<string, number>>, alertname: string): string {
  const directory = testDirectory('alerts');
  try {
    const file = join(directory, 'test.yml');
    const spec = {
      rule_files: [example('grafana/alerts.yml')],
      evaluation_interval: '1m',
      tests: [
        {
          interval: '1m',
          input_series: Object.entries(figures).map(([series, value]) => ({ series, values: `${value}x60` })),
          alert_rule_test: [{ eval_time: '60m', alertname, exp_alerts: [] }],
        },
      ],
    };
    // JSON is YAML as well.
    writeFileSync(file, JSON.stringify(spec));
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    const said = stdout + stderr;
    assert.ok(status === 0 || said.includes('FAILED'), said);
    return status === 0 ? '' : said;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
