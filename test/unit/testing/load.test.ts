/** Checks that the load counts exactly what a server does to its requests. */
import assert from 'node:assert/strict';
import { createSecureServer, createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { KeptClient } from '../../../src/testing/kept/kept-client.ts';
import { startLoad } from '../../../src/testing/load/load.ts';
import type { LossCause } from '../../../src/testing/load/loss.ts';
import { Period } from '../../../src/testing/load/period.ts';
import type { LoadReport } from '../../../src/testing/load/recorder.ts';
import { isEcho, type LoadRequest } from '../../../src/testing/load/request.ts';
import { certificate } from '../../support/paths.ts';
import { http, listen, raw } from './servers.ts';

const echo: readonly LoadRequest[] = [{ check: isEcho }, { method: 'POST', body: 16_384, check: isEcho }];
const pem = { key: readFileSync(certificate.TLS_KEY), cert: readFileSync(certificate.TLS_CERT) };

/** Returns the losses by cause, without the zeros. */
function lost({ lostBy }: LoadReport): Partial<Record<LossCause, number>> {
  return Object.fromEntries(Object.entries(lostBy).filter(([, count]) => count > 0));
}

for (const connections of ['kept', 'new', 'mixed'] as const) {
  test(`a server that loses nothing, ${connections} connections`, async (t) => {
    let served = 0;
    const target = await listen(
      t,
      http((nth, _request, response, body) => {
        served = nth;
        response.end(body);
      }),
    );
    const load = startLoad(target, { clients: 8, connections, requests: echo });
    await load.everyClientAnswered();
    await load.answers(1000);
    const report = await load.stop();
    assert.deepEqual(lost(report), {});
    assert.equal(report.answered, served);
    assert.ok(report.answered >= 1000);
    const perKind = Object.values(report.kinds).map(({ answered }) => answered);
    assert.equal(perKind.length, connections === 'mixed' ? 4 : 2);
    assert.equal(
      perKind.reduce((sum, count) => sum + count),
      served,
      'the kinds sum up',
    );
    if (connections === 'kept') assert.equal(report.connections.opened, 8);
    if (connections === 'new') assert.equal(report.connections.opened, served);
    assert.ok(report.latency.p50 > 0 && report.latency.p99 <= report.latency.max);
  });
}

test('every 100th connection is reset', async (t) => {
  let resets = 0;
  const server = http((_nth, _request, response) => response.end('x'));
  let connections = 0;
  server.prependListener('connection', (socket) => {
    if (++connections % 100 !== 0) return;
    resets++;
    socket.resetAndDestroy();
  });
  const load = startLoad(await listen(t, server), { clients: 4, connections: 'new' });
  await load.answers(1000);
  const report = await load.stop();
  assert.ok(resets >= 10);
  assert.deepEqual(lost(report), { reset: resets });
  assert.equal(report.connections.opened, connections);
  const [first] = report.losses;
  assert.equal(first?.kind.endsWith('new connections'), true);
  assert.equal(first?.connection?.requests, 1);
});

test('a kept connection that is closed as the next request comes is a loss, and after the answer is none', async (t) => {
  let closed = 0;
  const server = http((nth, request, response) => {
    if (nth % 50 !== 0) return void response.end('x');
    closed++;
    request.socket.end();
  });
  const load = startLoad(await listen(t, server), { clients: 4, connections: 'kept' });
  await load.answers(1000);
  const report = await load.stop();
  assert.ok(closed >= 20);
  assert.deepEqual(lost(report), { closed });
});

test('connections that are closed while idle are no loss, but are counted', async (t) => {
  let ended = 0;
  const server = http((_nth, request, response) => {
    response.end('x', () => {
      ended++;
      request.socket.end();
    });
  });
  const load = startLoad(await listen(t, server), { clients: 2, connections: 'kept', pause: 50 });
  await load.answers(10);
  const report = await load.stop();
  assert.deepEqual(lost(report), {});
  // The last close of each client may come after the load has stopped.
  assert.ok(report.connections.closedIdle >= 8 && report.connections.closedIdle <= ended, JSON.stringify(report));
  assert.equal(report.connections.opened, ended);
});

test('`Connection: close` makes a kept connection a new one, and loses nothing', async (t) => {
  let closes = 0;
  const server = http((nth, _request, response) => {
    if (nth % 10 === 0) response.setHeader('Connection', 'close');
    if (nth % 10 === 0) closes++;
    response.end('x');
  });
  const load = startLoad(await listen(t, server), { clients: 4, connections: 'kept' });
  await load.answers(500);
  const report = await load.stop();
  assert.deepEqual(lost(report), {});
  // The last answer of a client may be one that closes, and then no connection follows.
  assert.ok(report.connections.opened >= closes && report.connections.opened <= closes + 4);
});

test('answers that are cut in the middle, by an end or by a reset', async (t) => {
  let cuts = 0;
  const server = http((nth, request, response) => {
    if (nth % 20 !== 0) return void response.end('whole');
    cuts++;
    response.writeHead(200, { 'Content-Length': 10 });
    response.write('half.', () => (nth % 40 === 0 ? request.socket.resetAndDestroy() : request.socket.end()));
  });
  const load = startLoad(await listen(t, server), { clients: 4 });
  await load.answers(400);
  const report = await load.stop();
  assert.ok(cuts >= 20);
  const { cut, reset } = report.lostBy;
  // A reset discards what the client has not read yet.
  assert.equal(cut + reset, cuts);
  assert.ok(cut >= cuts / 2);
});

test('one wrong answer and one wrong status', async (t) => {
  const server = http((nth, _request, response, body) => {
    if (nth === 300) response.statusCode = 503;
    response.end(nth === 200 ? Buffer.from('wrong') : body);
  });
  const load = startLoad(await listen(t, server), { clients: 4, requests: echo });
  await load.answers(500);
  const report = await load.stop();
  assert.deepEqual(lost(report), { wrong: 1, status: 1 });
  const details = report.losses.map(({ detail }) => detail).join('\n');
  assert.match(details, /expected the \d+ bytes that were sent, got 5; the answer/);
  assert.match(details, /expected a status below 500, got 503/);
});

test('a check that is not synchronous checks nothing, and is told so', async (t) => {
  const server = http((_nth, _request, response) => response.end('x'));
  const check = async (): Promise<void> => {};
  const load = startLoad(await listen(t, server), { clients: 1, timeout: 50, requests: [{ check }] });
  await assert.rejects(load.everyClientAnswered());
  assert.match((await load.stop()).losses[0]!.detail, /check returned a promise; it has to be synchronous/);
});

test('what is not HTTP is a wrong answer', async (t) => {
  const target = await listen(
    t,
    raw((socket, nth) =>
      socket.once('data', () => socket.end(nth === 1 ? 'hello?\r\n\r\n' : 'HTTP/1.1 204 x\r\n\r\n')),
    ),
  );
  const load = startLoad(target, { clients: 1, connections: 'new' });
  await load.answers(3);
  assert.deepEqual(lost(await load.stop()), { wrong: 1 });
});

test('a request that hangs is lost after the timeout, and all others are answered', async (t) => {
  const server = http((nth, _request, response) => {
    if (nth !== 50) response.end('x');
  });
  const load = startLoad(await listen(t, server), { clients: 4, timeout: 300 });
  await load.answers(100);
  await load.everyClientAnswered();
  const report = await load.stop();
  assert.deepEqual(lost(report), { timeout: 1 });
  const [loss] = report.losses;
  assert.ok(loss!.waited >= 300 && loss!.waited < 20_000, `${loss!.waited}`);
});

test('a client whose own process is busy does not blame the server', async (t) => {
  const load = startLoad(
    await listen(
      t,
      http((_nth, _request, response) => response.end('x')),
    ),
    { clients: 4, timeout: 100 },
  );
  await load.everyClientAnswered();
  const until = performance.now() + 400;
  while (performance.now() < until);
  await load.everyClientAnswered();
  const report = await load.stop();
  assert.deepEqual(lost(report), {});
  assert.ok(report.longestSilence >= 400);
});

test('nobody listens', async (t) => {
  const server = http(() => {});
  const target = await listen(t, server);
  await new Promise((resolve) => server.close(resolve));
  const load = startLoad(target, { clients: 2, timeout: 50 });
  await assert.rejects(load.everyClientAnswered(), /an answer for each client, of which 2 had none/);
  const report = await load.stop();
  assert.deepEqual(Object.keys(lost(report)), ['refused']);
  assert.equal(report.answered, 0);
});

test('over TLS', async (t) => {
  const server = createHttpsServer(pem, (request, response) => request.pipe(response));
  const load = startLoad(await listen(t, server), { clients: 4, tls: true, requests: echo });
  await load.answers(100);
  assert.deepEqual(lost(await load.stop()), {});
});

test('a certificate that is not trusted, where it has to be, is no answer', async (t) => {
  const server = createHttpsServer(pem, (_request, response) => response.end());
  const load = startLoad(await listen(t, server), { clients: 1, tls: { ca: [] }, timeout: 50 });
  await assert.rejects(load.everyClientAnswered());
  const report = await load.stop();
  assert.deepEqual(Object.keys(lost(report)), ['wrong']);
  assert.match(report.losses[0]!.detail, /self-signed/);
});

for (const tls of [false, true]) {
  test(`HTTP/2${tls ? ' over TLS' : ''}: sessions are kept and shared, or one for each request`, async (t) => {
    const server = tls ? createSecureServer(pem) : createHttp2Server();
    let [sessions, streams] = [0, 0];
    server.on('session', () => sessions++);
    server.on('request', (request, response) => {
      streams++;
      request.pipe(response);
    });
    const load = startLoad(await listen(t, server), { clients: 32, protocol: 'http2', tls, requests: echo });
    await load.everyClientAnswered();
    await load.answers(300);
    const report = await load.stop();
    assert.deepEqual(lost(report), {});
    assert.deepEqual([report.answered, report.connections.opened, report.retried], [streams, sessions, 0]);
    const anew = Object.entries(report.kinds).filter(([kind]) => kind.includes('new'));
    const [asNew] = [anew.reduce((sum, [, { answered }]) => sum + answered, 0)];
    assert.equal(sessions, asNew + 2, '16 clients share two sessions');
  });
}

test('HTTP/2: GOAWAY loses nothing; what it refuses is sent again, and counted', async (t) => {
  const server = createHttp2Server();
  let [count, goaways] = [0, 0];
  const waiting: Array<() => void> = [];
  const answerAll = (): void => waiting.splice(0).forEach((answer) => answer());
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    waiting.push(() => {
      if (stream.destroyed) return;
      stream.respond({ ':status': 200 });
      stream.end('x');
    });
    // Some requests are in flight while the session is told to go away, and the last two of them are refused.
    if (++count % 40 === 0) {
      goaways++;
      (stream.session as ServerHttp2Session).goaway(0, stream.id! - 4);
    }
    if (count % 8 === 0) setImmediate(answerAll);
    if (count > 400) answerAll();
  });
  const load = startLoad(await listen(t, server), {
    clients: 8,
    protocol: 'http2',
    connections: 'kept',
    timeout: 2000,
  });
  await load.answers(400);
  const report = await load.stop();
  assert.ok(goaways >= 10, `${goaways}`);
  assert.deepEqual(lost(report), {}, JSON.stringify(report.losses[0]));
  assert.ok(report.retried >= goaways && report.retried <= goaways * 8, `${report.retried} in ${goaways}`);
});

