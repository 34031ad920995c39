import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { Client, count, get, listen, PatientServer } from '../helpers.ts';

/** The `Connection` headers of all responses that the client has received. */
function connectionHeaders({ text }: Client): string[] {
  return [...text.matchAll(/^Connection: (.*)\r$/gim)].map(([, value]) => value!);
}

test('an idle connection stays open, and its next response is its last', async (t) => {
  const requests = count(t);
  const server = http.createServer((_request, response) => response.end('ok'));
  const client = new Client(t, await listen(t, server));
  client.send(get());
  await client.received(/ok$/);
  requests.drain();
  client.send(get());
  await client.closed();
  assert.deepEqual(connectionHeaders(client), ['keep-alive', 'close']);
  assert.equal(requests.inFlight, 0);
});

test('a response that is in flight when the drain starts is the last of its connection', async (t) => {
  const requests = count(t);
  const server = new PatientServer();
  const client = new Client(t, await server.listen(t));
  client.send(get());
  await server.asked(1);
  requests.drain();
  requests.drain();
  server.responses[0]!.end('ok');
  await client.closed();
  assert.match(client.text, /ok$/);
  assert.deepEqual(connectionHeaders(client), ['close']);
});

test('a response whose head is sent goes on, and the next one is the last', async (t) => {
  const requests = count(t);
  const server = new PatientServer();
  const client = new Client(t, await server.listen(t));
  client.send(get());
  await server.asked(1);
  server.responses[0]!.writeHead(200, { 'Content-Length': 4 });
  server.responses[0]!.write('fi');
  await client.received(/fi$/);
  requests.drain();
  server.responses[0]!.end('ne');
  await client.received(/fine$/);
  client.send(get());
  await server.asked(2);
  server.responses[1]!.end('last');
  await client.closed();
  assert.deepEqual(connectionHeaders(client), ['keep-alive', 'close']);
  assert.match(client.text, /last$/);
});

test('of pipelined requests in flight all are answered, and only the last says close', async (t) => {
  const requests = count(t);
  const server = new PatientServer();
  const client = new Client(t, await server.listen(t));
  client.send(get().repeat(3));
  await server.asked(3);
  requests.drain();
  for (const response of server.responses.toReversed()) response.end('ok');
  await client.closed();
  assert.deepEqual(connectionHeaders(client), ['keep-alive', 'keep-alive', 'close']);
  assert.equal(requests.inFlight, 0);
});

test('a pipelined request that comes during the drain takes the close over', async (t) => {
  const requests = count(t);
  const server = new PatientServer();
  const client = new Client(t, await server.listen(t));
  client.send(get());
  await server.asked(1);
  requests.drain();
  client.send(get().repeat(2));
  await server.asked(3);
  for (const response of server.responses) response.end('ok');
  await client.closed();
  assert.deepEqual(connectionHeaders(client), ['keep-alive', 'keep-alive', 'close']);
});

test('a client that asked for the close keeps it', async (t) => {
  const requests = count(t);
  requests.drain();
  const server = new PatientServer();
  const client = new Client(t, await server.listen(t));
  client.send(get().replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  await server.asked(1);
  server.responses[0]!.end('ok');
  await client.closed();
  assert.deepEqual(connectionHeaders(client), ['close']);
});

test('the header of an application that sets it by itself is its own', async (t) => {
  const requests = count(t);
  requests.drain();
  const server = http.createServer((_request, response) => {
    response.setHeader('Connection', 'keep-alive');
    response.end('ok');
  });
  const client = new Client(t, await listen(t, server));
  client.send(get());
  await client.received(/ok$/);
  assert.deepEqual(connectionHeaders(client), ['keep-alive']);
});

test('what can move says nothing, and is told to be free when all is answered; what cannot says it', async (t) => {
  const requests = count(t);
  const server = new PatientServer();
  const port = await server.listen(t);
  const [moving, staying] = [new Client(t, port), new Client(t, port)];
  moving.send(get());
  await server.asked(1);
  const { socket } = server.responses[0]!;
  staying.send(get());
  await server.asked(2);
  const free: unknown[] = [];
  requests.drain({ canMove: (one) => one === socket, onFree: (one) => void free.push(one) });
  moving.send(get());
  await server.asked(3);
  for (const response of server.responses) {
    assert.ok(!free.includes(socket));
    response.end('ok');
  }
  await staying.closed();
  await moving.received(/ok[^]*ok$/);
  assert.deepEqual([connectionHeaders(moving), connectionHeaders(staying)], [['keep-alive', 'keep-alive'], ['close']]);
  assert.ok(free.includes(socket));
  // The connection has nowhere to go after all.
  moving.send(get());
  await server.asked(4);
  requests.drain();
  server.responses[3]!.end('ok');
  await moving.closed();
  assert.deepEqual(connectionHeaders(moving), ['keep-alive', 'keep-alive', 'close']);
});
