import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { SERVED } from '../../../../src/http/server/served.ts';
import { Server } from '../../../../src/http/server/server.ts';
import { Client, count, get, listen } from '../helpers.ts';

const servers = {
  'node:http': () => http.createServer((_request, response) => response.end('ok')),
  'prefork/http': () => new Server({ handler: (context) => context.end('ok') }),
};

for (const [name, create] of Object.entries(servers)) {
  test(`${name}: so many connections end with their next response, and no more`, async (t) => {
    const requests = count(t);
    const server = create();
    requests.trackServed(server);
    const port = await listen(t, server);
    const clients = Array.from({ length: 4 }, () => new Client(t, port));
    const ask = async (): Promise<void> => {
      for (const client of clients.filter(({ socket }) => !socket.destroyed)) {
        client.text = '';
        client.send(get());
        await client.received(/ok$/);
      }
    };
    const ended = (): number => clients.filter(({ text }) => /^Connection: close\r$/im.test(text)).length;
    await ask();
    assert.equal(ended(), 0);
    requests.dismiss(2);
    assert.equal(requests.undismissed, 2);
    await ask();
    assert.deepEqual([ended(), requests.undismissed], [2, 0]);
    await Promise.all(clients.slice(0, 2).map((client) => client.closed()));
    await ask();
    assert.deepEqual(
      clients.map(({ socket }) => socket.destroyed),
      [true, true, false, false],
    );
  });
}

test('a client that closes anyway is not counted', async (t) => {
  const requests = count(t);
  const port = await listen(t, servers['node:http']());
  const [leaving, staying] = [new Client(t, port), new Client(t, port)];
  requests.dismiss(1);
  leaving.send('GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n');
  await leaving.closed();
  staying.send(get());
  await staying.closed();
  assert.match(staying.text, /^Connection: close\r$/im);
});

for (const [name, create] of Object.entries(servers)) {
  test(`${name}: those that have not gone are known`, async (t) => {
    const requests = count(t);
    const server = create();
    requests.trackServed(server);
    const client = new Client(t, await listen(t, server));
    requests.dismiss(5);
    client.send(get());
    await client.closed();
    assert.equal(requests.undismissed, 4);
    requests.dismiss(0);
    assert.equal(requests.undismissed, 0);
  });
}

test('a server that cannot let go of connections keeps them', (t) => {
  const requests = count(t);
  requests.trackServed({ [SERVED]: { started: 0, finished: 0, drain: () => {}, idle: () => [] } });
  requests.dismiss(3);
  assert.equal(requests.undismissed, 3);
});

test('what was asked for and has not come about is forgotten', async (t) => {
  const requests = count(t);
  const port = await listen(t, servers['node:http']());
  requests.dismiss(5);
  requests.dismiss(0);
  const client = new Client(t, port);
  client.send(get());
  await client.received(/ok$/);
  assert.doesNotMatch(client.text, /^Connection: close\r$/im);
});
