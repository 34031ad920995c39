/** Tests connections that become something else: WebSockets by `ws`, tunnels, hijacked ones, and TLS below. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as ask } from 'node:https';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import type { UpgradeRequest } from '../../../../src/http.ts';
import { certificate } from '../../../support/paths.ts';
import { request, serve } from '../helpers.ts';

const tls = { key: readFileSync(certificate.TLS_KEY), cert: readFileSync(certificate.TLS_CERT) };

for (const secure of [false, true]) {
  test(`ws: handleUpgrade${secure ? ', over TLS' : ''}`, async (t) => {
    const { server, port } = await serve(t, { handler: (ctx) => ctx.end('plain'), ...(secure && { tls }) });
    const sockets = new WebSocketServer({ noServer: true });
    sockets.on('connection', (socket) =>
      socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`)),
    );
    server.on('upgrade', (upgrade: UpgradeRequest, socket: Socket, head: Buffer) => {
      sockets.handleUpgrade(upgrade as never, socket, head, (client) => sockets.emit('connection', client, upgrade));
    });
    const client = new WebSocket(`ws${secure ? 's' : ''}://127.0.0.1:${port}/`, { rejectUnauthorized: false });
    await once(client, 'open');
    for (const size of [1, 100_000, 1_000_000]) {
      client.send('x'.repeat(size));
      const [data] = (await once(client, 'message')) as [Buffer];
      assert.equal(data.length, size + 5);
    }
    client.close();
    await once(client, 'close');
  });
}

test('ws: { server }', async (t) => {
  const { server, port } = await serve(t, { handler: (ctx) => ctx.end('plain') });
  new WebSocketServer({ server: server as never }).on('connection', (socket) => socket.send('welcome'));
  const client = new WebSocket(`ws://127.0.0.1:${port}/`);
  const [data] = (await once(client, 'message')) as [Buffer];
  assert.equal(String(data), 'welcome');
  client.close();
  await once(client, 'close');
});

test('an upgrade that nobody listens to is a request like any other', async (t) => {
  const { client } = await serve(t, { handler: (ctx) => ctx.end('plain') });
  const sender = client();
  sender.send(request('GET /', { Connection: 'upgrade', Upgrade: 'x' }) + request('GET /'));
  await sender.received(/plain[^]*plain$/);
});

test('CONNECT hands over the socket, with what came after the request', async (t) => {
  const { server, client } = await serve(t, { handler: (ctx) => ctx.end() });
  server.on('connect', (_request: UpgradeRequest, socket: Socket, head: Buffer) => {
    socket.write('HTTP/1.1 200 Tunnel\r\n\r\n');
    socket.end(head);
  });
  const sender = client();
  sender.send(`${request('CONNECT a:1')}early`);
  await sender.closed();
  assert.equal(sender.text, 'HTTP/1.1 200 Tunnel\r\n\r\nearly');
});

test('hijack, now and later, gives the socket and what follows', async (t) => {
  const { client } = await serve(t, {
    async handler(ctx) {
      if (ctx.path === '/later') await new Promise(setImmediate);
      const { socket, head } = ctx.hijack();
      socket.write(`mine: ${head.toString()} `);
      socket.on('data', (data) => socket.end(String(data)));
      assert.throws(() => ctx.end('no'), { code: 'ERR_HTTP_ANSWERED' });
    },
  });
  for (const path of ['/now', '/later']) {
    const sender = client();
    sender.send(`${request(`GET ${path}`)}rest`);
    await sender.received(/^mine: rest $/);
    sender.send('more');
    await sender.closed();
    assert.equal(sender.text, 'mine: rest more');
  }
});

test('TLS: keep-alive, bodies and streams', async (t) => {
  const { port } = await serve(t, {
    tls,
    handler: (ctx) => (ctx.method === 'POST' ? ctx.end(ctx.body.bytes) : ctx.stream(['a', 'x'.repeat(1_000_000)])),
  });
  for (const [method, body, length] of [
    ['POST', 'y'.repeat(300_000), 300_000],
    ['GET', '', 1_000_001],
  ] as const) {
    const sent = ask({ port, host: '127.0.0.1', method, rejectUnauthorized: false }).end(body);
    const [response] = (await once(sent, 'response')) as [AsyncIterable<Buffer>];
    let received = 0;
    for await (const piece of response) received += piece.length;
    assert.equal(received, length);
  }
});

test('close() closes idle connections, and others with their response', async (t) => {
  const waiting: Array<() => void> = [];
  const { server, client } = await serve(t, {
    handler: (ctx) => (ctx.path === '/wait' ? waiting.push(() => ctx.end('late')) : ctx.end('now')),
  });
  const [idle, busy, fresh] = [client(), client(), client()];
  await once(fresh.socket, 'connect');
  idle.send(request('GET /'));
  busy.send(request('GET /wait'));
  await idle.received(/now$/);
  while (waiting.length === 0) await new Promise(setImmediate);
  const closed = once(server, 'close');
  server.close();
  await Promise.all([idle.closed(), fresh.closed()]);
  waiting[0]!();
  await busy.closed();
  assert.match(busy.text, /Connection: close[^]*late$/);
  await closed;
});
