/** Servers behind a proxy that sends PROXY protocol: every kind of server sees the client's address, and no bad header. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { after, before as first, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { serve, type App } from '../../support/app.ts';
import { connected, get } from '../../support/http.ts';
import { Haproxy, noHaproxy } from '../../support/haproxy.ts';
import { certificate } from '../../support/paths.ts';
import { ownSharings } from '../../support/platform.ts';
import { endSuccessor, upgraded } from '../../support/upgrades.ts';
import { binary, binaryHeader, textHeader } from '../../support/proxy-headers.ts';
import { poll } from '../../support/watched.ts';
import { endOf, visit, visitHttp2 } from '../../support/proxied.ts';

const kinds = ['NET', 'TLS', 'HTTP', 'HTTPS', 'H2C', 'H2', 'EXPRESS', 'FASTIFY', 'OWN', 'OWN_TLS', 'ALONE'] as const;
type Kind = (typeof kinds)[number];

const v4 = { from: '192.0.2.1', port: 4321 };
const v6 = { from: '2001:db8::7', to: '2001:db8::8', port: 1234 };
const isOverTls: readonly Kind[] = ['TLS', 'HTTPS', 'OWN_TLS'];

async function serveAll(options: readonly string[]): Promise<{ app: App; ports: Record<Kind, number> }> {
  const one = await serve({ entry: 'whose-address.mjs', options, env: certificate });
  return { app: one, ports: await portsOf(one) };
}

/** Waits until the first worker of each primary, of which there have been so many, has said all its ports. */
async function portsOf(one: App, primaries = 1): Promise<Record<Kind, number>> {
  const said = (): RegExpMatchArray[] => [...one.stdout.matchAll(/port (\w+) (\d+)\n/g)];
  await poll(() => said().length >= kinds.length * primaries || undefined, 'the ports');
  const found = said().map(([, kind, port]) => [kind, Number(port)]);
  return Object.fromEntries(found) as Record<Kind, number>;
}

function ask(ports: Record<Kind, number>, kind: Kind, header: Buffer, pieces = 1): Promise<string> {
  const port = ports[kind];
  if (kind === 'H2C' || kind === 'H2') return visitHttp2({ port, header, tls: kind === 'H2' });
  const says = kind === 'NET' || kind === 'TLS' ? { says: 'hello' } : {};
  return visit({ port, header, tls: isOverTls.includes(kind), pieces, ...says });
}

async function everyKindSees(own: Record<Kind, number>): Promise<void> {
  for (const kind of kinds) assert.match(await ask(own, kind, binaryHeader(v4)), /192\.0\.2\.1 4321 IPv4/, kind);
}

type Counts = Record<'proxied' | 'proxyMalformed' | 'proxyLate', number>;

/** The figures of all workers together. */
async function countsOf({ controlSockets: [socketPath] }: App): Promise<Counts> {
  const { body } = await get({ socketPath: socketPath! }, { path: '/status' });
  const { slots } = JSON.parse(body) as { slots: Array<{ worker: { vitals: Counts | null } | null }> };
  const sum = (name: keyof Counts): number =>
    slots.reduce((total, { worker }) => total + (worker?.vitals?.[name] ?? 0), 0);
  return { proxied: sum('proxied'), proxyMalformed: sum('proxyMalformed'), proxyLate: sum('proxyLate') };
}

/** Waits until it has grown by so many. Workers write their figures four times a second. */
async function untilCounted(app: App, name: keyof Counts, before: Counts, by: number): Promise<void> {
  const grown = async (): Promise<number> => (await countsOf(app))[name] - before[name];
  await poll(async () => (await grown()) >= by || undefined, `${by} more of ${name}`);
  assert.equal(await grown(), by);
}

let app: App;
let ports: Record<Kind, number>;

first(async () => {
  ({ app, ports } = await serveAll(['--workers', '2', '--proxy-protocol', '127.0.0.1,127.0.0.9,unix']));
});
after(() => app[Symbol.asyncDispose]());

for (const kind of kinds) {
  test(`${kind}: the client's address, by both versions, whole and in pieces`, async () => {
    for (const pieces of kind === 'H2' || kind === 'H2C' ? [1] : [1, 3, 30]) {
      assert.match(await ask(ports, kind, textHeader(v4), pieces), /192\.0\.2\.1 4321 IPv4/);
      assert.match(await ask(ports, kind, binaryHeader(v6), pieces), /2001:db8::7 1234 IPv6/);
    }
    // A proxy that speaks for itself, as in a health check.
    assert.match(await ask(ports, kind, binary(0x20, 0, Buffer.alloc(0))), /127\.0\.0\.1 \d+ IPv4/);
  });
}

