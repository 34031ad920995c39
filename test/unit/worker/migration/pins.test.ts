import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { worker } from 'prefork/worker';
import { isPinned } from '../../../../src/http/server/served.ts';
import { Server } from '../../../../src/http/server/server.ts';
import { Requests } from '../../../../src/worker/draining/requests.ts';
import { pinAuthenticated } from '../../../../src/worker/migration/pins.ts';
import { Client, listen } from '../helpers.ts';

const fields: ReadonlyArray<[field: string, pins: boolean]> = [
  ['Authorization: NTLM TlRMTVNTUAAB', true],
  ['authorization: negotiate YIIF', true],
  ['AUTHORIZATION: Negotiate', true],
  ['Proxy-Authorization: NTLM TlRMTVNTUAAB', true],
  ['PROXY-authorization: Negotiate YIIF', true],
  ['Authorization: NTLM\tTlRMTVNTUAAB', true],
  ['Authorization:\t NTLM \t TlRMTVNTUAAB', true],
  ['Authorization: NTLM, Basic bnRsbQ==', true],
  ['Authorization: NTLM=x', true],
  ['Authorization: Basic x\r\nAuthorization: NTLM x', true],
  ['Authorization: Basic bnRsbQ==', false],
  ['Proxy-Authorization: Basic bnRsbQ==', false],
  ['If-Unmodified-Since: NTLM x', false],
  ['Authorization: NTLM-2 x', false],
  ['Authorization: Bearer NTLM', false],
  ['Authorization: NTLMv9 x', false],
  ['Proxy-Status: NTLM x', false],
  ['X-Authorizati: NTLM x', false],
];

for (const [field, pins] of fields) {
  test(`${field} ${pins ? 'pins' : 'does not pin'} its connection, for later requests too`, async (t) => {
    const requests = new Requests(undefined, pinAuthenticated);
    t.after(() => requests.close());
    const server = createServer((_request, response) => response.end('ok'));
    const own = new Server({ handler: (ctx) => ctx.end('ok') });
    for (const one of [server, own]) {
      const sockets: Socket[] = [];
      one.on('connection', (socket: Socket) => sockets.push(socket));
      const client = new Client(t, await listen(t, one));
      client.send(`GET / HTTP/1.1\r\nHost: a\r\n\r\n`);
      await client.received(/ok$/);
      assert.equal(isPinned(sockets[0]!), false);
      client.send(`GET / HTTP/1.1\r\nHost: a\r\n${field}\r\nAccept: */*\r\n\r\n`);
      await client.received(/ok[^]*ok$/);
      assert.equal(isPinned(sockets[0]!), pins);
    }
  });
}

test('worker.pin pins, also where there is no prefork, and twice', () => {
  const socket = {} as Socket;
  worker.pin(socket);
  worker.pin(socket);
  assert.equal(isPinned(socket), true);
});
