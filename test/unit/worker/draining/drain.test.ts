/** What clients see of a drain, for each kind of connection. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http, { type ServerResponse } from 'node:http';
import http2, { type ClientHttp2Session, type Http2ServerResponse } from 'node:http2';
import https from 'node:https';
import net, { type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import tls from 'node:tls';
import type { DrainTerms } from '../../../../src/ipc/messages.ts';
import { Drain, type Moves } from '../../../../src/worker/draining/drain.ts';
import { OneShotHooks } from '../../../../src/worker/draining/one-shot-hooks.ts';
import { IdleConnections } from '../../../../src/worker/draining/idle-connections.ts';
import { Server as PreforkServer } from '../../../../src/http.ts';
import { secure as secured } from '../../../../src/tls.ts';
import { Servers } from '../../../../src/worker/listening/servers.ts';
import { certificate } from '../../../support/paths.ts';
import { Client, closing, count, get, listen, PatientServer } from '../helpers.ts';

const secure = { key: readFileSync(certificate.TLS_KEY), cert: readFileSync(certificate.TLS_CERT) };
const head = 'POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n';
const half = get().slice(0, 20);
const rest = get().slice(20);

/** A worker that is this process, with one server. */
class Bench {
  readonly port: number;
  readonly drain: Drain;
  /** When the drain was over. */
  overAt: number | undefined;
  #begunAt = 0;

  static async start(t: TestContext, server: Server, moves?: Moves): Promise<Bench> {
    const requests = count(t);
    const idle = new IdleConnections(requests);
    const servers = new Servers();
    servers.whenAdded((added) => {
      requests.trackHttp2(added);
      requests.trackServed(added);
      idle.watch(added);
    });
    server.once('listening', () => servers.add(server, undefined));
    return new Bench(
      await listen(t, server),
      new Drain({ hooks: new OneShotHooks('onDrain'), servers, requests, idle, moves }),
    );
  }

  private constructor(port: number, drain: Drain) {
    this.port = port;
    this.drain = drain;
  }

  begin(terms: DrainTerms): Promise<void> {
    this.#begunAt = performance.now();
    const over = this.drain.begin(terms);
    void over.then(() => (this.overAt = performance.now()));
    return over;
  }

  /** How long ago the drain began, ms. */
  get elapsed(): number {
    return performance.now() - this.#begunAt;
  }
}

const answer = (_request: unknown, response: { end(text: string): unknown }): void => void response.end('ok');

interface Kind {
  readonly tls: boolean;
  readonly create: (handler: http.RequestListener) => Server;
}
/** A context answers as a response does. Its request has come to its end. */
const whole = { resume: () => whole, once: (_end: string, listener: () => void): void => listener() };
const contextual = (handler: http.RequestListener, options: object = {}): Server =>
  new PreforkServer({ ...options, handler: (ctx) => handler(whole as never, ctx as never) });

const kinds: Record<string, Kind> = {
  'prefork/http': { tls: false, create: (handler) => contextual(handler) },
  'prefork/http with tls': { tls: true, create: (handler) => contextual(handler, { tls: secure }) },
  'prefork/http behind listenAndServeTLS': { tls: true, create: (handler) => secured(contextual(handler), secure) },
  http: { tls: false, create: (handler) => http.createServer(handler) },
  https: { tls: true, create: (handler) => https.createServer(secure, handler) },
  'http over http2': {
    tls: true,
    create: (handler) => http2.createSecureServer({ ...secure, allowHTTP1: true }, handler as unknown as () => void),
  },
};

