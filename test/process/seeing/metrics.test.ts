/** Tests what a scrape of a running server sees over --admin, as Prometheus does it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import type { Status } from '../../../src/control/controls.ts';
import { serve, startApp, type App, type Target } from '../../support/app.ts';
import { ask, distinct, get } from '../../support/http.ts';
import { adminOf, sumOf } from '../../support/scrape.ts';
import { poll } from '../../support/watched.ts';
import { example, fixture } from '../../support/paths.ts';
import { noSqlite } from '../../support/platform.ts';

const skip = process.platform === 'linux' ? false : 'it looks into /proc';
const TOKEN = 'a token of this test';

function serveWithAdmin(...options: string[]): Promise<{ app: App; admin: Target }> {
  return serveEntry('counts.js', ...options);
}

async function serveEntry(entry: string, ...options: string[]): Promise<{ app: App; admin: Target }> {
  const env = { PREFORK_ADMIN_TOKEN: TOKEN.replaceAll(' ', '-') };
  const app = await serve({ entry, options: ['--admin', '0', ...options], env });
  return { app, admin: await adminOf(app) };
}

/** Kills the worker in slot 0. */
async function killWorker(app: App): Promise<void> {
  const ready = app.log.findLast(({ name, fields }) => name === 'worker ready' && String(fields['slot']) === '0');
  process.kill(Number(ready!.fields['pid']), 'SIGKILL');
  await app.event('worker exited');
}

async function isUp(admin: Target): Promise<boolean> {
  return (await sumOf(admin, 'prefork_up{slot="0"}')) === 1;
}

test('a scrape counts what the client counts, and counters outlive their workers', async () => {
  const { app, admin } = await serveWithAdmin('--workers', '2');
  await using _ = app;
  for (let sent = 0; sent < 20; sent++) await get(app.target, { path: sent % 2 === 0 ? '/' : '/missing' });
  const seen = async (): Promise<boolean | undefined> => {
    return (await sumOf(admin, 'prefork_requests_finished_total')) === 20 || undefined;
  };
  await poll(seen, '20 requests in the metrics');
  assert.equal(await sumOf(admin, 'hits_total'), 20);

  await killWorker(app);
  await poll(async () => (await isUp(admin)) || undefined, 'a new worker');
  assert.equal(await sumOf(admin, 'prefork_requests_finished_total'), 20);
  assert.equal(await sumOf(admin, 'hits_total'), 20);
  assert.equal(await sumOf(admin, 'prefork_worker_exits_total{slot="0",reason="signal"}'), 1);
  const { body } = await get(admin, { path: '/metrics' });
  const found = body.split('\n').filter((line) => line.startsWith('prefork_requests_total') && line.includes('4xx'));
  assert.equal(
    found.reduce((all, line) => all + Number(line.split(' ')[1]), 0),
    10,
  );
});

test('what workers count of their caches is one, by name, and outlives them', { skip: noSqlite }, async () => {
  const { app, admin } = await serveEntry(fixture('state-cache.js'), '--workers', '2');
  await using _ = app;
  assert.equal(await sumOf(admin, 'prefork_cache'), 0);
  const series = `{cache="things"}`;
  await distinct(2, () => ask(app.target, '/'));
  const count = async (name: string): Promise<number> => sumOf(admin, `prefork_cache_${name}${series}`);
  const asked = (await count('hits_total')) + (await count('misses_total'));
  assert.ok(asked >= 2, `${asked}`);
  assert.equal(await count('sets_total'), 1);
  assert.equal(await count('computations_total'), 1);
  assert.equal(await count('entries'), 1);
  assert.ok((await count('size_bytes')) > 0);
  assert.ok((await sumOf(admin, 'of_the_application')) >= 2);
  await killWorker(app);
  await poll(async () => (await isUp(admin)) || undefined, 'a new worker');
  assert.equal((await count('hits_total')) + (await count('misses_total')), asked);
  assert.equal(await count('computations_total'), 1);
});

