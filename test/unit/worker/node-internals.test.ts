/** The contract with what node:http2 keeps to itself: it holds on each line of Node that prefork runs on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2, { type ClientHttp2Session, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { writeBesideHttp2 } from '../../../src/worker/node-internals/index.ts';
import { certificate } from '../../support/paths.ts';
import { listen } from './helpers.ts';

/** A GOAWAY whose last stream is 7. */
const goaway = Uint8Array.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0]);
const LARGE_BYTES = 8 * 1024 * 1024;

interface Ends {
  readonly client: ClientHttp2Session;
  readonly session: ServerHttp2Session;
}

async function open(t: TestContext, server: Http2Server, protocol = 'http'): Promise<Ends> {
  const port = await listen(t, server);
  const opened = once(server, 'session') as Promise<[ServerHttp2Session]>;
  const client = http2.connect(`${protocol}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  client.on('error', () => undefined);
  t.after(() => client.destroy());
  const [[session]] = await Promise.all([opened, once(client, 'remoteSettings')]);
  session.on('error', () => undefined);
  return { client, session };
}

test('a frame comes between those of nghttp2, and the session goes on', async (t) => {
  const server = http2.createServer((request, response) => void request.pipe(response));
  const { client, session } = await open(t, server);
  const streams = Array.from({ length: 3 }, () => client.request({ ':method': 'POST' }));
  const body = Buffer.alloc(100_000, 'x');
  const told = once(client, 'goaway') as Promise<[number, number]>;
  await once(server, 'stream');
  assert.equal(writeBesideHttp2(session, goaway), 'done');
  for (const stream of streams) stream.end(body);
  assert.deepEqual((await told).slice(0, 2), [0, 7]);
  for (const stream of streams) assert.deepEqual(await buffer(stream), body);
});

test('while bytes wait for the kernel nothing is written', async (t) => {
  const server = http2.createServer((_request, response) => response.end(Buffer.alloc(LARGE_BYTES)));
  const port = await listen(t, server);
  const socket = connectTcp(port, '127.0.0.1');
  t.after(() => socket.destroy());
  const client = http2.connect('http://localhost', {
    createConnection: () => socket,
    settings: { initialWindowSize: 2 ** 30 },
  });
  client.on('error', () => undefined);
  const [session] = (await once(server, 'session')) as [ServerHttp2Session];
  session.on('error', () => undefined);
  await once(client, 'remoteSettings');
  client.setLocalWindowSize(2 ** 30);
  const asked = once(server, 'stream');
  client.request().on('error', () => undefined);
  await asked;
  // Reading stops below the session, so that the kernel takes no more than it has room for.
  (socket as unknown as { _handle: { readStop(): void } })._handle.readStop();
  const written: string[] = [];
  while (!written.includes('later')) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (queued(session) > 0) written.push(writeBesideHttp2(session, goaway));
  }
  assert.deepEqual(new Set(written), new Set(['later']));
  client.destroy();
});

function queued(session: ServerHttp2Session): number {
  return (session.socket as unknown as { _handle: { writeQueueSize: number } })._handle.writeQueueSize;
}

test('over TLS there is no way', async (t) => {
  const options = { key: readFileSync(certificate.TLS_KEY), cert: readFileSync(certificate.TLS_CERT) };
  const { session } = await open(t, http2.createSecureServer(options), 'https');
  assert.equal(writeBesideHttp2(session, goaway), 'never');
});

test('over a stream of the application there is no way', (t) => {
  const server = http2.createServer();
  t.after(() => server.close());
  const { promise, resolve } = withResolvers<ServerHttp2Session>();
  server.on('session', resolve);
  server.emit('connection', new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() }));
  return promise.then((session) => {
    assert.equal(writeBesideHttp2(session, goaway), 'never');
    session.destroy();
  });
});

test('a session that has ended has no connection', async (t) => {
  const { client, session } = await open(t, http2.createServer());
  const closed = once(session, 'close');
  client.destroy();
  await closed;
  assert.equal(writeBesideHttp2(session, goaway), 'never');
});

function withResolvers<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve!: (value: Value) => void;
  const promise = new Promise<Value>((settle) => (resolve = settle));
  return { promise, resolve };
}