for (const [kind, { tls: encrypted, create }] of Object.entries(kinds)) {
  const connect = async (t: TestContext, { port }: Bench): Promise<Client> => {
    const client = new Client(t, port, { tls: encrypted });
    await once(client.socket, encrypted ? 'secureConnect' : 'connect');
    return client;
  };

  test(`${kind}: an idle connection is closed after the idle time and not before, and the drain is over`, async (t) => {
    const bench = await Bench.start(t, create(answer));
    const client = await connect(t, bench);
    client.send(get());
    await client.received(/ok$/);
    const over = bench.begin({ idle: 200, spread: 0 });
    await client.closed();
    assert.ok(bench.elapsed >= 200, `${bench.elapsed} ms`);
    await over;
  });

  test(`${kind}: so is one that never had a request`, async (t) => {
    const bench = await Bench.start(t, create(answer));
    const client = await connect(t, bench);
    const over = bench.begin({ idle: 200, spread: 0 });
    await client.closed();
    assert.ok(bench.elapsed >= 200, `${bench.elapsed} ms`);
    await over;
  });

  for (const [when, before] of [
    ['the first', []],
    ['a later', [get()]],
  ] as const) {
    test(`${kind}: one on which the head of ${when} request is arriving stays, and is answered`, async (t) => {
      const bench = await Bench.start(t, create(answer));
      const client = await connect(t, bench);
      const witness = await connect(t, bench);
      for (const request of before) {
        client.send(request);
        await client.received(/ok$/);
      }
      client.send(half);
      // The server has one loop: when it answers the witness, it has read what came before.
      witness.send(get());
      await witness.received(/ok$/);
      const over = bench.begin({ idle: 0, spread: 0 });
      await witness.closed();
      await delay(100);
      assert.equal(client.socket.readyState, 'open');
      client.send(rest);
      await client.closed();
      assert.match(client.text, /Connection: close\r\n[^]*ok$/);
      await over;
    });
  }

  test(`${kind}: one on which a body is arriving stays, and is answered`, async (t) => {
    const bench = await Bench.start(
      t,
      create((request, response) => void request.resume().once('end', () => response.end('ok'))),
    );
    const client = await connect(t, bench);
    const asked = once(client.socket, 'data');
    client.send(head.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'));
    await asked;
    client.send('12');
    const over = bench.begin({ idle: 0, spread: 0 });
    await delay(100);
    client.send('34');
    await client.closed();
    assert.match(client.text, /Connection: close\r\n[^]*ok$/);
    await over;
  });
}

test('https: half a record of TLS is a part of a request too', async (t) => {
  const bench = await Bench.start(t, https.createServer(secure, answer));
  // A relay stands between client and server, and cuts what the client writes.
  let held: Buffer | undefined;
  let cuts = false;
  const upstream = net.connect(bench.port, '127.0.0.1');
  const proxy = net.createServer((downstream) => {
    upstream.pipe(downstream);
    downstream.on('data', (bytes: Buffer) => {
      upstream.write(cuts ? bytes.subarray(0, 10) : bytes);
      if (cuts) held = bytes.subarray(10);
    });
  });
  t.after(() => upstream.destroy());
  const client = new Client(t, await listen(t, proxy), { tls: true });
  client.send(get());
  await client.received(/ok$/);
  const over = bench.begin({ idle: 1000, spread: 0 });
  await delay(700);
  cuts = true;
  client.send(get());
  await delay(700);
  assert.ok(held !== undefined);
  upstream.write(held);
  await client.closed();
  assert.match(client.text, /Connection: close\r\n[^]*ok$/);
  await over;
});

/** Measures for how long at most this process got no CPU, ms. What is due meanwhile comes at once. */
function longestStall(t: TestContext): () => number {
  let last = performance.now();
  let longest = 0;
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(look, 5);
  t.after(() => clearInterval(timer));
  return () => (look(), longest);
}

test('idle connections are closed one after another', async (t) => {
  const bench = await Bench.start(t, http.createServer(answer));
  const clients = Array.from({ length: 10 }, () => new Client(t, bench.port));
  const closedAt = clients.map(async (client) => {
    await client.closed();
    return bench.elapsed;
  });
  for (const client of clients) client.send(get());
  await Promise.all(clients.map((client) => client.received(/ok$/)));
  const stall = longestStall(t);
  await bench.begin({ idle: 0, spread: 1000 });
  const times = (await Promise.all(closedAt)).toSorted((a, b) => a - b);
  const what = `${times.join(' ')}, with a stall of ${stall()} ms`;
  assert.ok(times[0]! < 500 + stall(), what);
  assert.ok(times[9]! >= 950, what);
  assert.ok(new Set(times.map((time) => Math.floor(time / 50))).size >= 5 - stall() / 100, what);
});

test('with requests going on, those who wait for their turn are answered all the same', async (t) => {
  const bench = await Bench.start(t, http.createServer(answer));
  const client = new Client(t, bench.port);
  client.send(get());
  await client.received(/ok$/);
  void bench.begin({ idle: 0, spread: 10_000 });
  await delay(100);
  client.send(get());
  await client.closed();
  assert.match(client.text, /Connection: close\r\n[^]*ok$/);
});

/** Moves that go on until they are stopped. */
class EndlessMoves implements Moves {
  readonly stopped: number[] = [];
  isProgressing = true;
  readonly begin = (): void => undefined;
  readonly redirect = (): void => undefined;
  readonly look = (): void => undefined;
  readonly whenGivenUp = (): void => undefined;
  readonly canMove = (): boolean => true;
  readonly onFree = (): void => undefined;

  stop(): void {
    this.isProgressing = false;
    this.stopped.push(performance.now());
  }
}

test('as long as connections go on to move, clients are told to go half the idle time later', async (t) => {
  const moves = new EndlessMoves();
  const bench = await Bench.start(t, http.createServer(answer), moves);
  const client = new Client(t, bench.port);
  client.send(get());
  await client.received(/ok$/);
  const begunAt = performance.now();
  await bench.begin({ idle: 400, spread: 0, takenOver: true, successor: 'slot' });
  assert.ok(moves.stopped[0]! - begunAt >= 600, `${moves.stopped[0]! - begunAt}`);
});

/** So long a turn of a drain takes on the fake clock. */
const TURN_MS = 25;

/** A machine without CPU to spare: each look of the drain stands still in its middle. The clock goes on in looks and in turns alone. */
for (const [what, takes] of [
  ['no CPU at the beginning', (nth: number) => (nth === 1 ? 60 : 1)],
  ['too little CPU all the time', () => 60],
  ['hardly any CPU at the end', (nth: number) => (nth > 5 ? 200 : 1)],
] as const) {
  test(`looks that are preempted put off none of the moments of a drain: ${what}`, async (t) => {
    let clock = 1000;
    t.mock.method(performance, 'now', () => clock);
    const toldAt: number[] = [];
    const looks: number[] = [];
    const moves = new EndlessMoves();
    moves.stop = () => {
      moves.isProgressing = false;
      toldAt.push(clock);
    };
    const look = (): void => {
      looks.push(clock);
      clock += takes(looks.length);
    };
    const requests = { inFlight: 0, drain: () => undefined, closeSessions: () => undefined };
    const servers = {
      [Symbol.iterator]: () => [].values(),
      open: () => {
        clock += TURN_MS;
        return toldAt.length === 0 ? 1 : 0;
      },
    };
    const drain = new Drain({
      hooks: new OneShotHooks('onDrain'),
      servers: servers as unknown as Servers,
      requests: requests as unknown as ReturnType<typeof count>,
      idle: { note: () => undefined, longerThan: () => [] } as unknown as IdleConnections,
      moves: Object.assign(moves, { look }),
    });
    const begunAt = clock;
    await drain.begin({ idle: 600, spread: 0, takenOver: true, successor: 'slot' });
    // Clients are told at the end of a look, and a turn may have begun before the moment.
    const latest = 900 + TURN_MS + Math.max(...looks.map((_, nth) => takes(nth + 1)));
    const what = `told after ${toldAt[0]! - begunAt}, looks after ${looks.map((time) => time - begunAt).join(' ')}`;
    assert.ok(toldAt[0]! - begunAt >= 900 && toldAt[0]! - begunAt <= latest, what);
  });
}

for (const [when, terms] of [
  ['when all should be closed', { idle: 2000, spread: 1000 }],
  ['when half of them should be', { idle: 1000, spread: 1000 }],
] as const) {
  test(`connections that did not move are closed one after another also when the moves end ${when}`, async (t) => {
    const bench = await Bench.start(t, http.createServer(answer), new EndlessMoves());
    const clients = Array.from({ length: 40 }, () => new Client(t, bench.port));
    const closedAt = clients.map(async (client) => {
      await client.closed();
      return bench.elapsed;
    });
    for (const client of clients) client.send(get());
    await Promise.all(clients.map((client) => client.received(/ok$/)));
    const stall = longestStall(t);
    await bench.begin({ ...terms, takenOver: true, successor: 'slot' });
    const times = await Promise.all(closedAt);
    assert.ok(Math.min(...times) >= terms.idle * 1.5, times.join(' '));
    const atOnce = times.map((from) => times.filter((time) => time >= from && time < from + 50).length);
    // At least half of the time is left for them.
    const late = (clients.length * stall()) / (terms.spread / 2);
    assert.ok(Math.max(...atOnce) <= 16 + late, `${times.join(' ')}, with a stall of ${stall()} ms`);
  });
}

test('told again, it takes the shorter times', async (t) => {
  const bench = await Bench.start(t, http.createServer(answer));
  const client = new Client(t, bench.port);
  client.send(get());
  await client.received(/ok$/);
  const over = bench.begin({ idle: 600_000, spread: 600_000 });
  assert.equal(bench.begin({ idle: 0, spread: 0 }), over);
  assert.equal(bench.begin({ idle: 600_000, spread: 600_000 }), over);
  await client.closed();
  await over;
});

test('a connection whose answer said keep-alive is kept for the idle time from then on', async (t) => {
  const server = new PatientServer();
  const bench = await Bench.start(t, server.server);
  const client = new Client(t, bench.port);
  client.send(get());
  await server.asked(1);
  server.responses[0]!.write('long ');
  await client.received(/long/);
  void bench.begin({ idle: 400, spread: 0 });
  await delay(500);
  server.responses[0]!.end('answer');
  await client.received(/answer/);
  await delay(100);
  client.send(get());
  await server.asked(2);
  server.responses[1]!.end('last');
  await client.closed();
  assert.match(client.text, /Connection: close\r\n[^]*last/);
});

test('an answer that has ended for its handler and not for its client is sent to the last byte', async (t) => {
  const size = 30 * 1024 * 1024;
  const server = http.createServer((_request, response) => response.end(Buffer.alloc(size, 'x')));
  const bench = await Bench.start(t, server);
  const client = new Client(t, bench.port);
  client.socket.pause();
  client.send(get());
  await once(server, 'request');
  const over = bench.begin({ idle: 0, spread: 0 });
  await delay(100);
  client.socket.resume();
  await client.closed();
  assert.equal(client.text.length - client.text.indexOf('\r\n\r\n') - 4, size);
  await over;
});

test('an event stream goes on, and the drain with it, until its client goes', async (t) => {
  const server = new PatientServer();
  const bench = await Bench.start(t, server.server);
  const client = new Client(t, bench.port);
  client.send(get());
  await server.asked(1);
  const [stream] = server.responses as [ServerResponse];
  stream.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
  await client.received(/data: 1/);
  const over = bench.begin({ idle: 0, spread: 0 });
  await delay(100);
  stream.write('data: 2\n\n');
  await client.received(/data: 2/);
  assert.equal(bench.overAt, undefined);
  client.socket.destroy();
  await over;
});

for (const [what, request, event] of [
  ['WebSocket', get().replace('\r\n\r\n', '\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'), 'upgrade'],
  ['CONNECT tunnel', 'CONNECT test:1 HTTP/1.1\r\nHost: test\r\n\r\n', 'connect'],
] as const) {
  test(`a ${what} stays open, silent or not, and the drain is over when it ends`, async (t) => {
    const server = http.createServer();
    server.on(event, (_request, socket: Socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
      socket.pipe(socket);
    });
    const bench = await Bench.start(t, server);
    const client = new Client(t, bench.port);
    client.send(request);
    await client.received(/\r\n\r\n/);
    const over = bench.begin({ idle: 0, spread: 0 });
    await delay(100);
    client.send('echo');
    await client.received(/echo$/);
    assert.equal(bench.overAt, undefined);
    client.socket.end();
    await over;
  });
}

for (const [name, create, encrypted] of [
  ['net', (handler: (socket: Socket) => void) => net.createServer(handler), false],
  ['tls', (handler: (socket: Socket) => void) => tls.createServer(secure, handler), true],
] as const) {
  test(`connections of a ${name} server stay, whatever they do`, async (t) => {
    const bench = await Bench.start(
      t,
      create((socket) => void socket.pipe(socket)),
    );
    const silent = new Client(t, bench.port);
    const client = new Client(t, bench.port, { tls: encrypted });
    client.send('one');
    await client.received(/one/);
    const over = bench.begin({ idle: 0, spread: 0 });
    await delay(100);
    client.send('two');
    await client.received(/two/);
    assert.equal(bench.overAt, undefined);
    client.socket.end();
    silent.socket.end();
    await over;
  });
}

for (const [name, create] of [
  ['https', () => https.createServer(secure, answer)],
  ['http2', () => http2.createSecureServer(secure, answer) as unknown as Server],
] as const) {
  test(`${name}: a connection without a handshake is idle, and one in the middle of it is not`, async (t) => {
    const server = create();
    const bench = await Bench.start(t, server);
    const silent = new Client(t, bench.port);
    const beginning = new Client(t, bench.port);
    // This begins a record with a ClientHello that is longer than what comes.
    beginning.socket.write(Buffer.from([22, 3, 1, 1, 0, 1, 0]));
    const raw: Socket[] = [];
    server.on('connection', (socket: Socket) => raw.push(socket));
    while (raw.length < 2 || !raw.some((socket) => socket.bytesRead > 0)) await delay(1);
    const over = bench.begin({ idle: 100, spread: 0 });
    await silent.closed();
    assert.ok(bench.elapsed >= 100);
    await delay(100);
    assert.equal(beginning.socket.readyState, 'open');
    beginning.socket.destroy();
    await over;
  });
}

interface Http2Kind {
  readonly create: (handler: (request: unknown, response: Http2ServerResponse) => void) => Server;
  readonly connect: (port: number) => ClientHttp2Session;
}
const http2Kinds: Record<string, Http2Kind> = {
  h2c: {
    create: (handler) => http2.createServer(handler),
    connect: (port) => http2.connect(`http://127.0.0.1:${port}`),
  },
  'http2 over tls': {
    create: (handler) => http2.createSecureServer(secure, handler),
    connect: (port) => http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false }),
  },
};