for (const sharing of ownSharings) {
  test(`${sharing}: every kind sees the client after an upgrade, and one whose header came while it went on`, async () => {
    const options = ['--workers', '2', '--proxy-protocol', '127.0.0.1', '--sharing', sharing];
    const { app: old, ports: own } = await serveAll(options);
    await using _old = old;
    // The old workers have accepted these, and know a part of the header.
    const to = (['NET', 'HTTP', 'OWN'] as const).map((kind) => own[kind]);
    const slow = await Promise.all(to.map((port) => connected({ host: '127.0.0.1', port })));
    const begunAt = performance.now();
    for (const socket of slow) socket.write(textHeader(v4).subarray(0, 20));
    old.signal('SIGUSR2');
    const { fields } = await old.event('upgraded');
    const rest = `${textHeader(v4).subarray(20).toString()}GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`;
    const ends = slow.map((socket) => endOf(socket));
    for (const socket of slow) socket.write(rest);
    // On a machine with too much to do the upgrade may take longer than a header is waited for.
    const isInTime = performance.now() - begunAt < 4000;
    for (const end of await Promise.all(ends)) if (isInTime) assert.match(end, /192\.0\.2\.1 4321 IPv4/);
    await upgraded(old);
    await everyKindSees(await portsOf(old, 2));
    await endSuccessor(old, Number(fields['pid']));
  });
}

test('round-robin: every kind sees the client, whose connection comes from the primary', async () => {
  const options = ['--workers', '2', '--proxy-protocol', '127.0.0.1', '--sharing', 'round-robin'];
  const { app: one, ports: own } = await serveAll(options);
  await using _one = one;
  await everyKindSees(own);
});