test('HTTP/2: REFUSED_STREAM is sent again; any other reset is a loss, and so is a session that is cut off', async (t) => {
  const server = createHttp2Server();
  const [REFUSED_STREAM, INTERNAL_ERROR] = [7, 2];
  let count = 0;
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    count++;
    if (count === 20) return stream.close(REFUSED_STREAM);
    if (count === 40) return stream.close(INTERNAL_ERROR);
    if (count === 60) {
      stream.respond({ ':status': 200 });
      stream.write('half', () => stream.destroy(new Error('on purpose')));
      return;
    }
    if (count === 80) return (stream.session as ServerHttp2Session).destroy();
    stream.respond({ ':status': 200 });
    stream.end('x');
  });
  const load = startLoad(await listen(t, server), { clients: 1, protocol: 'http2', connections: 'kept' });
  await load.answers(100);
  const report = await load.stop();
  assert.deepEqual(lost(report), { reset: 1, cut: 1, closed: 1 }, JSON.stringify(report.losses));
  assert.deepEqual([report.retried, report.turnedAway], [1, 1]);
  assert.equal(report.connections.closedIdle, 0, 'what was lost is not counted twice');
});

test('HTTP/2: nobody listens', async (t) => {
  const server = createHttp2Server();
  const target = await listen(t, server);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  for (const connections of ['kept', 'new'] as const) {
    const load = startLoad(target, { clients: 2, protocol: 'http2', connections, timeout: 50 });
    await assert.rejects(load.everyClientAnswered());
    assert.deepEqual(Object.keys(lost(await load.stop())), ['refused']);
  }
});

