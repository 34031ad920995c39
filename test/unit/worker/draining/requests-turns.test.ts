/** Tests which clients are paused because their requests keep the event loop, and that all clients get all their answers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Server } from '../../../../src/http.ts';
import { SERVED, type Served } from '../../../../src/http/server/served.ts';
import { Requests } from '../../../../src/worker/draining/requests.ts';
import { ReadFairness } from '../../../../src/worker/balancing/read-fairness.ts';
import { certificate } from '../../../support/paths.ts';
import { Client, get, listen } from '../helpers.ts';

const LONG_MS = 20;

/** Does what a request asks for: it computes, waits, or does nothing. */
async function work(path: string): Promise<void> {
  if (path === '/compute') for (const end = performance.now() + LONG_MS; performance.now() < end;);
  if (path === '/wait') await delay(LONG_MS);
}

const tls = { key: readFileSync(certificate.TLS_KEY), cert: readFileSync(certificate.TLS_CERT) };

function listener(request: http.IncomingMessage, response: http.ServerResponse): void {
  void work(request.url!);
  if (request.url === '/wait') setTimeout(() => response.end('done'), LONG_MS);
  else response.end('done');
}

async function handler(ctx: { readonly path: string; end(body: string): void }): Promise<void> {
  if (ctx.path === '/wait') await work(ctx.path);
  else void work(ctx.path);
  ctx.end('done');
}

const servers = {
  'node:http': () => http.createServer(listener),
  https: () => https.createServer(tls, listener),
  'prefork/http': () => new Server({ handler }),
  'prefork/http over TLS': () => new Server({ handler, tls }),
} as const;
type Name = keyof typeof servers;

interface Bench {
  /** The local ports of clients that were paused, one for each time. */
  readonly rested: number[];
  readonly connect: () => Client;
}

async function setUp(t: TestContext, name: Name): Promise<Bench> {
  const turns = new ReadFairness();
  const rested: number[] = [];
  const rest = turns.pauseOnce.bind(turns);
  t.mock.method(turns, 'pauseOnce', (socket: Socket) => {
    rested.push(socket.remotePort!);
    rest(socket);
  });
  const requests = new Requests(turns);
  t.after(() => requests.close());
  const server = servers[name]();
  requests.trackServed(server);
  const port = await listen(t, server);
  return { rested, connect: () => new Client(t, port, { tls: name === 'https' || name.endsWith('TLS') }) };
}

async function ask(client: Client, path: string): Promise<void> {
  client.text = '';
  client.send(get(path));
  await client.received(/done$/);
}

for (const name of Object.keys(servers) as Name[]) {
  test(`${name}: clients who take turns get all their answers`, async (t) => {
    const { connect, rested } = await setUp(t, name);
    const clients = [connect(), connect(), connect(), connect()];
    for (const client of clients) await ask(client, '/short');
    rested.length = 0;
    await Promise.all(
      clients.map(async (client) => {
        for (let nth = 0; nth < 5; nth++) await ask(client, '/compute');
      }),
    );
    // Over TLS Node does not tell whose request took long, so no client is paused there.
    assert.equal(rested.length, name === 'https' ? 0 : 20);
  });
}

for (const name of ['node:http', 'prefork/http'] as const) {
  test(`${name}: who had a request that kept the event loop rests, and nobody else`, async (t) => {
    const { connect, rested } = await setUp(t, name);
    const [short, long] = [connect(), connect()];
    // Code that is not compiled yet may take a while too.
    for (let nth = 1; nth <= 100; nth++) await ask(short, '/short');
    assert.ok(rested.length < 50, `${rested.length} of 100 short ones`);
    rested.length = 0;
    await ask(long, '/compute');
    assert.deepEqual(rested, [long.socket.localPort]);
  });

  test(`${name}: of many that wait at the same time one at most is taken for one that computes`, async (t) => {
    const { connect, rested } = await setUp(t, name);
    const clients = Array.from({ length: 8 }, connect);
    for (const client of clients) await ask(client, '/short');
    rested.length = 0;
    await Promise.all(clients.map((client) => ask(client, '/wait')));
    assert.ok(rested.length <= 1, `${rested.length} of 8`);
  });
}

test('a server that does not tell whose request it was has no turns', (t) => {
  const turns = new ReadFairness();
  const rest = t.mock.method(turns, 'pauseOnce', () => undefined);
  const requests = new Requests(turns);
  t.after(() => requests.close());
  let answered: ((status: number, ms: number) => void) | undefined;
  const served: Partial<Served> = { started: 1, finished: 1, time: (onAnswered) => void (answered = onAnswered) };
  requests.trackServed({ [SERVED]: served });
  answered!(200, 50);
  assert.equal(rest.mock.callCount(), 0);
});
