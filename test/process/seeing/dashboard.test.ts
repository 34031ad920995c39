/** Tests the dashboard without a browser: what is served to which client, and `prefork dashboard`. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import type { FiguresHistory, Status } from '../../../src/control/controls.ts';
import { parseTime } from '../../../src/options/values/time.ts';
import { MessageReader, type Message } from '../../../src/dashboard/page/feed/sse.ts';
import { serve, type App, type Target } from '../../support/app.ts';
import { get } from '../../support/http.ts';
import { command, inRoot } from '../../support/paths.ts';
import { noTerminal, Terminal } from '../../support/screens/terminal.ts';
import { poll, Watched } from '../../support/watched.ts';

const TOKEN = 'a-token-of-this-test';
const authorization = `Bearer ${TOKEN}`;

/** The policy lets the page run its own code and ask its own server, and nothing else. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

async function serveWithAdmin(entry = 'hello.js', ...options: string[]): Promise<{ app: App; admin: Target }> {
  const flags = ['--admin', '0', '--workers', '2', '-n', 'api', ...options];
  const app = await serve({ entry, options: flags, env: { PREFORK_ADMIN_TOKEN: TOKEN } });
  const { fields } = await app.event('admin');
  return { app, admin: toTarget(fields['address']!) };
}

function toTarget(url: string): Target {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port) };
}

/** Collects what `/live` says. */
class Listener implements Disposable {
  readonly messages: Message[] = [];
  readonly response: IncomingMessage;
  hasEnded = false;
  readonly #changes = new Watched();

  static async open(target: Target, options: RequestOptions = {}): Promise<Listener> {
    const asking = request({ ...target, path: '/live', agent: false, ...options }).end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    return new Listener(response);
  }

  private constructor(response: IncomingMessage) {
    this.response = response;
    const reader = new MessageReader();
    response.setEncoding('utf8').on('data', (text: string) => {
      this.messages.push(...reader.read(text));
      this.#changes.changed();
    });
    response
      .on('error', () => {})
      .on('close', () => {
        this.hasEnded = true;
        this.#changes.changed();
      });
  }

  hears(name: string, matches: (data: never) => boolean = () => true): Promise<Message> {
    const find = (): Message | undefined =>
      this.messages.find((message) => message.name === name && matches(message.data as never));
    return this.#changes.until(find, `${name} in ${JSON.stringify(this.messages)}`);
  }

  async ends(): Promise<void> {
    await this.#changes.until(() => this.hasEnded || undefined, 'the end of /live');
  }

  [Symbol.dispose](): void {
    this.response.destroy();
  }
}

test('the last minutes are there for those who may look, and for no page of another site', async () => {
  const { app, admin } = await serveWithAdmin();
  await using _ = app;
  const past = await poll(async () => {
    await get(app.target);
    const { status, body } = await get(admin, { path: '/history' });
    assert.equal(status, 200);
    const history = JSON.parse(body) as FiguresHistory;
    // A worker that boots late has its first point later.
    return history.totals.some(({ rate }) => (rate ?? 0) > 0) && history.slots.length === 2 ? history : undefined;
  }, 'a point with requests, and one of each worker');
  assert.deepEqual(past.slots.map(({ slot }) => slot).toSorted(), [0, 1]);
  assert.equal(past.startedAt, (JSON.parse((await get(admin, { path: '/status' })).body) as Status).startedAt);
  const foreign = { path: '/history', headers: { 'sec-fetch-site': 'cross-site' } };
  assert.equal((await get(admin, foreign)).status, 403);
});

