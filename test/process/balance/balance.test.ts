/** Tests connections that move between workers, as their clients see it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { assertNoLostRequests } from 'prefork/testing';
import type { Status } from '../../../src/control/controls.ts';
import { monotonic } from '../../../src/scoreboard/clock.ts';
import { LoadView } from '../../../src/scoreboard/load-view.ts';
import { serve, startApp, type App } from '../../support/app.ts';
import { ask } from '../../support/http.ts';
import { filesOfPrimary } from '../../support/leftovers.ts';
import { certificate, fixture } from '../../support/paths.ts';
import { endSuccessor, upgraded } from '../../support/upgrades.ts';
import { poll } from '../../support/watched.ts';

const WORKERS = 4;
const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

interface Client {
  readonly slot: number;
  readonly isAddressRight: boolean;
  readonly socket: Socket;
  readonly close: () => void;
}

/** The first bytes of each protocol, and how its answer is read. */
const protocols = {
  http: { address: 0, open: (port: number, from?: string) => plain(port, REQUEST, from) },
  https: { address: 1, open: (port: number) => secure(port) },
  h2: { address: 1, open: (port: number) => overHttp2(port) },
  net: { address: 2, open: (port: number) => plain(port, 'hello\n') },
} as const;

/** Opens a client that writes as soon as it is connected, because nothing may be lost while the connection moves. */
async function plain(port: number, bytes: string, from = '127.0.0.1'): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.setEncoding('latin1').write(bytes);
  return clientOf(socket, await answerOf(socket));
}

async function secure(port: number): Promise<Client> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.setEncoding('latin1').write(REQUEST);
  return clientOf(socket, await answerOf(socket));
}

async function overHttp2(port: number): Promise<Client> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  const stream = session.request({ ':path': '/' });
  const text = await answerOf(stream.setEncoding('latin1'));
  // In Node 20 the session's socket is a stand-in that may not be destroyed.
  return { ...clientOf(session.socket, text), close: () => session.destroy() };
}

async function answerOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  const closed = once(stream, 'close').then(() => Promise.reject(new Error(`closed after ${JSON.stringify(text)}`)));
  closed.catch(() => undefined);
  stream.on('data', (more: string) => void (text += more));
  while (!/\d \d+/.test(text.slice(text.lastIndexOf('\n') + 1)) && !/^\d \d+ hello\n$/.test(text)) {
    await Promise.race([once(stream, 'data'), closed]);
  }
  return text;
}

function clientOf(socket: Socket, text: string): Client {
  const [, slot, port] = /(\d) (\d+)(?: hello\n)?$/.exec(text)!;
  return {
    slot: Number(slot),
    isAddressRight: Number(port) === socket.localPort,
    socket,
    close: () => socket.destroy(),
  };
}

function counts(clients: readonly Client[]): number[] {
  return Array.from({ length: WORKERS }, (_, slot) => clients.filter((client) => client.slot === slot).length);
}

function start(balance: string, ...options: string[]): Promise<App> {
  const flags = ['--workers', String(WORKERS), '--balance', balance, ...options];
  return serve({ entry: 'everyone.js', env: certificate, options: flags });
}

async function statusOf(app: App): Promise<Status> {
  return JSON.parse(await ask({ socketPath: app.controlSockets[0]! }, '/status')) as Status;
}

for (const [name, { address, open }] of Object.entries(protocols)) {
  test(`least-connections, ${name}: connections that come one after another are spread exactly`, async () => {
    await using app = await start('least-connections');
    await app.event('listening', {}, 3);
    const { port } = app.targets[address] as { port: number };
    const clients: Client[] = [];
    for (let nth = 0; nth < 4 * WORKERS; nth++) {
      clients.push(await open(port));
      await delay(5);
    }
    assert.deepEqual(counts(clients), [4, 4, 4, 4]);
    assert.ok(clients.every(({ isAddressRight }) => isAddressRight));
    for (const { close } of clients) close();
  });
}

test('least-connections: a pool that ended a moment ago and comes back is spread exactly too', async () => {
  await using app = await start('least-connections');
  await app.event('listening', {}, 3);
  const { port } = app.targets[0] as { port: number };
  for (let round = 0; round < 3; round++) {
    const clients: Client[] = [];
    for (let nth = 0; nth < 4 * WORKERS; nth++) {
      clients.push(await protocols.http.open(port));
      await delay(5);
    }
    assert.deepEqual(counts(clients), [4, 4, 4, 4], `round ${round}`);
    for (const { close } of clients) close();
    await untilStatus(app, ({ slots }) => sumOf(slots, 'connectionsOpen') === 0);
  }
});