test('what came with the header reaches the application, and nothing of the header', async () => {
  const says = 'x'.repeat(60_000);
  const answer = await visit({ port: ports.NET, header: binaryHeader(v4), says });
  assert.match(answer, /^192\.0\.2\.1 4321 IPv4 \d \d+ x+$/);
  const body = 'y'.repeat(100_000);
  const request = `POST / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  for (const port of [ports.HTTP, ports.OWN]) {
    assert.match(await visit({ port, header: binaryHeader(v4), says: request }), /^HTTP\/1.1 200/);
  }
});

test('HAProxy: Express, Fastify, net, TLS see the client', { skip: noHaproxy }, async () => {
  const to: readonly Kind[] = ['EXPRESS', 'FASTIFY', 'NET', 'TLS', 'OWN', 'HTTPS'];
  const ways = to.flatMap((kind) =>
    ['send-proxy', 'send-proxy-v2', 'send-proxy-v2 proxy-v2-options crc32c,unique-id'].map((options) => ({
      mode: 'tcp' as const,
      to: ports[kind],
      options,
    })),
  );
  await using haproxy = await Haproxy.open(ways);
  for (const [at, port] of haproxy.ports.entries()) {
    const kind = to[Math.floor(at / 3)]!;
    const own = await ask({ ...ports, [kind]: port }, kind, Buffer.alloc(0));
    // The client is 127.0.0.1, and HAProxy itself 127.0.0.9.
    assert.match(own, /127\.0\.0\.1 \d+ IPv4/, `${kind} ${ways[at]!.options}`);
    assert.doesNotMatch(own, /127\.0\.0\.9/);
  }
});

test('bad headers are closed, counted and said once, and reach no application', async () => {
  const before = await countsOf(app);
  const bads = [
    Buffer.from('GET / HTTP/1.1\r\nHost: test\r\n\r\n'),
    Buffer.from('PROXY TCP4 999.0.0.1 192.0.2.1 1 1\r\n'),
    Buffer.from(`PROXY UNKNOWN ${'f'.repeat(200)}\r\n`),
    binary(0x21, 0x11, Buffer.alloc(5000)),
    binary(0x31, 0x11, Buffer.alloc(12)),
  ];
  for (const header of bads)
    for (const kind of ['NET', 'HTTP', 'OWN', 'TLS'] as const) {
      assert.equal(
        await visit({ port: ports[kind], header, says: 'hello' }),
        '',
        `${kind} ${header.toString('latin1')}`,
      );
    }
  // A connection that ends within its header counts. A look whether the port is open does not.
  const cut = await connected({ host: '127.0.0.1', port: ports.NET });
  cut.end(binaryHeader(v4).subarray(0, 20));
  assert.equal(await endOf(cut), '');
  (await connected({ host: '127.0.0.1', port: ports.NET })).destroy();
  await app.event('proxy header refused', { peer: '127.0.0.1' });
  await untilCounted(app, 'proxyMalformed', before, 21);
  assert.equal(app.events('proxy header refused').length, 1);
});

test('a header that does not come is waited for, for 5 s', async () => {
  const before = await countsOf(app);
  const silent = await connected({ host: '127.0.0.1', port: ports.NET });
  const slow = await connected({ host: '127.0.0.1', port: ports.HTTP });
  slow.write('PROXY ');
  const start = performance.now();
  assert.deepEqual(await Promise.all([endOf(silent), endOf(slow)]), ['', '']);
  const took = performance.now() - start;
  assert.ok(took > 4500 && took < 30_000, `${took}`);
  await untilCounted(app, 'proxyLate', before, 2);
});

test(
  'others are served as they are, and a header of theirs is none',
  { skip: process.platform !== 'linux' },
  async () => {
    const from = { localAddress: '127.0.0.5', host: '127.0.0.1' };
    const own = connect({ ...from, port: ports.NET });
    own.write('hello');
    assert.match(await endOf(own), /^127\.0\.0\.5 \d+ IPv4 \d \d+ hello$/);
    const forger = connect({ ...from, port: ports.HTTP });
    forger.write(Buffer.concat([textHeader(v4), Buffer.from('GET / HTTP/1.1\r\nHost: test\r\n\r\n')]));
    assert.match(await endOf(forger), /^HTTP\/1\.1 400/);
  },
);

test('a connection that moves keeps its client', async () => {
  const options = ['--workers', '2', '--proxy-protocol', '127.0.0.1', '--migrate', 'every-answer'];
  const { app: moving, ports: own } = await serveAll(options);
  await using _moving = moving;
  for (const kind of ['HTTP', 'EXPRESS', 'FASTIFY', 'OWN'] as const) {
    const socket = await connected({ host: '127.0.0.1', port: own[kind] });
    socket.setEncoding('utf8').write(binaryHeader(v4));
    const workers = new Set<string>();
    for (let turn = 0; turn < 100 && workers.size < 2; turn++) {
      socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
      const [answer] = (await once(socket, 'data')) as [string];
      assert.match(answer, /192\.0\.2\.1 4321 IPv4/);
      workers.add(/IPv4 \d+ (\d+)/.exec(answer)![1]!);
      await delay(10);
    }
    socket.destroy();
    assert.equal(workers.size, 2, kind);
  }
  assert.deepEqual(moving.events('worker exited'), []);
});

test('sticky-ip goes by the client, also when it has sent much', async () => {
  const options = ['--workers', '2', '--proxy-protocol', '127.0.0.1', '--balance', 'sticky-ip'];
  const { app: sticky, ports: own } = await serveAll(options);
  await using _sticky = sticky;
  const slots = new Set<string>();
  for (const kind of ['NET', 'OWN'] as const) {
    const says =
      kind === 'NET'
        ? 'x'.repeat(30_000)
        : `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 30000\r\n\r\n${'z'.repeat(30_000)}`;
    for (let client = 0; client < 24; client++) {
      const header = binaryHeader({ from: `192.0.2.${client}`, port: 1 });
      const answers = [];
      for (let time = 0; time < 3; time++) answers.push(await visit({ port: own[kind], header, says }));
      const seen = answers.map((answer) => new RegExp(`192\\.0\\.2\\.${client} 1 IPv4 (\\d)`).exec(answer)?.[1]);
      assert.equal(new Set(seen).size, 1, answers.map((answer) => answer.slice(0, 60)).join('\n'));
      slots.add(seen[0]!);
    }
  }
  assert.equal(slots.size, 2);
  assert.deepEqual(sticky.events('one client'), []);
});

test('sticky-ip says when all its clients are one', async () => {
  await using sticky = await serve({ entry: 'hello.js', options: ['--workers', '2', '--balance', 'sticky-ip'] });
  for (let count = 0; count < 400 && sticky.events('one client').length === 0; count++) await get(sticky.target);
  await sticky.event('one client');
  assert.equal(sticky.events('one client').length, 1);
});
