/** Tests which connections have a part of a request: one of a head, or one of a body. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { Server as OwnServer } from '../../../../src/http/server/server.ts';
import { Servers } from '../../../../src/worker/listening/servers.ts';
import { Migration } from '../../../../src/worker/migration/migration.ts';
import { receivingOf } from '../../../../src/worker/node-internals/index.ts';
import { poll } from '../../../support/watched.ts';

const HEAD = 'Host: x\r\n';

test('a connection is listed while a part of a request has come, and not before, between or after', async (t) => {
  const server = createServer((request, response) => void request.resume().on('end', () => response.end('x')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const open = async (text: string): Promise<Socket> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  };
  const partOf = (port: number | undefined): string | undefined =>
    [...receivingOf(server)].find(({ socket }) => socket.remotePort === port)?.part;
  const silent = await open('');
  const [head, body] = [
    await open(`GET / HTTP/1.1\r\n${HEAD}`),
    await open(`POST / HTTP/1.1\r\n${HEAD}Content-Length: 2\r\n\r\na`),
  ];
  const idle = await open(`GET / HTTP/1.1\r\n${HEAD}\r\n`);
  await once(idle, 'data');
  await poll(() => [...receivingOf(server)].length === 2 || undefined, 'both parts');
  const parts = [silent, head, body, idle].map(({ localPort }) => partOf(localPort));
  assert.deepEqual(parts, [undefined, 'head', 'body', undefined]);
  idle.write('GET / HTTP/1.1\r\n');
  await poll(() => partOf(idle.localPort), 'the next request');
  head.write('\r\n');
  body.write('b');
  await Promise.all([once(head, 'data'), once(body, 'data')]);
  assert.deepEqual(
    [head, body, idle].map(({ localPort }) => partOf(localPort)),
    [undefined, undefined, 'head'],
  );
});

test('those of node:http and of prefork/http are listed', async (t) => {
  const servers = new Servers();
  const handoffs = { claim: () => undefined, send: () => false, takeBack: () => undefined };
  const migration = new Migration({ servers, handoffs, slot: () => 0 });
  for (const server of [createServer(), new OwnServer({ handler: (ctx) => ctx.end('x') })]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.add(server, undefined);
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    t.after(() => {
      socket.destroy();
      server.close();
    });
    socket.write(`GET / HTTP/1.1\r\n${HEAD}`);
    const listed = (): string | undefined =>
      [...migration.receiving()].find((one) => one.socket.remotePort === socket.localPort)?.part;
    assert.equal(await poll(listed, 'a part'), 'head');
  }
});