test('least-connections: clients whose requests take long are served in turn', async () => {
  const options = ['--workers', '1', '--balance', 'least-connections'];
  await using app = await serve({ entry: 'computes.js', env: { STEPS: '2000000' }, options });
  const { port } = app.targets[0] as { port: number };
  const [clients, answers] = [4, 50];
  const numbers = await Promise.all(Array.from({ length: clients }, () => numbersOf(port, answers)));
  // Each gap counts the answers from one answer of a client to its next. With turns there are as many as there are
  // clients, give or take the one that is being answered. Without turns about a fifth are 6 or 7. A client that the
  // machine delays may miss a turn.
  const gaps = numbers.flatMap((all) => all.slice(1).map((number, nth) => number - all[nth]!));
  const late = gaps.filter((gap) => gap > clients + 1).length;
  assert.ok(late < 0.1 * gaps.length, `${late} of ${gaps.length}: ${numbers.map((all) => all.join(' ')).join('; ')}`);
});

test('least-connections: while workers whose requests compute are reloaded and scaled nothing is lost', async () => {
  const report = await assertNoLostRequests({
    entry: fixture('computes.js'),
    env: { STEPS: '1500000' },
    options: ['--workers', '2', '--balance', 'least-connections', '--drain-timeout', '10s'],
    clients: 12,
    connections: 'kept',
    during: async (app) => {
      for (const workers of [3, 2, 3]) {
        await app.reload();
        await app.scale(workers);
      }
    },
  });
  assert.ok(report.answered > 0);
});

/** Lists the answers of `computes.js` to a client that asks again as soon as it has an answer. */
async function numbersOf(port: number, count: number): Promise<number[]> {
  const socket = connect({ port, host: '127.0.0.1' }).setNoDelay(true).setEncoding('latin1');
  const numbers: number[] = [];
  while (numbers.length < count) {
    socket.write(REQUEST);
    const [text] = (await once(socket, 'data')) as [string];
    numbers.push(Number(/\d+$/.exec(text)![0]));
  }
  socket.destroy();
  return numbers;
}

test('a connection that moved counts once, and status says how even it is', async () => {
  await using app = await start('least-connections');
  await app.event('listening', {}, 3);
  const { port } = app.targets[0] as { port: number };
  const clients: Client[] = [];
  for (let nth = 0; nth < 32; nth++) clients.push(await plain(port, REQUEST));
  // The figures that decide are published at once, the others with the next beat.
  const status = await untilStatus(
    app,
    ({ slots, balance }) =>
      sumOf(slots, 'connectionsOpen') === 32 && sumOf(slots, 'handoffsReceived') >= balance.handoffs.done,
  );
  await untilStatus(app, ({ slots }) => sumOf(slots, 'connectionsAccepted') >= 32);
  assert.equal(sumOf((await statusOf(app)).slots, 'connectionsAccepted'), 32);
  assert.equal(status.balance.mode, 'least-connections');
  assert.equal(status.balance.skew, 1);
  const { done, refused, failed } = status.balance.handoffs;
  assert.ok(done > 0, 'the kernel would have to be exact by chance');
  assert.deepEqual([refused, failed], [0, 0]);
  assert.equal(sumOf(status.slots, 'handoffsReceived'), done);
  assert.equal(sumOf(status.slots, 'handoffsSent'), done);
  for (const { socket } of clients) socket.destroy();
});

test('handoffs are counted by slot, and stay when the workers that counted them die', async () => {
  await using app = await start('least-connections', '--admin', '0');
  const { fields } = await app.event('admin');
  const admin = { host: '127.0.0.1', port: Number(new URL(String(fields['address'])).port) };
  await app.event('listening', {}, 3);
  const { port } = app.targets[0] as { port: number };
  const clients: Client[] = [];
  for (let nth = 0; nth < 32; nth++) clients.push(await plain(port, REQUEST));
  await untilStatus(app, ({ slots, balance }) => sumOf(slots, 'handoffsSent') === balance.handoffs.done);
  const handoffs = async (): Promise<[done: number, received: number, lost: number]> => {
    const lines = (await ask(admin, '/metrics')).split('\n').filter((line) => line.startsWith('prefork_handoffs'));
    const sum = (pattern: RegExp): number =>
      lines.filter((line) => pattern.test(line)).reduce((all, line) => all + Number(line.split(' ')[1]), 0);
    return [sum(/outcome="done"/), sum(/_received_total/), sum(/outcome="(refused|failed)"/)];
  };
  const { done } = (await statusOf(app)).balance.handoffs;
  assert.ok(done > 0, 'the kernel would have to be exact by chance');
  assert.deepEqual(await handoffs(), [done, done, 0]);
  for (let slot = 0; slot < WORKERS; slot++) {
    process.kill(app.worker(slot), 'SIGKILL');
    await app.event('worker ready', { slot }, 2);
  }
  assert.deepEqual(await handoffs(), [done, done, 0]);
  for (const { close } of clients) close();
});

