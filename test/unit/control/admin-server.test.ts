import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AdminServer } from '../../../src/control/admin-server.ts';
import { FakeControls } from '../../support/fake-controls.ts';
import { poll } from '../../support/watched.ts';

async function open(t: TestContext): Promise<AdminServer> {
  const server = await AdminServer.open({
    controls: new FakeControls(),
    address: '127.0.0.1:0',
    token: 'x'.repeat(16),
  });
  t.after(() => server.close());
  return server;
}

/** A client that has connected, and is slow to ask. */
class Client {
  readonly socket: Socket;
  text = '';

  constructor({ url }: AdminServer) {
    this.socket = connect(Number(new URL(url).port), '127.0.0.1');
    this.socket.setEncoding('utf8').on('data', (text: string) => (this.text += text));
    this.socket.on('error', () => {});
  }

  ask(path = '/healthz'): void {
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  }
}

/** Returns a client whose connection is accepted, because another one that came after it has been answered. */
async function accepted(server: AdminServer): Promise<Client> {
  const [client, other] = [new Client(server), new Client(server)];
  other.ask();
  await once(other.socket, 'close');
  return client;
}

test('who has connected before the address was passed on is answered, also when that is closed meanwhile', async (t) => {
  const server = await open(t);
  const client = await accepted(server);
  assert.equal(typeof server.fd, 'number');
  server.yield();
  await poll(() => server.fd === undefined || undefined, 'the end of listening');
  const closed = server.close();
  await nextTurn();
  client.ask();
  await once(client.socket, 'close');
  assert.match(client.text, /^HTTP\/1.1 200 OK[^]*ok\n$/);
  await closed;
});

test('who only holds a connection does not hold the end up for ever', async (t) => {
  const server = await open(t);
  const client = await accepted(server);
  server.yield();
  await server.close();
  if (!client.socket.closed) await once(client.socket, 'close');
  assert.equal(client.text, '');
});

test('a close that nobody takes over ends who has not asked', async (t) => {
  const server = await open(t);
  const client = await accepted(server);
  const closed = server.close();
  client.ask();
  await once(client.socket, 'close');
  assert.equal(client.text, '');
  await closed;
});

test('who follows is let go when the address is passed on, to find the next primary', async (t) => {
  const server = await open(t);
  const client = new Client(server);
  client.ask('/live');
  await poll(() => client.text.includes('event: figures') || undefined, 'figures');
  server.yield();
  await once(client.socket, 'close');
  assert.doesNotMatch(client.text, /stopped/);
});

test('an address that is another’s is waited for no longer than somebody wants it', async (t) => {
  const other = await open(t);
  const wanted = new AbortController();
  const opening = AdminServer.open({
    controls: new FakeControls(),
    address: new URL(other.url).host,
    token: 'x'.repeat(16),
    patience: 600_000,
    signal: wanted.signal,
  });
  const refused = assert.rejects(opening, { name: 'AbortError' });
  await nextTurn();
  wanted.abort();
  await refused;
});

test('clients that say nothing do not keep others out, nor do those that never end what they say', async (t) => {
  const server = await open(t);
  const held = Array.from({ length: 300 }, (_, nth) => {
    const client = new Client(server);
    if (nth % 2 === 0) client.socket.write('GET /healthz HTTP/1.1\r\n');
    return client.socket;
  });
  t.after(() => held.forEach((socket) => socket.destroy()));
  await poll(() => held.filter((socket) => socket.closed).length >= 300 - 256 || undefined, 'the end of the oldest');
  for (let nth = 0; nth < 10; nth++) {
    const client = new Client(server);
    client.socket.write(`GET /status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${'x'.repeat(16)}\r\n\r\n`);
    await once(client.socket, 'close');
    assert.match(client.text, /^HTTP\/1.1 200 OK/);
  }
});

const CHUNKS = 'Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n';
const unread: ReadonlyArray<readonly [what: string, sent: string, status: number]> = [
  ['a change without the token', `POST /scale HTTP/1.1\r\n${CHUNKS}`, 401],
  ['what only looks', `GET /status HTTP/1.1\r\n${CHUNKS}`, 413],
  ['a long body', 'POST /scale HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65537\r\n\r\nx', 401],
];
for (const [what, sent, status] of unread) {
  test(`the body of a request is not waited for where it is not read: ${what}`, async (t) => {
    const client = new Client(await open(t));
    client.socket.write(sent);
    await once(client.socket, 'close');
    assert.match(client.text, new RegExp(`^HTTP/1.1 ${status} `));
  });
}

test('a short body is waited for even so: its client may read nothing before it has sent it', async (t) => {
  const client = new Client(await open(t));
  client.socket.write('POST /scale HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{');
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(client.text, '');
  client.socket.write('}');
  await once(client.socket, 'close');
  assert.match(client.text, /^HTTP\/1.1 401 /);
});

test('who has the token may send a body in any pieces, up to the length of any', async (t) => {
  const token = 'Authorization: Bearer xxxxxxxxxxxxxxxx\r\n';
  for (const [length, status] of [
    [65_536, 200],
    [65_537, 413],
  ] as const) {
    const client = new Client(await open(t));
    const pieces = '{"workers":4}'.padEnd(length).replaceAll(/./g, '1\r\n$&\r\n');
    client.socket.write(
      `POST /scale HTTP/1.1\r\n${token}Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${pieces}0\r\n\r\n`,
    );
    await once(client.socket, 'close');
    assert.match(client.text, new RegExp(`^HTTP/1.1 ${status} `));
  }
});

test('requests behind the first one are not kept without end', async (t) => {
  const client = new Client(await open(t));
  client.ask('/live');
  await poll(() => client.text.includes('event: figures') || undefined, 'figures');
  client.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(16));
  await poll(() => client.text.match(/event: figures/g)!.length > 1 || undefined, 'more figures');
  client.ask();
  await once(client.socket, 'close');
});
