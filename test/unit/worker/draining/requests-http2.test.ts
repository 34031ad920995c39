import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type Http2Server } from 'node:http2';
import https from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import type { Requests } from '../../../../src/worker/draining/requests.ts';
import { certificate } from '../../../support/paths.ts';
import { closing, count, listen } from '../helpers.ts';

interface Ends {
  readonly client: ClientHttp2Session;
  /** The socket below the client's session. */
  readonly socket: Socket;
  /** Settles when both sides have closed the session. */
  readonly over: Promise<unknown>;
}

/** A session between a client and the server. */
async function connect(t: TestContext, server: Http2Server): Promise<Ends> {
  const port = await listen(t, server);
  const socket = connectTcp(port, '127.0.0.1');
  const client = http2.connect('http://localhost', { createConnection: () => socket });
  client.on('error', () => undefined);
  t.after(() => client.destroy());
  const [[session]] = await Promise.all([
    once(server, 'session') as Promise<[http2.ServerHttp2Session]>,
    once(client, 'remoteSettings'),
  ]);
  session.on('error', () => undefined);
  return { client, socket, over: Promise.all([closing(client), closing(session)]) };
}

function request(client: ClientHttp2Session): ClientHttp2Stream {
  return client.request({ ':path': '/' }).on('error', () => undefined);
}

const counts = ({ started, finished }: Requests): number[] => [started, finished];

const apis: ReadonlyArray<[name: string, serve: (server: Http2Server, seen: () => void) => void]> = [
  [
    'request',
    (server, seen) =>
      server.on('request', (_request, response) => {
        seen();
        response.end('ok');
      }),
  ],
  [
    'stream',
    (server, seen) =>
      server.on('stream', (stream) => {
        seen();
        stream.respond();
        stream.end('ok');
      }),
  ],
];

for (const [name, serve] of apis) {
  test(`each request counts once with a listener to '${name}', before that runs`, async (t) => {
    const requests = count(t);
    const server = http2.createServer();
    const inFlight: number[] = [];
    serve(server, () => inFlight.push(requests.inFlight));
    requests.trackHttp2(server);
    requests.trackHttp2(server);
    const { client, over } = await connect(t, server);
    for (let sent = 0; sent < 2; sent++) assert.equal(await text(request(client)), 'ok');
    client.close();
    await over;
    assert.deepEqual(inFlight, [1, 1]);
    assert.deepEqual(counts(requests), [2, 2]);
  });
}

test('tracking leaves the streams of a server to its application, and ends with the counting', (t) => {
  const requests = count(t);
  const server = http2.createServer();
  requests.trackHttp2(server);
  assert.equal(server.listenerCount('stream'), 0);
  requests.close();
  assert.equal(server.listenerCount('session'), 0);
});

for (const [name, server] of Object.entries({ http: http.createServer(), https: https.createServer() })) {
  test(`a server of node:${name} is left alone`, (t) => {
    count(t).trackHttp2(server);
    assert.equal(server.listenerCount('session'), 0);
  });
}

const ends: ReadonlyArray<[what: string, end: (stream: ClientHttp2Stream, ends: Ends) => void]> = [
  ['cancels its stream', (stream) => stream.close(http2.constants.NGHTTP2_CANCEL)],
  ['destroys its stream', (stream) => void stream.destroy()],
  ['destroys its session', (_stream, { client }) => client.destroy()],
  ['destroys its connection', (_stream, { socket }) => void socket.destroy()],
];

for (const [what, end] of ends) {
  test(`a client that ${what} leaves nothing in flight`, async (t) => {
    const requests = count(t);
    const server = http2.createServer((_request, response) => void response.write('half'));
    requests.trackHttp2(server);
    const both = await connect(t, server);
    const { client, over } = both;
    const streams = Array.from({ length: 5 }, () => request(client));
    await Promise.all(streams.map((stream) => once(stream, 'data')));
    assert.deepEqual(counts(requests), [5, 0]);
    for (const stream of streams) end(stream, both);
    client.close();
    await over;
    assert.deepEqual(counts(requests), [5, 5]);
  });
}

test('streams that are cancelled with the frames that open them leave nothing in flight', async (t) => {
  const requests = count(t);
  const server = http2.createServer((_request, response) => {
    response.on('error', () => undefined);
    response.end('ok');
  });
  requests.trackHttp2(server);
  const { client, over } = await connect(t, server);
  for (let sent = 0; sent < 50; sent++) {
    const stream = request(client);
    stream.close(http2.constants.NGHTTP2_CANCEL);
  }
  assert.equal(await text(request(client)), 'ok');
  client.close();
  await over;
  assert.ok(requests.started >= 1);
  assert.equal(requests.inFlight, 0);
});

test('what falls back to HTTP/1 counts once', async (t) => {
  const requests = count(t);
  const options = { key: readFileSync(certificate.TLS_KEY), cert: readFileSync(certificate.TLS_CERT) };
  const server = http2.createSecureServer({ ...options, allowHTTP1: true }, (_request, response) => response.end('ok'));
  requests.trackHttp2(server);
  const port = await listen(t, server);
  const sent = https.get({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false });
  const [response] = (await once(sent, 'response')) as [http.IncomingMessage];
  assert.equal(await text(response), 'ok');
  assert.deepEqual(counts(requests), [1, 1]);
});

test('a drain tells clients to go, and streams in flight finish', async (t) => {
  const requests = count(t);
  const responses: http2.Http2ServerResponse[] = [];
  const server = http2.createServer((_request, response) => void responses.push(response));
  requests.trackHttp2(server);
  const { client, over } = await connect(t, server);
  const stream = request(client);
  await once(server, 'request');
  const goaway = once(client, 'goaway');
  requests.drain();
  assert.equal((await goaway)[0], http2.constants.NGHTTP2_NO_ERROR);
  responses[0]!.end('ok');
  assert.equal(await text(stream), 'ok');
  await over;
  assert.deepEqual(counts(requests), [1, 1]);
});

test('a session without requests goes with the drain', async (t) => {
  const requests = count(t);
  const server = http2.createServer();
  requests.trackHttp2(server);
  const { over } = await connect(t, server);
  requests.drain();
  await over;
});

test('the first request of a session that opens during the drain is served', async (t) => {
  const requests = count(t);
  const server = http2.createServer((_request, response) => response.end('ok'));
  requests.trackHttp2(server);
  requests.drain();
  const port = await listen(t, server);
  const client = http2.connect(`http://127.0.0.1:${port}`);
  const gone = closing(client);
  t.after(() => client.destroy());
  assert.equal(await text(request(client)), 'ok');
  await gone;
  assert.deepEqual(counts(requests), [1, 1]);
});
