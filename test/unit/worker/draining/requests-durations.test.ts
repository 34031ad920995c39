/** The histogram of a worker: which requests are in it, and with which time. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Server } from '../../../../src/http.ts';
import { durationsByClass } from '../../../../src/scoreboard/durations.ts';
import type { Requests } from '../../../../src/worker/draining/requests.ts';
import { Client, closing, count, get, listen, PatientServer } from '../helpers.ts';

const SLOW_MS = 60;

/** How many requests there were of each class of status, and how long they took together, ms. */
function heard({ durations, latencies }: Requests): { counts: Record<string, number>; sum: number } {
  const all = durationsByClass(durations).reduce((sum, { count: one }) => sum + one, 0);
  // The finer histogram has the same requests.
  assert.equal(
    latencies.reduce((sum, one) => sum + one, 0),
    all,
  );
  const classes = durationsByClass(durations).filter(({ count: all }) => all > 0);
  return {
    counts: Object.fromEntries(classes.map(({ status, count: all }) => [status, all])),
    sum: classes.reduce((sum, one) => sum + one.sum, 0),
  };
}

/** How much too early a timer may be, by the clock that is asked here. */
const EARLY_MS = 2;

const answers = (url: string): { status: number; ms: number } => {
  const [, status = '', ms = ''] = url.split('/');
  return { status: Number(status), ms: Number(ms) };
};

const servers: Readonly<Record<string, () => http.Server | Server>> = {
  'node:http': () =>
    http.createServer((request, response) => {
      const { status, ms } = answers(request.url!);
      response.statusCode = status;
      if (ms === 0) response.end('done');
      else setTimeout(() => response.end('done'), ms);
    }),
  'prefork/http': () =>
    new Server({
      handler: async (ctx) => {
        const { status, ms } = answers(ctx.path);
        if (ms > 0) await delay(ms);
        ctx.status(status).end('done');
      },
    }),
};

for (const [name, create] of Object.entries(servers)) {
  test(`${name}: each request counts in the class of its status, with its time`, async (t) => {
    const requests = count(t);
    const server = create();
    requests.trackServed(server);
    const client = new Client(t, await listen(t, server));
    const paths = ['/200/0', `/200/${SLOW_MS}`, '/404/0', '/503/0', '/302/0', `/503/${SLOW_MS}`];
    const start = performance.now();
    for (const [nth, path] of paths.entries()) {
      client.send(get(path));
      await client.received(new RegExp(`(?:done[^]*){${nth + 1}}$`));
    }
    const { counts, sum } = heard(requests);
    assert.deepEqual(counts, { '2xx': 2, '3xx': 1, '4xx': 1, '5xx': 2 });
    assert.ok(sum >= 2 * SLOW_MS - EARLY_MS && sum <= performance.now() - start, `${sum} ms`);
    assert.equal(requests.finished, paths.length);
  });
}

test('pipelined requests count from their own heads', async (t) => {
  const requests = count(t);
  const server = new PatientServer();
  const client = new Client(t, await server.listen(t));
  const start = performance.now();
  client.send(get());
  await server.asked(1);
  await delay(SLOW_MS);
  client.send(get().repeat(2));
  await server.asked(3);
  for (const response of server.responses) response.end('done');
  await client.received(/(?:done[^]*){3}$/);
  const took = performance.now() - start;
  const { counts, sum } = heard(requests);
  assert.deepEqual(counts, { '2xx': 3 });
  assert.ok(sum >= SLOW_MS - EARLY_MS && sum <= took + 2 * (took - SLOW_MS + EARLY_MS), `${sum} of ${took} ms`);
});

test('one whose client has left is in no bucket', async (t) => {
  const requests = count(t);
  const server = new PatientServer();
  const client = new Client(t, await server.listen(t));
  client.send(get());
  await server.asked(1);
  const gone = closing(server.responses[0]!.socket!);
  client.socket.destroy();
  await gone;
  assert.deepEqual([heard(requests).counts, requests.finished], [{}, 1]);
});
