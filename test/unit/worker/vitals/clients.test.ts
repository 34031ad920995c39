import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { Server as NetServer } from 'node:net';
import { mock, test, type TestContext } from 'node:test';
import { CLIENT_PLACES, clientPlaceOf, UNKNOWN_CLIENT } from '../../../../src/contract/peer.ts';
import { Server } from '../../../../src/http/server/server.ts';
import type { Requests } from '../../../../src/worker/draining/requests.ts';
import { Clients } from '../../../../src/worker/vitals/clients.ts';
import { Client, closing, count, get, listen, PatientServer, seenAtLast } from '../helpers.ts';

const HERE = clientPlaceOf('127.0.0.1');

/** The counts of a place: requests that are over, and those of them that were given up. */
function at({ clients }: Requests, place: number): [requests: number, abandoned: number] {
  return [clients.requests[place]!, clients.abandoned[place]!];
}

const servers: Readonly<Record<string, () => NetServer>> = {
  'node:http': () => http.createServer((request, response) => void (request.url === '/' && response.end('ok'))),
  'prefork/http': () =>
    new Server({
      handler: (ctx) => (ctx.path === '/' ? ctx.end('ok') : new Promise(() => {})),
    }),
};

for (const [name, create] of Object.entries(servers)) {
  test(`${name}: requests count by client, those that are given up too, while a canary is watched`, async (t) => {
    const requests = count(t);
    const server = create();
    requests.trackServed(server);
    const port = await listen(t, server);
    const before = new Client(t, port);
    before.send(get());
    await before.received(/ok$/);
    assert.deepEqual(
      [at(requests, UNKNOWN_CLIENT), at(requests, HERE)],
      [
        [1, 0],
        [0, 0],
      ],
    );

    requests.clients.watch();
    before.send(get().repeat(2));
    await before.received(/ok[^]*ok[^]*ok$/);
    const leaver = new Client(t, port);
    leaver.send(get() + get('/never'));
    await leaver.received(/ok$/);
    while (requests.inFlight === 0) await new Promise(setImmediate);
    leaver.socket.resetAndDestroy();
    assert.equal(await seenAtLast(1, () => at(requests, HERE)[1]), 1);
    assert.deepEqual(
      [at(requests, UNKNOWN_CLIENT), at(requests, HERE)],
      [
        [1, 0],
        [4, 1],
      ],
    );
  });
}

test('all requests of a pipeline are given up with their connection', async (t) => {
  const requests = count(t);
  requests.clients.watch();
  const server = new PatientServer();
  const client = new Client(t, await server.listen(t));
  client.send(get().repeat(3));
  await server.asked(3);
  const gone = closing(server.responses[0]!.socket!);
  client.socket.destroy();
  await gone;
  assert.deepEqual(at(requests, HERE), [3, 3]);
});

async function connectHttp2(t: TestContext, requests: Requests): Promise<http2.ClientHttp2Session> {
  const server = http2.createServer();
  requests.trackHttp2(server);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    if (headers[':path'] === '/') {
      stream.respond();
      stream.end('ok');
    }
  });
  const client = http2.connect(`http://127.0.0.1:${await listen(t, server)}`);
  t.after(() => client.destroy());
  return client;
}

test('HTTP/2: streams count by the client of their session', async (t) => {
  const requests = count(t);
  requests.clients.watch();
  const client = await connectHttp2(t, requests);
  await once(client.request({ ':path': '/' }).resume(), 'close');
  const stream = client.request({ ':path': '/never' }).on('error', () => undefined);
  await seenAtLast(2, () => requests.started);
  stream.close(http2.constants.NGHTTP2_CANCEL);
  assert.equal(await seenAtLast(1, () => at(requests, HERE)[1]), 1);
  client.request({ ':path': '/never' }).on('error', () => undefined);
  await seenAtLast(3, () => requests.started);
  client.destroy();
  assert.equal(await seenAtLast(2, () => at(requests, HERE)[1]), 2);
  assert.deepEqual(
    [at(requests, UNKNOWN_CLIENT), at(requests, HERE)],
    [
      [0, 0],
      [3, 2],
    ],
  );
});

test('clients are looked up for some seconds after each question', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const clients = new Clients();
    assert.equal(clients.isWatched, false);
    clients.watch();
    mock.timers.tick(6000);
    clients.watch();
    mock.timers.tick(6000);
    assert.equal(clients.isWatched, true);
    mock.timers.tick(6000);
    assert.equal(clients.isWatched, false);
  } finally {
    mock.timers.reset();
  }
});

test('a client is an address of IPv4, a /64 of IPv6, or all clients of a Unix socket', () => {
  assert.equal(clientPlaceOf('::ffff:192.0.2.1'), clientPlaceOf('192.0.2.1'));
  assert.equal(clientPlaceOf('2001:db8::1'), clientPlaceOf('2001:db8:0:0:5::2'));
  const places = Array.from({ length: 256 }, (_, index) => clientPlaceOf(`192.0.2.${index}`));
  assert.equal(new Set(places).size, CLIENT_PLACES - 1, 'addresses are spread over all places');
  for (const place of [...places, clientPlaceOf('')]) assert.ok(place !== UNKNOWN_CLIENT && place < CLIENT_PLACES);
});
