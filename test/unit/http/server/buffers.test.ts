/** Tests all that a client can make grow: each has a limit, and docs/http.md names the test of each. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Addresses } from '../../../../src/http/server/addresses.ts';
import { Body } from '../../../../src/http/message/body.ts';
import type { Context } from '../../../../src/http.ts';
import { root } from '../../../support/paths.ts';
import { request, resolvers, serve } from '../helpers.ts';

test('every row of the table of buffers names a test that there is', () => {
  const page = readFileSync(`${root}docs/http.md`, 'utf8');
  const folder = `${root}test/unit/http/`;
  const tests = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(folder + file, 'utf8'))
    .join('');
  const [, table = ''] = /### What a client can make grow\n\n([^]*?)\n\n#/.exec(page) ?? [];
  const rows = table.split('\n').filter((line) => /^\| (?!---|What )/.test(line));
  assert.ok(rows.length > 12, page);
  for (const row of rows) {
    const names = row.split(' | ').at(-1)!.replace(/ \|$/, '').split('; ');
    for (const name of names) assert.ok(tests.includes(`'${name}'`), `no test is called: ${name}`);
  }
});

test('memory for a body grows as bytes come, not by what is announced', () => {
  for (const announced of [-1, 4_000_000]) {
    const body = new Body(undefined as never);
    const store = (): number => {
      // The store is the memory of the bytes. Small ones are in Node's pool.
      body.complete();
      return body.bytes.buffer.byteLength;
    };
    body.append(Buffer.from('x'), 0, 1, announced);
    assert.ok(store() <= Buffer.poolSize, `${store()} bytes for one`);
    body.append(Buffer.alloc(100_000), 0, 100_000, announced);
    assert.ok(store() <= 2 * 100_001, `${store()} bytes for 100001`);
    assert.equal(body.bytes.length, 100_001);
  }
});

test('addresses without connections are forgotten', () => {
  const addresses = new Addresses();
  for (let host = 0; host < 1000; host++) assert.equal(addresses.take(`10.0.0.${host}`, 1), true);
  assert.equal(addresses.take('10.0.0.1', 1), false);
  assert.equal(addresses.size, 1000);
  for (let host = 0; host < 1000; host++) addresses.give(`10.0.0.${host}`);
  assert.equal(addresses.size, 0);
});

test('what follows an upgrade is not read before somebody reads it', async (t) => {
  const { promise, resolve } = resolvers<Socket>();
  const { server, client } = await serve(t, { handler: (ctx) => ctx.end() });
  server.on('upgrade', (_request, socket: Socket) => resolve(socket));
  const sender = client();
  sender.send(request('GET /', { Connection: 'Upgrade', Upgrade: 'raw' }));
  const socket = await promise;
  sender.socket.write(Buffer.alloc(16 * 1024 * 1024));
  await settled(socket);
  assert.ok(socket.bytesRead < 512 * 1024, `${socket.bytesRead} bytes were read`);
});

test('after the last response what comes is thrown away, and for 2 s only', async (t) => {
  const { server, port } = await serve(t, { handler: (ctx) => ctx.end() });
  const accepted = once(server, 'connection');
  // This client does not close its half when the server has closed the other.
  const stubborn = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
  t.after(() => stubborn.destroy());
  const [socket] = (await accepted) as [Socket];
  stubborn.write('BAD\r\n\r\n');
  await once(stubborn.resume(), 'end');
  const begun = performance.now();
  const timer = setInterval(() => stubborn.write(Buffer.alloc(64 * 1024)), 5);
  await once(socket, 'close');
  clearInterval(timer);
  assert.ok(performance.now() - begun > 1000, 'it was not read on');
  assert.ok(socket.bytesRead > 256 * 1024, `${socket.bytesRead} bytes were read`);
});

test('one client that pipelines without end holds no more than its limit', async (t) => {
  const { promise, resolve } = resolvers<Context>();
  const { client } = await serve(t, { handler: (ctx) => resolve(ctx) });
  const sender = client();
  sender.send(request('GET /'));
  const ctx = await promise;
  sender.socket.write(Buffer.alloc(16 * 1024 * 1024, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
  await settled(ctx.socket);
  assert.ok(ctx.socket.bytesRead < 256 * 1024, `${ctx.socket.bytesRead} bytes were read`);
});

test('a form has a limit of files', async (t) => {
  const { port } = await serve(t, {
    async handler(ctx) {
      await ctx.body.multipart((part) => part.content.resume(), { files: 1 });
      ctx.end('taken');
    },
  });
  const ask = async (parts: string): Promise<number> => {
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const init = { method: 'POST', headers, body: `${parts}--b--\r\n` };
    return (await fetch(`http://127.0.0.1:${port}/`, init)).status;
  };
  const file = '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nx\r\n';
  assert.equal(await ask(file), 200);
  assert.equal(await ask(file + file), 413);
});

/** Waits as long as the kernel brings something. */
async function settled(socket: Socket): Promise<void> {
  for (let before = -1; before !== socket.bytesRead;) {
    before = socket.bytesRead;
    for (let turn = 0; turn < 50; turn++) await nextTurn();
  }
}
