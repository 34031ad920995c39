/** Tests the token of --admin: which processes can get at it, and which can keep its holder out. */
import assert from 'node:assert/strict';
import { writeFileSync, chmodSync } from 'node:fs';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { serve, startApp, type App } from '../support/app.ts';
import { get as getText } from '../support/http.ts';
import { noOtherUser } from '../support/platform.ts';
import { endSuccessor, upgraded } from '../support/upgrades.ts';

const TOKEN = 'a-token-of-sixteen-or-more';
const skip = noOtherUser;

/** A program that prints everything that it can read of its ancestors. */
const reader = `
const { readFileSync } = require('node:fs');
const read = (path) => { try { return readFileSync(path, 'latin1'); } catch (error) { return error.code; } };
require('node:http').createServer((_, response) => response.end(JSON.stringify({
  primary: read('/proc/' + process.ppid + '/environ'),
  own: read('/proc/self/environ'),
  arguments: read('/proc/' + process.ppid + '/cmdline'),
  file: process.env.PREFORK_ADMIN_TOKEN_FILE ? read(process.env.PREFORK_ADMIN_TOKEN_FILE) : '',
}))).listen(process.env.PORT);`;

async function adminOf(app: App): Promise<URL> {
  return new URL((await app.event('admin')).fields['address']!);
}

/**
 * Asks for a path.
 *
 * @returns the status, 0 when the connection broke off.
 */
