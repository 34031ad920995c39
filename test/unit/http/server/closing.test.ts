/** Tests when the connections of a server that closes end: with their last answers, whatever `idleTimeout` is, and no sooner. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { Context, ServerOptions } from '../../../../src/http.ts';
import { Server } from '../../../../src/http.ts';
import { ReadFairness } from '../../../../src/worker/balancing/read-fairness.ts';
import { certificate } from '../../../support/paths.ts';
import { get } from '../../worker/helpers.ts';
import { Client, resolvers, serve } from '../helpers.ts';

const large = 'x'.repeat(8 * 1024 * 1024);
/** A connection that is idle, or that only lingers, is closed after 2 s. What closes sooner was ended. */
const SOON_MS = 1500;
/** A connection of a server that closes has been closed by then, however idle it may be. */
const LONGER_MS = 3500;

for (const saysClose of [true, false]) {
  const options: Partial<ServerOptions> = { idleTimeout: 0, closeOnShutdown: saysClose };
  const name = saysClose ? '' : ', with closeOnShutdown: false';

  test(`a response that was begun before is the last one, and whole${name}`, async (t) => {
    const { promise, resolve } = resolvers<Context>();
    const { server, client: open } = await serve(t, { ...options, handler: (ctx) => resolve((ctx.write('a'), ctx)) });
    const client = open();
    client.send(get('/'));
    await client.received(/a\r\n$/);
    const closed = once(server.close(), 'close');
    const ctx = await promise;
    ctx.end('b');
    await Promise.all([client.closed(), closed]);
    assert.match(client.text, /\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n$/);
  });

  test(`what was asked behind a response that was begun before is answered too${name}`, async (t) => {
    const { promise, resolve } = resolvers<Context>();
    const handler = (ctx: Context): void => (ctx.path === '/1' ? resolve((ctx.write('a'), ctx)) : ctx.end(ctx.path));
    const { server, client: open } = await serve(t, { ...options, handler });
    const client = open();
    client.send(get('/1'));
    await client.received(/a\r\n$/);
    const closed = once(server.close(), 'close');
    const ctx = await promise;
    client.send(get('/2') + get('/3'));
    ctx.end();
    await Promise.all([client.closed(), closed]);
    assert.match(client.text, /0\r\n\r\nHTTP.*\/2HTTP.*\/3$/s);
    assert.equal(/Connection: close(?!.*HTTP\/)/s.test(client.text), saysClose);
  });

  test(`a response that the client has not taken is the last one, and whole${name}`, async (t) => {
    const { server, client: open } = await serve(t, { ...options, handler: (ctx) => ctx.end(large) });
    const client = open();
    client.send(get('/'));
    await client.received(/x$/);
    client.socket.pause();
    const closed = once(server.close(), 'close');
    client.socket.resume();
    while (!client.text.endsWith(large)) await once(client.socket, 'data');
    const taken = performance.now();
    await Promise.all([client.closed(), closed]);
    assert.ok(performance.now() - taken < SOON_MS, `${performance.now() - taken} ms`);
  });

  test(`a request that has not been answered gets the last response${name}`, async (t) => {
    const { promise, resolve } = resolvers<Context>();
    const { server, client: open } = await serve(t, { ...options, handler: resolve });
    const client = open();
    client.send(get('/'));
    const ctx = await promise;
    const closed = once(server.close(), 'close');
    ctx.end('whole');
    await Promise.all([client.closed(), closed]);
    assert.match(client.text, /whole$/);
    assert.equal(client.text.includes('Connection: close'), saysClose);
  });
}

const tls = { key: readFileSync(certificate.TLS_KEY), cert: readFileSync(certificate.TLS_CERT) };
const kinds: Readonly<Record<string, Partial<ServerOptions>>> = { TCP: {}, TLS: { tls } };
const ways: Readonly<Record<string, (server: Server) => void>> = {
  'close()': (server) => void server.close(),
  'closeIdleConnections()': (server) => server.closeIdleConnections(),
  'close(), in turn': (server) => {
    const fairness = new ReadFairness();
    server.once('request-answered', (ctx: Context) => fairness.pauseOnce(ctx.socket));
    server.close();
  },
};

for (const [kind, options] of Object.entries(kinds)) {
  for (const [way, leave] of Object.entries(ways)) {
    test(`requests that the kernel has at ${way} are answered, and nothing else holds the connection: ${kind}`, async (t) => {
      const { server, client: open } = await serve(t, {
        ...options,
        idleTimeout: 0,
        handler(ctx) {
          ctx.end(ctx.path);
          if (ctx.path !== '/1') return;
          // The connection is idle when this comes, and the next requests have not been read.
          process.nextTick(() => {
            client.send(get('/2') + get('/3'));
            leave(server);
            server.emit('request-answered', ctx);
          });
        },
      });
      const client = open();
      client.send(get('/1'));
      await client.received(/\/3$/);
      server.close();
      const answered = performance.now();
      await client.closed();
      assert.ok(performance.now() - answered < SOON_MS, `${performance.now() - answered} ms`);
      assert.match(client.text, /\/1HTTP.*\/2HTTP.*\/3$/s);
    });
  }
}

test('a connection that a closed server is brought has a moment to ask', async (t) => {
  const server = new Server({ idleTimeout: 0, handler: (ctx) => ctx.end(ctx.path) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await once(server.close(), 'close');
  const front = createServer({ allowHalfOpen: true }, (socket) => server.emit('connection', socket)).listen(0);
  t.after(() => front.close());
  await once(front, 'listening');
  const { port } = front.address() as AddressInfo;
  const [silent, asking] = [connect(port), connect(port)];
  setTimeout(() => asking.write(get('/asked')), 100);
  let text = '';
  asking.on('data', (data) => (text += String(data)));
  silent.resume();
  await Promise.all([once(silent, 'close'), once(asking, 'close')]);
  assert.match(text, /Connection: close\r\n\r\n\/asked$/);
});

for (const saysClose of [true, false]) {
  test(`a server that listens again keeps connections, those that have outlasted its close too; closeOnShutdown: ${saysClose}`, async (t) => {
    const held = new Map<string, Context>();
    const server = new Server({
      closeOnShutdown: saysClose,
      handler: (ctx) => void (ctx.path.startsWith('/held') ? held.set(ctx.path, ctx) : ctx.end(ctx.path)),
    });
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const clientOf = async (): Promise<Client> => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return new Client(t, (server.address() as AddressInfo).port);
    };
    const answered = async (client: Client, path: string): Promise<void> => {
      client.send(get(path));
      await client.received(new RegExp(`${path}$`));
    };
    const waiting = async (client: Client, path: string): Promise<Context> => {
      client.send(get(path));
      while (!held.has(path)) await nextTurn();
      return held.get(path)!;
    };

    // A program closes a server that could not listen, and tries another port.
    server.close();
    const old = await clientOf();
    const first = await waiting(old, '/held-first');
    server.close();
    const other = await clientOf();
    first.end('/held-first');
    await old.received(/held-first$/);

    for (const client of [old, other]) {
      await answered(client, '/one');
      await answered(client, '/two');
    }
    await delay(LONGER_MS);
    for (const client of [old, other]) {
      await answered(client, '/three');
      assert.doesNotMatch(client.text, /Connection: close/);
    }

    // The next close counts as the first one does.
    const last = await waiting(other, '/held-last');
    const closed = once(server.close(), 'close');
    last.end('whole');
    await Promise.all([old.closed(), other.closed(), closed]);
    assert.match(other.text, /whole$/);
    assert.equal(other.text.includes('Connection: close'), saysClose);
  });
}