const unusable: ReadonlyArray<[options: object, message: RegExp]> = [
  [{ client: 3 }, /unknown option client; did you mean clients\?/],
  [{ clients: 0 }, /clients: expected a whole number from 1 to 10000, got 0/],
  [{ connections: 'old' }, /connections: expected mixed, kept or new, got "old"/],
  [{ protocol: 'http3' }, /protocol: expected http1 or http2, got "http3"/],
  [{ timeout: '5' }, /timeout: expected a time/],
  [{ tls: 'yes' }, /tls: expected true, false or options of tls.connect, got "yes"/],
  [{ requests: [] }, /requests: expected a list of at least one/],
  [{ requests: [{ path: 'x' }] }, /requests\[0\]\.path: expected a path that begins with \//],
  [{ requests: [{ url: '/' }] }, /requests\[0\]: unknown option url/],
  [{ requests: [{}, { body: -1 }] }, /requests\[1\]\.body: expected text, bytes, or how many random bytes, got -1/],
  [{ requests: [{ headers: { a: 'b\r\nc' } }] }, /requests\[0\]\.headers: expected an object of texts/],
  [{ requests: [{ headers: { Connection: 'close' } }] }, /without content-length, transfer-encoding or connection/],
  [{ requests: [{ check: true }] }, /requests\[0\]\.check: expected a function/],
];
for (const [options, message] of unusable) {
  test(`cannot be used: ${JSON.stringify(options)}`, () => {
    const start = (): unknown => startLoad({ host: '127.0.0.1', port: 9 }, options);
    assert.throws(start, { name: 'UsageError', code: 'ERR_PREFORK_USAGE', message });
  });
}

test('a target that is none', () => {
  for (const target of [undefined, '127.0.0.1:80', { port: 80 }] as never[]) {
    assert.throws(
      () => startLoad(target),
      /target: expected \{ host, port \} or \{ socketPath \}, such as app.target, got/,
    );
  }
});

/** Notes what Node warns of during a test. */
function warningsOf(t: TestContext): string[] {
  const seen: string[] = [];
  const note = ({ name, message }: Error): void => void seen.push(`${name}: ${message}`);
  process.on('warning', note);
  t.after(() => process.off('warning', note));
  return seen;
}

for (const protocol of ['http1', 'http2'] as const) {
  test(`many clients that rest are no leak to Node, ${protocol}`, async (t) => {
    const warnings = warningsOf(t);
    const server =
      protocol === 'http2'
        ? createHttp2Server((_request, response) => response.end('x'))
        : http((_nth, _request, response) => response.end('x'));
    const load = startLoad(await listen(t, server), { clients: 64, protocol, pause: 20 });
    await load.everyClientAnswered();
    await load.everyClientAnswered();
    await load.stop();
    await nextTurn();
    assert.deepEqual(warnings, []);
  });
}

test('many connections that are kept and rest are no leak to Node, and the end of the period ends the rest', async (t) => {
  const warnings = warningsOf(t);
  const target = await listen(
    t,
    http((_nth, _request, response) => response.end('x')),
  );
  const period = new Period();
  const route = { target, tls: undefined, timeout: 10_000 };
  const clients = Array.from({ length: 32 }, () => new KeptClient(route, [{}], 0));
  const asking = clients.map((client) => client.keepAsking(period, 60_000));
  while (!clients.every(({ answered }) => answered === 1)) await nextTurn();
  period.end();
  await Promise.all(asking);
  await period.rest(60_000);
  for (const client of clients) client.end();
  assert.deepEqual(warnings, []);
});
