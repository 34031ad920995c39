import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { ask, type Loss } from '../load/client.ts';

/** How a request ends at a server that does this with the connection when the request has come. */
async function lossAt(treat: (socket: Socket) => void): Promise<Loss | undefined> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => treat(socket));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    await ask({ port, secure: false, method: 'GET', headers: {} });
    return undefined;
  } catch (error) {
    return (error as { loss: Loss }).loss;
  } finally {
    server.close();
  }
}

const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe';

test('each way to lose a request is told from the others', async () => {
  assert.equal(await lossAt((socket) => socket.end(`${HALF}llo`)), undefined);
  assert.equal(await lossAt((socket) => socket.end()), 'closed');
  assert.equal(await lossAt((socket) => socket.resetAndDestroy()), 'reset');
  assert.equal(await lossAt((socket) => socket.end(HALF)), 'cut');
});

test('nobody listens: refused', async () => {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  await assert.rejects(ask({ port, secure: false, method: 'GET', headers: {} }), { loss: 'refused' });
});