test('--admin serves the page, and what it may do is little', async () => {
  const { app, admin } = await serveWithAdmin();
  await using _ = app;
  for (const [path, type, file] of [
    ['/', 'text/html; charset=utf-8', 'index.html'],
    ['/dashboard.css', 'text/css; charset=utf-8', 'dashboard.css'],
    ['/dashboard.js', 'text/javascript; charset=utf-8', 'dashboard.js'],
  ] as const) {
    const { status, headers, body } = await get(admin, { path });
    assert.equal(status, 200, path);
    assert.equal(body, readFileSync(inRoot(`dist/dashboard/${file}`), 'utf8'));
    assert.equal(headers['content-type'], type);
    assert.equal(headers['content-security-policy'], POLICY);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.equal(headers['cache-control'], 'no-store');
    const head = await get(admin, { path, method: 'HEAD' });
    assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', headers['content-length']]);
  }
  // The page loads nothing from elsewhere, and contains nothing that could not run under the policy.
  const { body: page } = await get(admin);
  assert.doesNotMatch(page, /(src|href)="(https?:)?\/\/|<script>| style="| on[a-z]+="/);
});

const questions: ReadonlyArray<readonly [what: string, options: RequestOptions, status: number]> = [
  ['a file that is there, but not of the page', { path: '/live.js' }, 404],
  ['a way out', { path: '/../package.json' }, 404],
  ['an encoded way out', { path: '/..%2fcli.cjs' }, 404],
  ['another method', { path: '/live', method: 'DELETE', headers: { authorization } }, 405],
  ['a host of a stranger', { path: '/', headers: { host: 'evil.example.com' } }, 403],
  ['a host of a stranger, live', { path: '/live', headers: { host: 'evil.example.com' } }, 403],
  ['a link from another site', { path: '/', headers: { 'sec-fetch-site': 'cross-site' } }, 200],
  ['a script of another site', { path: '/dashboard.js', headers: { 'sec-fetch-site': 'cross-site' } }, 403],
  ['another site, live', { path: '/live', headers: { 'sec-fetch-site': 'cross-site' } }, 403],
  ['another origin', { path: '/live', headers: { origin: 'http://evil.example.com' } }, 403],
  ['reload without the token', { path: '/reload', method: 'POST' }, 401],
  ['scale without the token', { path: '/scale?by=1', method: 'POST' }, 401],
  [
    'reload with a wrong one',
    { path: '/reload', method: 'POST', headers: { authorization: `${authorization}x` } },
    401,
  ],
  ['looking with a wrong one', { path: '/live', headers: { authorization: 'Bearer wrong' } }, 401],
  ['only whether there is anything to look at', { path: '/live', method: 'HEAD' }, 200],
];

test('who asks for what he should not is refused', async () => {
  const { app, admin } = await serveWithAdmin();
  await using _ = app;
  for (const [what, options, status] of questions) assert.equal((await get(admin, options)).status, status, what);
  assert.equal(app.events('reload started').length, 0);
  assert.equal(app.stderr.includes(TOKEN), false);
});

test('a killed worker is told within a second or two, without what the application said', async () => {
  const { app, admin } = await serveWithAdmin();
  await using _ = app;
  using open = await Listener.open(admin);
  using trusted = await Listener.open(admin, { headers: { authorization } });
  assert.equal(open.response.headers['content-type'], 'text/event-stream');
  await Promise.all([open.hears('figures'), trusted.hears('figures')]);
  const pid = app.worker(0);
  const killedAt = performance.now();
  process.kill(pid, 'SIGKILL');
  const isIts = ({ name, fields }: { name: string; fields: { pid: number } }): boolean =>
    name === 'worker:exit' && fields.pid === pid;
  const { data } = await trusted.hears('event', isIts);
  assert.ok(performance.now() - killedAt < 2000);
  assert.match((data as { fields: { text: string } }).fields.text, /SIGKILL/);
  const { data: openly } = await open.hears('event', isIts);
  assert.equal('text' in (openly as { fields: object }).fields, false);
  const isCounted = (slots: Array<{ crashes: number }>): boolean => slots[0]?.crashes === 1;
  await Promise.all([open.hears('slots', isCounted), trusted.hears('slots', isCounted)]);
  assert.equal(JSON.stringify(open.messages).includes('perhaps by the kernel'), false);
  assert.equal(JSON.stringify(trusted.messages).includes('perhaps by the kernel'), true);
});

test('while a worker hangs, the dashboard answers as before, and says so', async () => {
  const { app, admin } = await serveWithAdmin('hangs-on-request.js', '--heartbeat-timeout', '0');
  await using _ = app;
  using listener = await Listener.open(admin);
  await listener.hears('figures');
  const before = await median(admin);
  connect(app.port)
    .on('error', () => {})
    .write('GET /spin HTTP/1.1\r\nHost: x\r\n\r\n');
  const { fields } = await app.event('worker hung');
  await listener.hears('event', ({ name }: { name: string }) => name === 'worker:hung');
  await listener.hears('figures', ({ workers }: { workers: unknown[][] }) =>
    workers.some((worker) => worker[2] === Number(fields['pid']) && worker[4] === 'hung'),
  );
  const during = await median(admin);
  // The hung worker keeps one of two cores busy.
  assert.ok(during < before * 5 + 20, `${before} ms before, ${during} ms now`);
  process.kill(Number(fields['pid']), 'SIGKILL');
  await app.event('worker ready', { slot: fields['slot']! }, 2);
});

/** Measures how long the page takes, in ms. */
async function median(admin: Target): Promise<number> {
  const times: number[] = [];
  for (let nth = 0; nth < 15; nth++) {
    const start = performance.now();
    await get(admin, { path: '/status' });
    times.push(performance.now() - start);
  }
  return times.toSorted((one, other) => one - other)[7]!;
}

test('as many look as may, and one more is told', async () => {
  const { app, admin } = await serveWithAdmin();
  await using _ = app;
  const listeners = await Promise.all(Array.from({ length: 32 }, () => Listener.open(admin)));
  const { status, body } = await get(admin, { path: '/live' });
  assert.equal(status, 503);
  assert.match(body, /too many dashboards are open/);
  listeners.pop()![Symbol.dispose]();
  await poll(async () => (await get(admin, { path: '/live', method: 'HEAD' })).status === 200 || undefined, 'room');
  for (const listener of listeners) listener[Symbol.dispose]();
});

test('a server that stops says so, and does not wait for those who look', async () => {
  const { app, admin } = await serveWithAdmin();
  await using _ = app;
  using listener = await Listener.open(admin);
  await listener.hears('figures');
  const start = performance.now();
  assert.deepEqual(await app.stop(), { code: 0, signal: null });
  await listener.hears('event', ({ name }: { name: string }) => name === 'stopped');
  await listener.ends();
  // An answer that did not end would be cut a second after the last worker is gone.
  const took = parseTime((await app.event('stopped')).fields['in']!)!;
  assert.ok(performance.now() - start - took < 1000);
});

/** Runs `prefork dashboard`, and returns the address that it prints. */
async function open(app: App, ...options: string[]): Promise<{ child: ChildProcess; target: Target; token: string }> {
  const env = { ...process.env, PREFORK_RUNTIME_DIR: app.directory, TMPDIR: app.directory };
  const child = spawn(process.execPath, [command, 'dashboard', ...options], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const url = await poll(() => /^prefork: dashboard url=(\S+)$/m.exec(said)?.[1], 'its address');
  const [, token] = /^#token=([\w-]{32})$/.exec(new URL(url).hash)!;
  return { child, target: toTarget(url), token: token! };
}

test('prefork dashboard leads to the control socket, whoever has its token', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '2', '-n', 'api'] });
  const { child, target, token } = await open(app);
  try {
    assert.equal((target as { host: string }).host, '127.0.0.1');
    const { status, headers, body } = await get(target);
    assert.equal(status, 200);
    assert.equal(headers['content-security-policy'], POLICY);
    assert.equal(body, readFileSync(inRoot('dist/dashboard/index.html'), 'utf8'));
    const own = { authorization: `Bearer ${token}` };
    assert.equal((await get(target, { path: '/live' })).status, 401);
    assert.equal((await get(target, { path: '/reload', method: 'POST' })).status, 401);
    assert.equal((await get(target, { path: '/', headers: { host: 'evil.example.com' } })).status, 403);
    assert.equal((await get(target, { path: '/stop', method: 'POST', headers: own })).status, 404);
    using listener = await Listener.open(target, { headers: own });
    await listener.hears('figures');
    const reload = await get(target, { path: '/reload', method: 'POST', headers: own });
    assert.equal(reload.status, 200);
    await app.event('reload done', { gen: 2 });
    await listener.hears('event', ({ name }: { name: string }) => name === 'reload:done');
    const scale = await get(target, { path: '/scale?workers=3', method: 'POST', headers: own });
    assert.deepEqual((JSON.parse(scale.body) as { workers: number }).workers, 3);
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    await listener.ends();
  } finally {
    child.kill('SIGKILL');
  }
});

