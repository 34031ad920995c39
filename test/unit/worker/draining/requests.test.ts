import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http, { type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { certificate } from '../../../support/paths.ts';
import { Client, closing, count, get, listen, PatientServer } from '../helpers.ts';

test('requests of one keep-alive connection count one by one', async (t) => {
  const requests = count(t);
  const inFlight: number[] = [];
  const server = http.createServer((_request, response) => {
    inFlight.push(requests.inFlight);
    response.end('ok');
  });
  const client = new Client(t, await listen(t, server));
  for (let sent = 1; sent <= 3; sent++) {
    client.send(get());
    await client.received(new RegExp(`^(?:HTTP[^]*?ok){${sent}}$`));
  }
  assert.deepEqual(inFlight, [1, 1, 1]);
  assert.deepEqual([requests.started, requests.finished], [3, 3]);
});

test('pipelined requests are all in flight, and finish in turn', async (t) => {
  const requests = count(t);
  const server = new PatientServer();
  const client = new Client(t, await server.listen(t));
  client.send(get().repeat(3));
  await server.asked(3);
  assert.equal(requests.inFlight, 3);
  const [first, second, third] = server.responses;
  third!.end('third');
  first!.end('first');
  await client.received(/first$/);
  assert.equal(requests.inFlight, 2);
  second!.end('second');
  await client.received(/second[^]*third$/);
  assert.deepEqual([requests.started, requests.finished], [3, 3]);
});

type End = (client: Socket, response: ServerResponse) => void;
const ends: ReadonlyArray<[what: string, end: End]> = [
  ['a client that resets', (client) => void client.resetAndDestroy()],
  ['a client that goes away', (client) => void client.destroy()],
  ['a response that is destroyed', (_client, response) => void response.destroy()],
  ['a handler that destroys the socket', (_client, response) => void response.socket!.destroy()],
];

const moments: ReadonlyArray<[what: string, begin: (response: ServerResponse) => void]> = [
  ['before the response', () => undefined],
  ['after its head', (response) => response.flushHeaders()],
  ['in its body', (response) => void response.write('half')],
];

for (const [who, end] of ends) {
  for (const [when, begin] of moments) {
    for (const many of [1, 3]) {
      test(`${who} ${when} leaves nothing in flight, with ${many} in the pipeline`, async (t) => {
        const requests = count(t);
        const server = new PatientServer();
        const client = new Client(t, await server.listen(t));
        client.send(get().repeat(many));
        await server.asked(many);
        const response = server.responses[0]!;
        const gone = closing(response.socket!);
        begin(response);
        assert.equal(requests.inFlight, many);
        end(client.socket, response);
        await gone;
        assert.deepEqual([requests.started, requests.finished], [many, many]);
        // A handler that has not noticed answers all the same, and its request does not count a second time.
        for (const late of server.responses) late.end('too late');
        await nextTurn();
        await nextTurn();
        assert.deepEqual([requests.started, requests.finished], [many, many]);
      });
    }
  }
}

test('a client that goes away in the body of its request leaves nothing in flight', async (t) => {
  const requests = count(t);
  const server = new PatientServer();
  const client = new Client(t, await server.listen(t));
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nhalf');
  await server.asked(1);
  const gone = closing(server.responses[0]!.socket!);
  client.socket.destroy();
  await gone;
  assert.deepEqual([requests.started, requests.finished], [1, 1]);
});

test('what is no request, or becomes another protocol, is not counted', async (t) => {
  const requests = count(t);
  const server = http.createServer(() => assert.fail('no request'));
  server.on('upgrade', (_request, socket) => void socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
  const port = await listen(t, server);
  for (const text of ['nonsense\r\n\r\n', get().replace('\r\n\r\n', '\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')]) {
    const client = new Client(t, port);
    client.send(text);
    await client.closed();
    assert.match(client.text, /^HTTP/);
  }
  assert.deepEqual([requests.started, requests.finished], [0, 0]);
});

test('what Node answers by itself counts', async (t) => {
  const requests = count(t);
  const server = http.createServer(() => assert.fail('no request'));
  const client = new Client(t, await listen(t, server));
  client.send('GET / HTTP/1.1\r\n\r\n');
  await client.closed();
  assert.match(client.text, /^HTTP\/1.1 400 /);
  assert.deepEqual([requests.started, requests.finished], [1, 1]);
});

test('a request that started before the counting is not counted when it finishes', async (t) => {
  const server = new PatientServer();
  const client = new Client(t, await server.listen(t));
  client.send(get());
  await server.asked(1);
  const requests = count(t);
  server.responses[0]!.end('first');
  await client.received(/first$/);
  assert.deepEqual([requests.started, requests.finished], [0, 0]);
  client.send(get());
  await server.asked(2);
  assert.equal(requests.inFlight, 1);
});

test('nor when another follows it in the pipeline', async (t) => {
  const server = new PatientServer();
  const client = new Client(t, await server.listen(t));
  client.send(get());
  await server.asked(1);
  const requests = count(t);
  client.send(get());
  await server.asked(2);
  for (const response of server.responses) response.end('ok');
  await client.received(/ok[^]*ok$/);
  assert.deepEqual([requests.started, requests.finished], [1, 1]);
});

test('two that count do not disturb each other, and one that is closed counts no more', async (t) => {
  const [requests, others] = [count(t), count(t)];
  const server = http.createServer((_request, response) => response.end('ok'));
  const client = new Client(t, await listen(t, server));
  client.send(get());
  await client.received(/ok$/);
  others.close();
  others.close();
  client.send(get());
  await client.received(/ok[^]*ok$/);
  assert.deepEqual([requests.started, requests.finished], [2, 2]);
  assert.deepEqual([others.started, others.finished], [1, 1]);
});

test('https counts as http does', async (t) => {
  const requests = count(t);
  const options = { key: readFileSync(certificate.TLS_KEY), cert: readFileSync(certificate.TLS_CERT) };
  const server = https.createServer(options, (_request, response) => void response.write('half'));
  const port = await listen(t, server);
  const secured = once(server, 'secureConnection') as Promise<[Socket]>;
  const client = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  client.on('error', () => undefined);
  client.write(get());
  const [socket] = await secured;
  await once(client, 'data');
  assert.equal(requests.inFlight, 1);
  const gone = closing(socket);
  client.destroy();
  await gone;
  assert.deepEqual([requests.started, requests.finished], [1, 1]);
});

test('clients that leave at any moment: started is what the handlers saw, and nothing stays in flight', async (t) => {
  const requests = count(t);
  let handled = 0;
  const server = http.createServer((_request, response) => {
    handled++;
    // A third of the requests is answered at once, a third after a while, and a third never.
    if (handled % 3 === 0) response.end('now');
    else if (handled % 3 === 1) setTimeout(() => response.end('later'), handled % 7);
  });
  const gone: Array<Promise<void>> = [];
  server.on('connection', (socket: Socket) => gone.push(closing(socket)));
  const port = await listen(t, server);
  for (let index = 0; index < 200; index++) {
    const client = new Client(t, port);
    client.send(get().repeat(1 + (index % 4)));
    await once(client.socket, 'connect');
    setTimeout(() => (index % 2 === 0 ? client.socket.destroy() : client.socket.resetAndDestroy()), index % 11);
  }
  await Promise.all(gone);
  assert.ok(handled > 0);
  assert.equal(requests.started, handled);
  assert.equal(requests.inFlight, 0);
});
