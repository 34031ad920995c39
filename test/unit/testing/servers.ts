/** Servers that lose requests on purpose, and report how many. */
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Target } from '../../../src/testing/load/target.ts';

/** Listens until the test is over. */
export async function listen(t: TestContext, server: Server): Promise<Target> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

/**
 * Makes a server whose handler gets the number of the request, from 1, over all connections. The body has arrived by
 * then.
 */
export function http(
  handle: (nth: number, request: IncomingMessage, response: ServerResponse, body: Buffer) => void,
): Server {
  let count = 0;
  return createHttpServer((request, response) => {
    const nth = ++count;
    const chunks: Buffer[] = [];
    request.on('data', (bytes: Buffer) => chunks.push(bytes));
    request.once('end', () => handle(nth, request, response, Buffer.concat(chunks)));
  });
}

/** Makes a server of bytes on a connection, for what node:http does not do. */
export function raw(handle: (socket: Socket, nth: number) => void): Server {
  let count = 0;
  return createServer((socket) => handle(socket, ++count));
}
