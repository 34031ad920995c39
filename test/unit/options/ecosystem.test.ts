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

/** The fields of PM2 7's schema, with their other names. */
const fields =
  `script exec name name_prefix filter_env namespace install_url cwd args exec_interpreter interpreter node_args interpreterArgs
  interpreter_args out_file out output out_log error_file error err err_file err_log log_file log disable_logs log_type log_date_format time env
  env_production max_memory_restart pid_file pid restart_delay exp_backoff_restart_delay source_map_support disable_source_map_support wait_ready
  instances kill_timeout shutdown_with_message listen_timeout cron_restart cron merge_logs combine_logs vizion autostart autorestart
  stop_exit_codes watch_delay watch ignore_watch watch_options min_uptime max_restarts execute_command exec_mode force append_env_to_name
  post_update trace disable_trace v8 event_loop_inspector deep_monitoring increment_var instance_var pmx automation treekill port username uid
  user gid windowsHide kill_retry_time write io`.split(/\s+/);

test('every field of PM2 is known, by each of its names', () => {
  for (const field of fields) {
    const { notes } = readEcosystem('pm2.json', { script: 'server.js', [field]: 'x' });
    assert.deepEqual(
      notes.filter((note) => note.includes('not known')),
      [],
      field,
    );
  }
  assert.match(readEcosystem('pm2.json', { script: 'server.js', no_such: 1 }).notes[0]!, /no_such: it is not known/);
});

test('a script that is a program which starts another is refused with what to name', () => {
  assert.throws(
    () => readEcosystem('pm2.json', { name: 'web', script: 'npm', args: 'run start' }),
    /pm2\.json: web: script: expected the file that "npm run start" runs in the end, such as 'server\.js', got "npm"/,
  );
});

for (const script of ['/usr/bin/npm', 'npm.cmd', './node_modules/npm/bin/npm-cli.js', '/bin/bash', 'yarn.CMD']) {
  test(`and so is ${script}`, () => {
    assert.throws(
      () => readEcosystem('pm2.json', { name: 'web', script, args: 'start' }),
      /web: script: expected the file that /,
    );
  });
}

test('a program whose name only begins like one of these is an application', () => {
  for (const script of ['npm-mirror.js', 'bash.js', './shop', 'npm/server.js']) {
    assert.equal(readEcosystem('pm2.json', { script }).config.apps[0]!['entry'], script);
  }
});

test('a time of cron is told as the line for cron, which names the server', () => {
  const jobs = { script: './tasks/jobs.js', cron_restart: '0 3 * * *' };
  for (const app of [jobs, { ...jobs, name: 'jobs' }, { ...jobs, name: null }]) {
    const { notes } = readEcosystem('pm2.json', app);
    assert.deepEqual(notes, ['pm2.json: jobs: cron_restart: let cron run it: 0 3 * * * prefork reload jobs']);
  }
  for (const off of ['0', 0, false])
    assert.deepEqual(readEcosystem('pm2.json', { ...jobs, cron_restart: off }).notes, []);
});

test('an app without a name has that of its program, under each name of that field', () => {
  const apps = [{ script: 'a/api.js' }, { exec: 'b/web.mjs' }, { entry: 'c.ts' }, {}];
  const { config } = readEcosystem('pm2.json', apps);
  assert.deepEqual(
    config.apps.map(({ name }) => name),
    ['api', 'web', 'c', 'app-3'],
  );
});

test('port wins over the variable, whichever comes first', () => {
  const [script, env] = ['a.js', { PORT: '80', QUEUE: 'mail' }];
  for (const app of [
    { script, env, port: 3000 },
    { script, port: 3000, env },
  ]) {
    assert.deepEqual(readEcosystem('pm2.json', app).config.apps[0]!['env'], { PORT: '3000', QUEUE: 'mail' });
  }
  assert.deepEqual(readEcosystem('pm2.json', { script, env }).config.apps[0]!['env'], env);
});

test('fields of our own are taken as they are, and port is a variable beside the others', () => {
  const app = { name: 'jobs', script: 'jobs.js', ready: 'start', port: 3000, env: { QUEUE: 'mail' } };
  assert.deepEqual(readEcosystem('pm2.json', app).config.apps, [
    { name: 'jobs', workers: 1, entry: 'jobs.js', ready: 'start', env: { PORT: '3000', QUEUE: 'mail' } },
  ]);
});
