/** Tests what clients and applications see when a whole server drains, here at a stop. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent as HttpsAgent } from 'node:https';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { serve, type App } from '../../support/app.ts';
import { ask, connected, distinct, get, untilRefused } from '../../support/http.ts';
import { certificate, example } from '../../support/paths.ts';

const options = ['--workers', '2'];
const good = { code: 0, signal: null };

/** Returns what each worker printed, in its order. */
function linesOf(app: App, pid: number): string[] {
  const lines = app.stdout.split('\n').filter((line) => line.startsWith(`${pid} `));
  return lines.map((line) => line.slice(`${pid} `.length));
}

test('WebSockets: the application closes them in onDrain, and the stop does not wait for its deadline', async () => {
  await using app = await serve({ entry: example('ws/server.js'), options });
  const sockets = Array.from({ length: 20 }, () => new WebSocket(`ws://127.0.0.1:${app.port}`));
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close') as Promise<[number, Buffer]>));
  const began = performance.now();
  assert.deepEqual(await app.stop(), good);
  assert.ok(performance.now() - began < 5000, 'long before the grace period is over');
  assert.deepEqual(new Set((await closed).map(([code]) => code)), new Set([1001]));
});

test('without onDrain a WebSocket lives until the deadline of the stop', async () => {
  await using app = await serve({ entry: 'upgrades.js', options: [...options, '--shutdown-grace-period', '2s'] });
  const socket = await connected(app.target);
  socket.setEncoding('utf8').write('GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
  await once(socket, 'data');
  app.signal('SIGTERM');
  await app.event('stopping');
  await new Promise((resolve) => setTimeout(resolve, 1200));
  socket.write('still there');
  assert.deepEqual(await once(socket, 'data'), ['still there']);
  assert.deepEqual(await app.exit(), good);
  assert.equal(app.events('killing workers').length, 0, 'SIGTERM ended it');
});

test('https: a connection that is kept alive may send its next request, and is told that it is the last', async () => {
  await using app = await serve({ entry: 'https.js', env: certificate, options });
  const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  const { target } = app;
  const first = await get(target, { tls: true, agent });
  assert.equal(first.headers.connection, 'keep-alive');
  app.signal('SIGTERM');
  await untilRefused(target);
  const last = await get(target, { tls: true, agent });
  assert.deepEqual([last.status, last.headers.connection], [200, 'close']);
  agent.destroy();
  assert.deepEqual(await app.exit(), good);
});

test('hooks: onDrain, then SIGTERM; one that throws is printed and keeps nothing from event', async () => {
  await using app = await serve({ entry: 'tells-its-end.js', options });
  await distinct(2, () => ask(app.target));
  assert.deepEqual(await app.stop(), good);
  for (const pid of app.workers.values()) assert.deepEqual(linesOf(app, pid), ['drain', 'SIGTERM']);
  assert.equal(app.stderr.match(/prefork: onDrain failed: Error: broken on purpose/g)?.length, 2);
});

test('hooks: when the primary is killed, onPrimaryDeath, then onDrain, then SIGTERM', async () => {
  await using app = await serve({ entry: 'tells-its-end.js', options });
  app.signal('SIGKILL');
  await app.exit();
  await app.gone();
  await app.output(/(?:SIGTERM[^]*){2}/);
  for (const pid of app.workers.values()) {
    assert.deepEqual(linesOf(app, pid), ['primary death', 'drain', 'SIGTERM']);
  }
});
