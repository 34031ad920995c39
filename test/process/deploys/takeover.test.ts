/**
 * Tests requests in flight when a worker is replaced: the old worker finishes them, or they are cut when its time is
 * over.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:http';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { serve, type App, type AppOptions } from '../../support/app.ts';
import { example } from '../../support/paths.ts';

/** Serves HTTP/1 with WebSockets, and HTTP/2, each slowly: `/slow?ms` takes its time over ten pieces. */
const app = `
import { createServer } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { WebSocketServer } from 'ws';

const slowly = (request, response) => {
  const pieces = Number(new URL(request.url, 'http://x').searchParams.get('pieces') ?? 10);
  response.write('start ');
  let sent = 0;
  const timer = setInterval(() => {
    if (++sent < pieces) return response.write('piece ');
    clearInterval(timer);
    response.end('end');
  }, 100);
};
const server = createServer(slowly).listen(process.env.PORT, '127.0.0.1');
createHttp2(slowly).listen(0, '127.0.0.1');
new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
`;

async function serveSlowly(options: AppOptions['options']): Promise<App> {
  const server = await serve({
    entry: './app.mjs',
    files: { 'app.mjs': app },
    // The application finds its packages through this link.
    links: { node_modules: example('../node_modules') },
    options: ['--workers', '2', ...options!],
  });
  await server.event('listening', {}, 2);
  return server;
}

function download(port: number, pieces: number): { started: Promise<unknown>; body: Promise<string> } {
  const asked = request({ host: '127.0.0.1', port, path: `/slow?pieces=${pieces}`, agent: false });
  const answered = once(asked, 'response');
  asked.end();
  const body = answered.then(async ([response]) => {
    let text = '';
    for await (const chunk of response as AsyncIterable<Buffer>) text += chunk;
    return text;
  });
  body.catch(() => {});
  return { started: answered, body };
}

function stream(port: number, pieces: number): { started: Promise<unknown>; body: Promise<string> } {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  const opened = session.request({ ':path': `/slow?pieces=${pieces}` });
  const started = once(opened, 'response');
  const body = started.then(async () => {
    let text = '';
    for await (const chunk of opened) text += chunk;
    session.close();
    return text;
  });
  body.catch(() => {});
  return { started, body };
}

const portOf = (target: App['target']): number => ('port' in target ? target.port : 0);

async function inFlight(server: App, pieces: number) {
  const [http1, http2] = server.targets.map(portOf) as [number, number];
  const socket = new WebSocket(`ws://127.0.0.1:${http1}`);
  await once(socket, 'open');
  const flights = { download: download(http1, pieces), stream: stream(http2, pieces), socket };
  await Promise.all([flights.download.started, flights.stream.started]);
  return flights;
}

const whole = (pieces: number): string => `start ${'piece '.repeat(pieces - 1)}end`;

test('a WebSocket, a download and an HTTP/2 stream in flight at a reload finish', async () => {
  await using server = await serveSlowly([]);
  const flights = await inFlight(server, 30);
  server.signal('SIGHUP');
  await server.event('reload done');
  flights.socket.send('still there?');
  const [answer] = (await once(flights.socket, 'message')) as [Buffer];
  assert.equal(String(answer), 'still there?');
  assert.equal(await flights.download.body, whole(30));
  assert.equal(await flights.stream.body, whole(30));
  flights.socket.close();
  await server.event('worker stopped', { for: 'reload', signal: 'SIGTERM' }, 2);
});

test('past the drain timeout they are cut, and the workers end in time', async () => {
  await using server = await serveSlowly(['--drain-timeout', '1s', '--shutdown-grace-period', '2s']);
  const flights = await inFlight(server, 600);
  const closed = once(flights.socket, 'close');
  const start = performance.now();
  server.signal('SIGHUP');
  await server.event('worker stopped', { for: 'reload' }, 2);
  const took = performance.now() - start;
  await closed;
  for (const { body } of [flights.download, flights.stream]) {
    assert.notEqual(await body.catch(() => 'cut'), whole(600));
  }
  assert.ok(took >= 1000, `${took} ms, before their time`);
  for (const pid of server.workers.values()) assert.ok(process.kill(pid, 0));
});

test('a spare answers before a new worker could have booted', async () => {
  // The boot takes a second, so that the spare must have given an answer that came sooner.
  const slow = `await new Promise((resolve) => setTimeout(resolve, 1000));
    const { createServer } = await import('node:http');
    createServer((_request, response) => response.end(String(process.pid))).listen(process.env.PORT, '127.0.0.1');`;
  await using server = await serve({
    entry: './app.mjs',
    files: { 'app.mjs': slow },
    options: ['--workers', '1', '--spares', '1'],
  });
  const spare = (await server.event('spare ready')).fields['pid'];
  await delay(0);
  process.kill(server.worker(0), 'SIGKILL');
  const { fields } = await server.event('worker ready', { slot: 0, pid: spare! });
  assert.ok(!fields['in']!.endsWith('s') || fields['in']!.endsWith('ms'), fields['in']);
});
