/** How HTTP/2 sessions end at a drain, seen by clients to which the server's words come late. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2, { type ClientHttp2Session, type Http2Server } from 'node:http2';
import { connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { certificate } from '../../../support/paths.ts';
import { closing, count, listen } from '../helpers.ts';

/** How long what the server sends is on its way. */
const LATENCY_MS = 40;
const HIGHEST_ID = 2 ** 31 - 1;

const tls = { key: readFileSync(certificate.TLS_KEY), cert: readFileSync(certificate.TLS_CERT) };
const kinds = {
  http: (): Http2Server => http2.createServer(),
  https: (): Http2Server => http2.createSecureServer(tls),
};

/** A server that answers after `ms`, and a client far away from it. */
async function farAway(t: TestContext, protocol: keyof typeof kinds, ms = 0): Promise<Far> {
  const requests = count(t);
  const server = kinds[protocol]();
  server.on('request', (_request, response) => void setTimeout(() => response.end('ok'), ms));
  server.on('session', (session) => session.on('error', () => undefined));
  requests.trackHttp2(server);
  const port = await listen(t, server);
  const client = new Far(t, `${protocol}://localhost`, await listen(t, relayTo(port)));
  await once(client.session, 'remoteSettings');
  return Object.assign(client, { drain: () => requests.drain(), closeSessions: () => requests.closeSessions() });
}

/** Passes bytes on. Those of the server arrive later. */
function relayTo(port: number): ReturnType<typeof createServer> {
  return createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const ignore = (): void => undefined;
    near
      .on('error', ignore)
      .on('data', (bytes) => void far.write(bytes))
      .on('close', () => void far.destroy());
    far.on('error', ignore).on('data', (bytes) => void setTimeout(() => near.write(bytes), LATENCY_MS));
    far.on('close', () => void setTimeout(() => near.end(), LATENCY_MS));
  });
}

class Far {
  readonly session: ClientHttp2Session;
  /** The last stream that each GOAWAY named. */
  readonly goaways: number[] = [];
  readonly answers = { ok: 0, refused: 0, unsent: 0, other: 0 };
  drain: () => void = () => undefined;
  closeSessions: () => void = () => undefined;

  constructor(t: TestContext, url: string, port: number) {
    this.session = http2.connect(url, { port, rejectUnauthorized: false } as http2.SecureClientSessionOptions);
    this.session.on('error', () => undefined);
    this.session.on('goaway', (_code: number, last: number) => void this.goaways.push(last));
    t.after(() => this.session.destroy());
  }

  get canAsk(): boolean {
    return !this.session.closed && !this.session.destroyed;
  }

  async ask(): Promise<void> {
    const stream = this.session.request();
    let wasSent = true;
    let text = '';
    // Node's client takes back what it has not sent when any GOAWAY comes.
    stream.on('frameError', () => (wasSent = false));
    stream.on('error', () => undefined);
    stream.setEncoding('utf8').on('data', (part: string) => void (text += part));
    await closing(stream);
    const { NGHTTP2_REFUSED_STREAM } = http2.constants;
    const refusal = wasSent ? 'refused' : 'unsent';
    this.answers[text === 'ok' ? 'ok' : stream.rstCode === NGHTTP2_REFUSED_STREAM ? refusal : 'other']++;
  }
}

test('requests that cross the announcement are served, as many as come, and then the end is named', async (t) => {
  const client = await farAway(t, 'http');
  const over = closing(client.session);
  client.drain();
  const asked: Array<Promise<void>> = [];
  while (client.canAsk) {
    asked.push(client.ask(), client.ask());
    await delay(2);
  }
  await Promise.all([over, ...asked]);
  assert.deepEqual([client.answers.refused, client.answers.other], [0, 0]);
  assert.ok(asked.length > 2, `${asked.length} were asked`);
  assert.equal(client.answers.ok + client.answers.unsent, asked.length);
  assert.equal(client.goaways[0], HIGHEST_ID);
  assert.ok(client.goaways.slice(1).every((last) => last < HIGHEST_ID));
});

for (const protocol of ['http', 'https'] as const) {
  for (const atATime of [1, 4]) {
    test(`${protocol}: a client with ${atATime} requests at a time loses none`, async (t) => {
      const client = await farAway(t, protocol, 20);
      const over = closing(client.session);
      const askOn = async (): Promise<void> => {
        while (client.canAsk) await client.ask();
      };
      const clients = Promise.all(Array.from({ length: atATime }, askOn));
      client.drain();
      await Promise.all([over, clients]);
      const { ok, ...lost } = client.answers;
      assert.deepEqual(lost, { refused: 0, unsent: 0, other: 0 });
      assert.ok(ok >= atATime);
    });
  }

  test(`${protocol}: a session without a request goes, and its first request is served if it comes first`, async (t) => {
    const idle = await farAway(t, protocol);
    const late = await farAway(t, protocol);
    const over = Promise.all([closing(idle.session), closing(late.session)]);
    idle.drain();
    late.drain();
    await late.ask();
    await over;
    assert.deepEqual(late.answers, { ok: 1, refused: 0, unsent: 0, other: 0 });
  });
}

test('a client that does not answer is left when the idle time is over', async (t) => {
  const requests = count(t);
  const server = http2.createServer();
  requests.trackHttp2(server);
  const port = await listen(t, server);
  const socket: Socket = connect(port, '127.0.0.1').on('error', () => undefined);
  t.after(() => socket.destroy());
  const opened = once(server, 'session') as Promise<[http2.ServerHttp2Session]>;
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  socket.write(Uint8Array.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
  const [session] = await opened;
  const over = closing(session);
  requests.drain();
  let received = Buffer.alloc(0);
  const announced = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]);
  socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
  while (!received.includes(announced)) await once(socket, 'data');
  assert.equal(session.closed, false);
  requests.closeSessions();
  requests.closeSessions();
  await over;
});