test('sticky-ip: a client comes to one slot, also after its worker was replaced, a reload and an upgrade', async () => {
  await using app = await start('sticky-ip');
  await app.event('listening', {}, 3);
  const { port } = app.targets[0] as { port: number };
  const addresses = Array.from({ length: 64 }, (_, nth) => `127.0.${nth}.1`);
  const slotsOf = async (): Promise<number[]> => {
    const clients = await Promise.all(
      addresses.flatMap((from) => [plain(port, REQUEST, from), plain(port, REQUEST, from)]),
    );
    for (const { socket, isAddressRight } of clients) assert.ok(isAddressRight && socket.destroy());
    return addresses.map((from, nth) => {
      assert.equal(clients[2 * nth]!.slot, clients[2 * nth + 1]!.slot, from);
      return clients[2 * nth]!.slot;
    });
  };
  const before = await slotsOf();
  assert.equal(new Set(before).size, WORKERS);
  process.kill(app.worker(1), 'SIGKILL');
  await app.event('worker ready', { slot: 1 }, 2);
  await untilStatus(app, ({ slots }) => slots[1]!.worker?.vitals?.beat !== undefined && slots[1]!.state === 'serving');
  assert.deepEqual(await slotsOf(), before);
  app.signal('SIGHUP');
  await app.event('reload done');
  assert.deepEqual(await slotsOf(), before, 'after a reload');
  app.signal('SIGUSR2');
  const primary = await upgraded(app);
  await untilStatus(app, ({ slots }) =>
    slots.every(({ worker, state }) => worker?.vitals?.beat !== undefined && state === 'serving'),
  );
  assert.deepEqual(await slotsOf(), before, 'after an upgrade');
  await endSuccessor(app, primary);
});

for (const sharing of ['shared', 'auto']) {
  test(`while workers are killed and replaced nobody but their own clients is lost, sharing ${sharing}`, async (t) => {
    await using app = await start('least-connections', '--sharing', sharing);
    await app.event('listening', {}, 3);
    const { port } = app.targets[0] as { port: number };
    const over = new AbortController();
    // Also when the test fails: the clients would connect for ever, in the end each to itself.
    t.after(() => over.abort());
    const lost: string[] = [];
    const visit = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const { socket } = await plain(port, REQUEST).catch((error: unknown) => {
          lost.push(String(error));
          return { socket: undefined };
        });
        // Some clients stay for a while, so that there is something to balance.
        setTimeout(() => socket?.destroy(), Math.random() * 300);
      }
    };
    const visitors = Array.from({ length: 8 }, visit);
    for (let nth = 1; nth <= 3; nth++) {
      await delay(200);
      process.kill(app.worker(nth), 'SIGKILL');
      await app.event('worker ready', { slot: nth }, 2);
      app.signal('SIGHUP');
      await app.event('reload done', {}, nth);
    }
    over.abort();
    await Promise.all(visitors);
    const { handoffs } = (await statusOf(app)).balance;
    assert.ok(handoffs.done > 0);
    // Each client waits for its answer, so a killed worker had accepted at most as many connections as there are
    // clients.
    assert.ok(lost.length <= 3 * 8, lost.join('\n'));
  });
}

test('the primary dies with a connection on its way: its client is not left waiting, and no worker stays', async () => {
  await using app = await start('least-connections');
  await app.event('listening', {}, 3);
  const { port } = app.targets[0] as { port: number };
  const view = new LoadView(filesOfPrimary(app.pid)[0]!);
  // The primary now passes no connections on, and acknowledges none.
  app.signal('SIGSTOP');
  const visitors: Visitor[] = [];
  while (!isAnyOnTheWay(view)) {
    assert.ok(visitors.length < 200, 'the kernel would have to be exact by chance');
    visitors.push(await Visitor.come(port));
  }
  view.close();
  app.signal('SIGKILL');
  const isServedOrSentAway = ({ isAnswered, socket }: Visitor): boolean => isAnswered || socket.closed;
  await poll(() => visitors.every(isServedOrSentAway) || undefined, 'the end of the connection on its way');
  for (const { socket } of visitors) socket.destroy();
  await app.gone();
});

test('balance needs workers that accept by themselves', async () => {
  const flags = ['--balance', 'sticky-ip', '--sharing', 'round-robin'];
  await using app = await startApp({ entry: 'hello.js', options: flags });
  assert.equal((await app.exit()).code, 2);
  assert.match(app.stderr, /--balance sticky-ip needs workers that accept by themselves/);
});

/** A client that asks once, and does not wait for the answer. */
class Visitor {
  readonly socket: Socket;
  isAnswered = false;

  private constructor(socket: Socket) {
    this.socket = socket.on('error', () => undefined).once('data', () => (this.isAnswered = true));
    socket.write(REQUEST);
  }

  static async come(port: number): Promise<Visitor> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Visitor(socket);
  }
}

function isAnyOnTheWay(view: LoadView): boolean {
  assert.ok(view.refresh(monotonic()));
  return view.coming.some((connections) => connections > 0);
}

function sumOf(
  slots: Status['slots'],
  figure: 'connectionsOpen' | 'connectionsAccepted' | `handoffs${'Sent' | 'Received'}`,
): number {
  return slots.reduce((sum, { worker }) => sum + (worker?.vitals?.[figure] ?? 0), 0);
}

/** Waits for a status, because figures come with the next beat. */
async function untilStatus(app: App, holds: (status: Status) => boolean): Promise<Status> {
  for (let tries = 0; tries < 100; tries++) {
    const status = await statusOf(app);
    if (holds(status)) return status;
    await delay(50);
  }
  throw new Error(`not within 5 s: ${JSON.stringify(await statusOf(app))}`);
}
