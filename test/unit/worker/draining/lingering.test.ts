import assert from 'node:assert/strict';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Lingering } from '../../../../src/worker/draining/lingering.ts';
import { Requests } from '../../../../src/worker/draining/requests.ts';
import { Client, get, PatientServer, seenAtLast } from '../helpers.ts';

/** The kernel takes such an answer, also while its client reads nothing. */
const LARGE = 'x'.repeat(500_000);
/** A reset takes less, ms. */
const RESET_MS = 50;

interface Bench {
  readonly lingering: Lingering;
  readonly server: PatientServer;
  readonly client: Client;
}

/** A server that drains, and has not answered a client yet. */
async function ask(t: TestContext): Promise<Bench> {
  const lingering = new Lingering();
  const requests = new Requests(undefined, undefined, lingering.closeAfterAnswer);
  t.after(() => requests.close());
  const server = new PatientServer();
  const client = new Client(t, await server.listen(t));
  client.send(get());
  await server.asked(1);
  requests.drain();
  return { lingering, server, client };
}

/** A server that drains, and has answered a client that does not read. */
async function setUp(t: TestContext, answer: string): Promise<Bench> {
  const bench = await ask(t);
  bench.client.socket.pause();
  const [response] = bench.server.responses;
  response!.end(answer);
  await once(response!, 'finish');
  return bench;
}

test('a client that reads slowly and goes on asking gets the whole of the last answer', async (t) => {
  const { lingering, server, client } = await setUp(t, LARGE);
  for (let asked = 0; asked < 3; asked++) {
    client.send(get());
    await delay(RESET_MS);
  }
  client.socket.resume();
  await client.closed();
  assert.match(client.text, /^Connection: close\r$/m);
  assert.equal(client.text.slice(client.text.indexOf('\r\n\r\n') + 4), LARGE);
  assert.equal(server.responses.length, 1, 'what came after the last answer is not served');
  assert.equal(await seenAtLast(0, () => lingering.count), 0);
});

test('the application sees its socket close at once, and the client goes on reading', async (t) => {
  const { lingering, server, client } = await setUp(t, LARGE);
  const { socket } = server.responses[0]!.req;
  await seenAtLast(true, () => socket.closed);
  assert.deepEqual([socket.closed, socket.errored, lingering.count], [true, null, 1]);
  assert.equal(socket.remoteAddress, '127.0.0.1');
  client.socket.resume();
  await client.closed();
});

test('the application sees its response and its socket end in the order that Node has', async (t) => {
  const { server, client } = await ask(t);
  const [response] = server.responses;
  const { socket } = response!.req;
  const seen: string[] = [];
  for (const event of ['finish', 'close']) {
    response!.once(event, () => seen.push(`response ${event}, ${socket.destroyed}, ${socket.localAddress}`));
    socket.once(event, () => seen.push(`socket ${event}`));
  }
  const ended = finished(socket, { readable: false });
  response!.end('x');
  await ended;
  await client.closed();
  await seenAtLast(4, () => seen.length);
  assert.deepEqual(seen, [
    'response finish, false, 127.0.0.1',
    'response close, false, 127.0.0.1',
    'socket finish',
    'socket close',
  ]);
});

test('a client that neither reads nor closes is waited for only so long', async (t) => {
  const { lingering, client } = await setUp(t, LARGE);
  const begunAt = performance.now();
  await seenAtLast(0, () => lingering.count);
  const waited = performance.now() - begunAt;
  assert.equal(lingering.count, 0);
  assert.ok(waited > 1500, `${waited} ms`);
  client.socket.destroy();
});