test('it goes on through an upgrade, and ends when the server does', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '1', '-n', 'api'] });
  const { child, target, token } = await open(app, '-n', 'api');
  try {
    const headers = { authorization: `Bearer ${token}` };
    using before = await Listener.open(target, { headers });
    await before.hears('server', ({ pid }: { pid: number }) => pid === app.pid);
    app.signal('SIGUSR2');
    await before.ends();
    using after = await Listener.open(target, { headers });
    const { data } = await after.hears('server');
    const successor = (data as { pid: number }).pid;
    assert.notEqual(successor, app.pid);
    process.kill(successor, 'SIGTERM');
    await after.hears('event', ({ name }: { name: string }) => name === 'stopped');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('without a server it says so', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '1', '-n', 'api'] });
  const env = { ...process.env, PREFORK_RUNTIME_DIR: app.directory, TMPDIR: app.directory };
  const child = spawn(process.execPath, [command, 'dashboard', '-n', 'none'], { env, stdio: 'ignore' });
  assert.deepEqual(await once(child, 'exit'), [3, null]);
});

test('in a terminal a browser is opened, and no argument has the token', { skip: noTerminal }, async () => {
  const browser = '#!/bin/sh\nprintf "%s" "$*" > arguments.part; cp "$1" page; mv arguments.part arguments\n';
  const files = { 'browser.sh': browser };
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '1', '-n', 'api'], files });
  const env = { PREFORK_RUNTIME_DIR: app.directory, TMPDIR: app.directory, BROWSER: `${app.directory}/browser.sh` };
  await using terminal = await Terminal.open({ columns: 120, rows: 24, env });
  await terminal.type(
    `cd ${app.directory} && chmod +x browser.sh && ${process.execPath} ${command} dashboard`,
    'Enter',
  );
  const [, token] = await terminal.shows(/url=http:\/\/127\.0\.0\.1:\d+\/#token=([\w-]{32})/);
  await poll(() => existsSync(`${app.directory}/arguments`) || undefined, 'the browser');
  assert.equal(readFileSync(`${app.directory}/arguments`, 'utf8').includes(token!), false);
  assert.match(readFileSync(`${app.directory}/page`, 'utf8'), new RegExp(`url=http://127.0.0.1:\\d+/#token=${token}`));
  await terminal.type('C-c');
  await terminal.shows(/\^C\s*\$ $/m);
  assert.deepEqual(
    readdirSync(app.directory).filter((name) => name.startsWith('prefork-dashboard-')),
    [],
  );
});