for (const [kind, { create, connect }] of Object.entries(http2Kinds)) {
  const open = async (t: TestContext, { port }: Bench): Promise<ClientHttp2Session> => {
    const session = connect(port).on('error', () => undefined);
    t.after(() => session.destroy());
    await once(session, 'remoteSettings');
    return session;
  };

  test(`${kind}: a stream in flight finishes, its session is told to go and closes`, async (t) => {
    const responses: Http2ServerResponse[] = [];
    const server = create((_request, response) => void responses.push(response));
    const bench = await Bench.start(t, server);
    const session = await open(t, bench);
    const [goneAway, closed] = [once(session, 'goaway'), closing(session)];
    const stream = session.request({ ':path': '/' });
    await once(server, 'request');
    const over = bench.begin({ idle: 0, spread: 0 });
    assert.equal((await goneAway)[0], http2.constants.NGHTTP2_NO_ERROR);
    await delay(100);
    assert.equal(bench.overAt, undefined);
    responses[0]!.end('ok');
    assert.equal(await text(stream), 'ok');
    await closed;
    await over;
  });

  test(`${kind}: an idle session is told to go at once`, async (t) => {
    const bench = await Bench.start(t, create(answer));
    const session = await open(t, bench);
    const closed = closing(session);
    assert.equal(await text(session.request({ ':path': '/' })), 'ok');
    const over = bench.begin({ idle: 600_000, spread: 600_000 });
    await closed;
    await over;
  });

  test(`${kind}: a session that was opened for its first request has it served`, async (t) => {
    const bench = await Bench.start(t, create(answer));
    const session = await open(t, bench);
    const closed = closing(session);
    const over = bench.begin({ idle: 600_000, spread: 600_000 });
    assert.equal(await text(session.request({ ':path': '/' })), 'ok');
    await closed;
    await over;
  });
}

test('h2c: a connection on which nothing comes is closed after the idle time', async (t) => {
  const bench = await Bench.start(t, http2.createServer(answer));
  const client = new Client(t, bench.port);
  await once(client.socket, 'data');
  const over = bench.begin({ idle: 200, spread: 0 });
  await client.closed();
  assert.ok(bench.elapsed >= 200, `${bench.elapsed} ms`);
  await over;
});

test('the application’s functions run when it begins, and it is over when they are', async (t) => {
  const bench = await Bench.start(t, http.createServer(answer));
  let end = (): void => {};
  bench.drain.hooks.add(() => new Promise((resolve) => (end = resolve)));
  let ran = '';
  bench.drain.hooks.add(() => void (ran += 'before '));
  assert.equal(ran, '');
  const over = bench.begin({ idle: 0, spread: 0 });
  assert.equal(ran, 'before ');
  bench.drain.hooks.add(() => void (ran += 'after '));
  assert.equal(ran, 'before after ');
  await delay(100);
  assert.equal(bench.overAt, undefined);
  end();
  await over;
});
