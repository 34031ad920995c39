/** Tests the client against a server that is not ours. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { test, type TestContext } from 'node:test';
import { WebSocketServer, type WebSocket as Peer } from 'ws';
import { WebSocket } from '../../../src/inspector/websocket.ts';
import { Watched } from '../../support/watched.ts';

const signal = AbortSignal.timeout(5000);

/** Records what came, in order. */
function recorder() {
  const texts: string[] = [];
  const changes = new Watched();
  let onClose = (_reason: string): void => {};
  const closed = new Promise<string>((resolve) => (onClose = resolve));
  const text = (value: string): void => {
    texts.push(value);
    changes.changed();
  };
  const received = (count: number) =>
    changes.until(() => (texts.length >= count ? texts : undefined), `${count} texts`);
  return { received, closed, events: { text, closed: onClose } };
}

async function connected(t: TestContext) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  t.after(() => server.close());
  await once(server, 'listening');
  const came = once(server, 'connection') as Promise<[Peer]>;
  const { port } = server.address() as AddressInfo;
  const record = recorder();
  const client = await WebSocket.connect({ host: '127.0.0.1', port }, '/path', record.events, signal);
  t.after(() => client.destroy());
  const [peer] = await came;
  return { ...record, client, peer };
}

test('texts of all lengths arrive, both ways', async (t) => {
  const { client, peer, received } = await connected(t);
  peer.on('message', (data: Buffer) => peer.send(data.toString()));
  const sent = [0, 1, 125, 126, 0xffff, 0x10000, 300_000].map((length) => 'ö'.repeat(length));
  for (const one of sent) client.send(one);
  assert.deepEqual(await received(sent.length), sent);
});

test('a message in parts, with a ping between, is answered', async (t) => {
  const { peer, received } = await connected(t);
  peer.send('in ', { fin: false });
  peer.ping('are you there');
  peer.send('parts', { fin: true });
  const [pong] = (await once(peer, 'pong')) as [Buffer];
  assert.equal(pong.toString(), 'are you there');
  assert.deepEqual(await received(1), ['in parts']);
});

test('close is a handshake, after all that was sent', async (t) => {
  const { client, peer, closed } = await connected(t);
  const received: string[] = [];
  peer.on('message', (data: Buffer) => received.push(data.toString()));
  client.send('last');
  client.close();
  await once(peer, 'close');
  assert.deepEqual(received, ['last']);
  await closed;
});

test('the other side may close', async (t) => {
  const { peer, closed } = await connected(t);
  peer.close();
  await Promise.all([closed, once(peer, 'close')]);
});

/** Servers that do not speak WebSocket. */
const others: ReadonlyArray<{ what: string; answer: string | undefined; message: RegExp }> = [
  { what: 'refuses', answer: 'HTTP/1.1 404 Not Found\r\n\r\n', message: /did not open a WebSocket: 404/ },
  { what: 'has another key', answer: 'HTTP/1.1 101 OK\r\nSec-WebSocket-Accept: x\r\n\r\n', message: /did not open/ },
  { what: 'hangs up', answer: '', message: /hung up/ },
  { what: 'babbles', answer: 'x'.repeat(100_000), message: /not an inspector/ },
  { what: 'says nothing', answer: undefined, message: /does not answer/ },
];
for (const { what, answer, message } of others) {
  test(`a server that ${what}, and no connection stays`, async () => {
    const server: Server = createServer((socket) => {
      socket.on('error', () => {});
      socket.resume();
      if (answer !== undefined) socket.end(answer);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const soon = AbortSignal.timeout(300);
    await assert.rejects(WebSocket.connect({ host: '127.0.0.1', port }, '/', recorder().events, soon), { message });
    server.close();
    await once(server, 'close', { signal });
  });
}

test('one that is not there', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const connecting = WebSocket.connect({ host: '127.0.0.1', port }, '/', recorder().events, signal);
  await assert.rejects(connecting, { code: 'ECONNREFUSED' });
});