test('the version of the application is that of the generation that serves', async () => {
  const versions = async (admin: Target): Promise<string[]> => {
    const { body } = await get(admin, { path: '/metrics' });
    return [...body.matchAll(/^prefork_application_info\{(.*)\} 1$/gm)].map(([, labels]) => labels!);
  };
  const program = `import { createServer } from 'node:http';
    createServer((_, response) => response.end()).listen(0, '127.0.0.1');`;
  const files = {
    'app/bin/server.mjs': program,
    'app/bin/package.json': '{}',
    'app/package.json': '{ "version": "1.0.0" }',
  };
  await using app = await startApp({
    options: ['--admin', '0', '--workers', '1'],
    args: ['app/bin/server.mjs'],
    files,
  });
  await app.event('ready');
  const admin = await adminOf(app);
  assert.deepEqual(await versions(admin), ['version="1.0.0",generation="1"']);
  writeFileSync(join(app.directory, 'app/package.json'), '{ "version": "1.1.0" }');
  await app.event('worker ready');
  assert.deepEqual(await versions(admin), ['version="1.0.0",generation="1"']);
  app.signal('SIGHUP');
  await app.event('reload done');
  assert.deepEqual(await versions(admin), ['version="1.1.0",generation="2"']);
});

test('promtool finds nothing to complain about', { skip: without('promtool') }, async () => {
  const { app, admin } = await serveWithAdmin('--workers', '2');
  await using _ = app;
  const { body } = await get(admin, { path: '/metrics' });
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
});

test('promtool takes the rules of the example', { skip: without('promtool') }, () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', example('grafana/alerts.yml')], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout + stderr);
});

test('OpenMetrics is for who asks for it', async () => {
  const { app, admin } = await serveWithAdmin('--workers', '1');
  await using _ = app;
  const { headers, body } = await get(admin, { path: '/metrics', headers: { accept: 'application/openmetrics-text' } });
  assert.match(headers['content-type']!, /^application\/openmetrics-text/);
  assert.match(body, /# TYPE prefork_requests counter\n[^]*# EOF\n$/);
});

test('a worker in an endless loop is not waited for', async () => {
  const { app, admin } = await serveWithAdmin('--workers', '1');
  await using _ = app;
  ask(app.target, '/spin').catch(() => {});
  await app.event('worker hung');
  assert.equal(await sumOf(admin, 'prefork_up{slot="0"}'), 0);
  await killWorker(app);
});

test(
  'a worker that is stopped is not waited for: what is asked meanwhile is answered meanwhile',
  { skip },
  async () => {
    const { app, admin } = await serveWithAdmin('--workers', '2', '--heartbeat-timeout', '0');
    await using _ = app;
    await get(admin, { path: '/metrics' });
    const pid = app.worker(0);
    process.kill(pid, 'SIGSTOP');
    try {
      // The first scrape comes at once, before the primary can know of the kill, and the second when it does.
      for (const isKnown of [false, true]) {
        if (isKnown) await app.event('worker hung', { pid });
        assert.match((await get(admin, { path: '/metrics' })).body, /^prefork_up\{slot="1"\} 1$/m);
        const { slots } = JSON.parse(await ask(admin, '/status')) as Status;
        if (isKnown) assert.equal(slots[0]!.worker!.state, 'hung');
        assert.equal(await ask(admin, '/healthz'), 'ok\n');
        await using top = await startApp({ options: ['top', '--json'], env: { PREFORK_RUNTIME_DIR: app.directory } });
        const [line] = await top.lines(1);
        assert.match(line!, isKnown ? /"state":"hung"/ : /"state":"(serving|hung)"/);
        top.kill();
        assert.equal(isStopped(pid), true);
      }
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await poll(async () => (await isUp(admin)) || undefined, 'its return');
  },
);

/** Reads the state, which comes after the name (proc(5)). */
function isStopped(pid: number): boolean {
  return /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

const refused: ReadonlyArray<readonly [string, object, number]> = [
  ['a name of a stranger', { path: '/status', headers: { host: 'evil.example.com' } }, 403],
  ['a page of another site', { path: '/status', headers: { 'sec-fetch-site': 'cross-site' } }, 403],
  ['no token', { path: '/reload', method: 'POST' }, 401],
  ['a wrong token', { path: '/reload', method: 'POST', headers: { authorization: 'Bearer a-token-of-this-tes' } }, 401],
  ['the token', { path: '/reload', method: 'POST', headers: { authorization: 'Bearer a-token-of-this-test' } }, 200],
];

test('--admin answers whom it should', async () => {
  const { app, admin } = await serveWithAdmin('--workers', '1');
  await using _ = app;
  for (const [who, options, status] of refused) assert.equal((await get(admin, options)).status, status, who);
  assert.equal(app.stderr.includes('a-token-of-this-test'), false);
});

function without(tool: string): string | false {
  return spawnSync(tool, ['--version']).error === undefined ? false : `${tool} is not on this machine`;
}
