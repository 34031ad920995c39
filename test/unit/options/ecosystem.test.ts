/** Tests what becomes of PM2's ecosystem file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEcosystem, readEcosystem } from '../../../src/options/ecosystem.ts';

test('the names of PM2’s files', () => {
  const names = ['ecosystem.config.js', 'ecosystem.config.cjs', 'ecosystem.json', 'pm2.config.js', 'process.json'];
  for (const name of names) assert.ok(isEcosystem(`/srv/${name}`), name);
  for (const name of ['server.js', 'prefork.config.js', 'ecosystem.ts', 'process.js', 'my-ecosystem.config.js']) {
    assert.ok(!isEcosystem(name), name);
  }
});

test('three applications with env, cron, max_memory_restart and logs', () => {
  const { config, notes } = readEcosystem('/srv/ecosystem.config.js', {
    apps: [
      {
        name: 'api',
        script: './api/server.js',
        cwd: '/srv/api',
        instances: 4,
        exec_mode: 'cluster',
        args: '--port 3000',
        node_args: '--max-old-space-size=512 --enable-source-maps',
        env: { NODE_ENV: 'production', PORT: 3000 },
        env_staging: { NODE_ENV: 'staging' },
        max_memory_restart: '300M',
        kill_timeout: 5000,
        listen_timeout: '8000',
        wait_ready: true,
        out_file: '/var/log/api.log',
        merge_logs: true,
      },
      { name: 'worker', script: 'worker.js', cron_restart: '0 3 * * *', autorestart: true, time: true },
      { script: 'tools/report.js', autorestart: false, instances: 1, vizion: false, watch: false, no_such: 1 },
    ],
    deploy: { production: {} },
  });
  assert.deepEqual(config.apps, [
    {
      name: 'api',
      workers: 4,
      entry: './api/server.js',
      cwd: '/srv/api',
      args: ['--port', '3000'],
      nodeArgs: ['--max-old-space-size=512', '--enable-source-maps'],
      env: { NODE_ENV: 'production', PORT: 3000 },
      maxMemory: '300mb',
      shutdownGracePeriod: 5000,
      readyTimeout: 8000,
      ready: 'message',
    },
    { name: 'worker', workers: 1, entry: 'worker.js', logTime: true },
    { name: 'report', workers: 1, entry: 'tools/report.js' },
  ]);
  assert.deepEqual(
    notes.map((note) => note.split(': ').slice(0, 3).join(': ')),
    [
      'ecosystem.config.js: deploy: releases behind a link are in docs/deployment.md',
      'ecosystem.config.js: api: env_staging',
      'ecosystem.config.js: api: out_file',
      'ecosystem.config.js: worker: cron_restart',
      'ecosystem.config.js: report: autorestart',
      'ecosystem.config.js: report: no_such',
    ],
  );
});

test('max, 0 and numbers below 0 are numbers of cores, and one process is what PM2 starts without a number', () => {
  const workers = (app: object): unknown => readEcosystem('e', [{ script: 'a.js', ...app }]).config.apps[0]!['workers'];
  assert.deepEqual([{ instances: 'max' }, { instances: 0 }, { instances: '2' }, { instances: 3 }, {}].map(workers), [
    'auto',
    'auto',
    2,
    3,
    1,
  ]);
  const less = workers({ instances: -1 });
  assert.ok(typeof less === 'number' && less >= 1);
});

test('an array of apps, and one app alone, are files of PM2 too', () => {
  const app = { name: 'a', script: 'a.js' };
  for (const value of [[app], app, { apps: [app] }]) {
    assert.deepEqual(readEcosystem('e', value).config.apps, [{ name: 'a', workers: 1, entry: 'a.js' }]);
  }
});

for (const [what, value] of [
  ['no object', 7],
  ['null', null],
  ['no apps', { apps: [] }],
  ['apps that are none', { apps: ['server.js'] }],
  ['apps that are no array', { apps: {} }],
] as const) {
  test(`refused: ${what}`, () => {
    assert.throws(() => readEcosystem('/srv/ecosystem.config.js', value), {
      code: 'ERR_PREFORK_USAGE',
      message: /^ecosystem\.config\.js: expected apps, an array of objects, got /,
    });
  });
}