function ask(url: URL, path: string, token: string, method = 'GET'): Promise<number> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}` };
    get(new URL(path, url), { method, headers, agent: false, timeout: 5000 }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode!));
    }).once('error', () => resolve(0));
  });
}

function whatWorkersRead(app: App): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port: app.port, host: '127.0.0.1' }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.once('end', () => resolve(text));
    }).once('error', reject);
  });
}

const server = { entry: './app.cjs', files: { 'app.cjs': reader }, isOpen: true };

for (const user of [[], ['--user', 'nobody']]) {
  test(
    `workers ${user.join(' ')} cannot read the token that was in a variable, nor after an upgrade`,
    { skip },
    async () => {
      await using app = await serve({
        ...server,
        options: ['--workers', '1', '--admin', '127.0.0.1:0', ...user],
        env: { PREFORK_ADMIN_TOKEN: TOKEN },
      });
      assert.doesNotMatch(await whatWorkersRead(app), new RegExp(TOKEN));
      const url = await adminOf(app);
      assert.equal(await ask(url, '/reload', TOKEN, 'POST'), 200);
      app.signal('SIGUSR2');
      const next = await upgraded(app);
      await app.event('admin', {}, 2);
      assert.doesNotMatch(await whatWorkersRead(app), new RegExp(TOKEN));
      assert.equal(await ask(url, '/reload', TOKEN, 'POST'), 200, 'it holds for the next primary');
      await endSuccessor(app, next);
      assert.ok(!app.stderr.includes(TOKEN), 'nor is it in the log');
    },
  );
}

for (const user of [[], ['--user', 'nobody']]) {
  test(
    `a token that was made is in the log, and nothing that the control socket ${user.join(' ')} answers has it`,
    {
      skip: user.length > 0 && skip,
    },
    async () => {
      await using app = await serve({
        ...server,
        options: ['--workers', '1', '--admin', '127.0.0.1:0', ...user],
      });
      const { token } = (await app.event('admin')).fields;
      assert.equal(await ask(await adminOf(app), '/reload', token!, 'POST'), 200);
      for (const path of ['/logs', '/status', '/history', '/metrics']) {
        const { status, body } = await getText({ socketPath: app.controlSockets[0]! }, { path });
        assert.equal(status, 200, path);
        assert.ok(!body.includes(token!), path);
        if (path === '/logs') assert.match(body, /prefork: admin address=http:[^ ]+ token=hidden/);
      }
    },
  );
}

test(
  'a token in a file of root’s is taken before root’s rights go, and is not its workers’ to read',
  { skip },
  async () => {
    await using place = await startApp({ options: ['--version'] });
    await place.exit();
    const file = join(place.directory, 'token');
    writeFileSync(file, `${TOKEN}\n`, { mode: 0o600 });
    chmodSync(place.directory, 0o755);
    await using app = await serve({
      ...server,
      options: ['--workers', '1', '--admin', '127.0.0.1:0', '--user', 'nobody'],
      env: { PREFORK_ADMIN_TOKEN_FILE: file },
    });
    const read = JSON.parse(await whatWorkersRead(app)) as Record<string, string>;
    assert.equal(read['file'], 'EACCES');
    assert.equal(read['primary'], 'EACCES');
    assert.doesNotMatch(JSON.stringify(read), new RegExp(TOKEN));
    const url = await adminOf(app);
    assert.equal(await ask(url, '/reload', TOKEN, 'POST'), 200);
    app.signal('SIGUSR2');
    const next = await upgraded(app);
    await app.event('admin', {}, 2);
    assert.equal(await ask(url, '/reload', TOKEN, 'POST'), 200, 'the next primary may not read the file, and has it');
    await endSuccessor(app, next);
  },
);

test('hundreds of connections that are held and renewed do not keep the holder of the token out', async () => {
  await using app = await serve({
    entry: 'hello.js',
    options: ['--workers', '1', '--admin', '127.0.0.1:0'],
    env: { PREFORK_ADMIN_TOKEN: TOKEN },
  });
  const url = await adminOf(app);
  let isOver = false;
  const open = new Set<Socket>();
  const hold = (): void => {
    if (isOver) return;
    const socket = connect(Number(url.port), url.hostname);
    open.add(socket.on('error', () => {}).resume());
    socket.once('close', () => {
      open.delete(socket);
      setTimeout(hold, 10);
    });
  };
  for (let nth = 0; nth < 256; nth++) hold();
  try {
    const answers: number[] = [];
    for (let nth = 0; nth < 40; nth++) answers.push(await ask(url, '/healthz', TOKEN));
    assert.ok(answers.filter((status) => status === 200).length >= 38, answers.join(' '));
  } finally {
    isOver = true;
    for (const socket of open) socket.destroy();
  }
});

test('thousands of connections a second, from as many addresses, do not keep the holder of the token out', async () => {
  await using app = await serve({
    entry: 'hello.js',
    options: ['--workers', '1', '--admin', '127.0.0.1:0'],
    env: { PREFORK_ADMIN_TOKEN: TOKEN },
  });
  const url = await adminOf(app);
  const open = new Set<Socket>();
  const startedAt = performance.now();
  let made = 0;
  const flood = (): void => {
    const due = 2 * (performance.now() - startedAt);
    for (; made < due && open.size < 1000; made++) {
      const localAddress = `127.${1 + (made >> 16)}.${(made >> 8) & 255}.${1 + (made % 254)}`;
      const socket = connect({ port: Number(url.port), host: url.hostname, localAddress });
      open.add(socket.on('error', () => {}).resume());
      socket.once('close', () => open.delete(socket));
      // They have begun to ask before the holder does.
      socket.write('GET / HTTP/1.1\r\n');
    }
  };
  const timer = setInterval(flood, 1);
  try {
    const answers: number[] = [];
    for (let nth = 0; nth < 40; nth++) answers.push(await ask(url, '/healthz', TOKEN));
    assert.ok(answers.filter((status) => status === 200).length >= 36, answers.join(' '));
  } finally {
    clearInterval(timer);
    for (const socket of open) socket.destroy();
  }
});

test('a hundred clients that ask for metrics again and again without the token are few scrapes, and keep nobody else waiting', async () => {
  // Each scrape takes the time that the primary waits for the worker's own metrics, 250 ms, and is followed by a rest.
  await using app = await serve({
    entry: 'never-tells-metrics.js',
    options: ['--workers', '1', '--admin', '127.0.0.1:0'],
    env: { PREFORK_ADMIN_TOKEN: TOKEN },
  });
  const url = await adminOf(app);
  const bodies: string[] = [];
  let isOver = false;
  const scrapeOn = async (): Promise<void> => {
    bodies.push(await metricsBy(url));
    if (!isOver) await scrapeOn();
  };
  const clients = Array.from({ length: 100 }, scrapeOn);
  // Each scrape tells another time of the primary's event loop and CPU.
  const scrapes = (): number => new Set(bodies).size;
  const others: Array<{ status: number; scrapes: number }> = [];
  while (others.length < 20 || scrapes() < 2) {
    const before = scrapes();
    const status = await ask(url, '/healthz', TOKEN);
    others.push({ status, scrapes: scrapes() - before });
  }
  isOver = true;
  await Promise.all(clients);
  assert.ok(scrapes() * 5 <= bodies.length, `${scrapes()} scrapes for ${bodies.length} requests`);
  assert.ok(bodies.every((body) => body.includes('prefork_')));
  assert.deepEqual([...new Set(others.map(({ status }) => status))], [200]);
  // The next scrape is hundreds of ms away most of the time. A client that waited for it would have seen it.
  assert.ok(
    others.some((one) => one.scrapes === 0),
    JSON.stringify(others),
  );
});

function metricsBy(url: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    get(new URL('/metrics', url), { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.once('end', () => resolve(text));
    }).once('error', reject);
  });
}
