/** Connections that go from workers with more to workers with less, as clients see it that never connect again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '../../../src/control/controls.ts';
import { serve, type App } from '../../support/app.ts';
import { ask } from '../../support/http.ts';
import { KeptConnections, type KeptReport } from '../../support/kept-connections.ts';
import { ownSharings } from '../../support/platform.ts';
import { poll } from '../../support/watched.ts';

const BEAT_MS = 250;

function assertUnnoticed({ answers, times: _times, ...report }: KeptReport): void {
  assert.deepEqual(report, { closed: 0, toldToClose: 0, lost: 0, wrong: 0, failures: [] });
  assert.ok(answers > 0);
}

/** How many connections each slot has. */
async function counts(app: App): Promise<number[]> {
  const { slots } = JSON.parse(await ask({ socketPath: app.controlSockets[0]! }, '/status')) as Status;
  return slots.map(({ worker }) => worker?.vitals?.connectionsOpen ?? 0);
}

async function untilEven(app: App, workers: number, connections: number): Promise<void> {
  let last: number[] = [];
  await poll(async () => {
    last = await counts(app);
    const sum = last.reduce((total, one) => total + one, 0);
    const isEven = Math.max(...last) - Math.min(...last) <= 1;
    return last.length === workers && sum === connections && isEven ? last : undefined;
  }, 'as many connections in each worker').catch((error: unknown) =>
    assert.fail(`${String(error)}: ${last.join(' ')}`),
  );
}

for (const entry of ['echoes.js', 'http-echoes.js']) {
  for (const sharing of ownSharings) {
    test(`${entry}, ${sharing}: idle ones, those that never stop asking, and bodies`, async () => {
      await using app = await serve({ entry, options: ['--workers', '4', '--sharing', sharing] });
      const idle = await KeptConnections.open(app.target, { connections: 31, traffic: 'idle' });
      await untilEven(app, 4, 31);
      const busy = await KeptConnections.open(app.target, { connections: 17 });
      const posts = await KeptConnections.open(app.target, { connections: 16, traffic: 'post', pause: 20 });
      await untilEven(app, 4, 64);
      assertUnnoticed(await posts.stop());
      await untilEven(app, 4, 48);
      assertUnnoticed(await idle.stop());
      await untilEven(app, 4, 17);
      assertUnnoticed(await busy.stop());
    });
  }

  test(`${entry}: more workers, and fewer, and new ones`, async () => {
    await using app = await serve({ entry, options: ['--workers', '1'] });
    const kept = await KeptConnections.open(app.target, { connections: 24, pause: 10 });
    const idle = await KeptConnections.open(app.target, { connections: 24, traffic: 'idle' });
    // The kernel may deliver one of two signals that are sent at once.
    for (let slot = 1; slot <= 2; slot++) {
      app.signal('SIGTTIN');
      await app.event('worker ready', { slot });
    }
    await untilEven(app, 3, 48);
    app.signal('SIGHUP');
    await app.event('reload done');
    await untilEven(app, 3, 48);
    app.signal('SIGTTOU');
    await untilEven(app, 2, 48);
    assertUnnoticed(await kept.stop());
    assertUnnoticed(await idle.stop());
  });
}

test('a client that connects for each request keeps no worker from giving those that stay', async () => {
  await using app = await serve({ entry: 'echoes.js', options: ['--workers', '1'] });
  const kept = await KeptConnections.open(app.target, { connections: 16, traffic: 'idle' });
  const ends = new AbortController();
  const coming = comeAndGo(app, ends.signal);
  app.signal('SIGTTIN');
  await app.event('worker ready', { slot: 1 });
  // At most one is open that comes and goes.
  await poll(async () => ((await counts(app))[1] ?? 0) >= 7 || undefined, 'half of them in the new worker');
  ends.abort();
  assert.ok((await coming) > 0, 'it has come and gone');
  assertUnnoticed(await kept.stop());
});

/** @returns how often it has connected */
async function comeAndGo(app: App, signal: AbortSignal): Promise<number> {
  let times = 0;
  for (; !signal.aborted; times++) await ask(app.target, '/');
  return times;
}

for (const options of [
  ['--balance', 'kernel'],
  ['--migrate', 'off'],
  ['--balance', 'sticky-ip'],
]) {
  test(`${options.join(' ')}: all stay where they are`, async () => {
    await using app = await serve({ entry: 'echoes.js', options: ['--workers', '1', ...options] });
    const kept = await KeptConnections.open(app.target, { connections: 16, traffic: 'idle' });
    app.signal('SIGTTIN');
    await app.event('worker ready', { slot: 1 });
    await delay(6 * BEAT_MS);
    assert.deepEqual(await counts(app), [16, 0]);
    assertUnnoticed(await kept.stop());
  });
}

const CLIENTS = 24;

/** A client that asks one thing at a time, and fails when its connection closes. */
class Client {
  readonly #socket: Socket;
  readonly #gone: Promise<unknown>;

  private constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1').setEncoding('latin1');
    this.#socket.on('error', () => undefined);
    this.#gone = new Promise((resolve) => this.#socket.once('close', resolve));
  }

  static async open(port: number): Promise<Client> {
    const client = new Client(port);
    await once(client.#socket, 'connect');
    return client;
  }

  /** @returns the slot that answered. */
  async ask(path: string): Promise<number> {
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    for (let text = ''; ;) {
      const more = new Promise<string>((resolve) => this.#socket.once('data', resolve));
      const got = await Promise.race([more, this.#gone]);
      if (typeof got !== 'string') throw new Error(`closed after ${JSON.stringify(text)}`);
      text += got;
      assert.doesNotMatch(text, /^connection: close\r$/im);
      const slot = /slot (\d)/.exec(text)?.[1];
      if (slot !== undefined) return Number(slot);
    }
  }

  leave(): void {
    this.#socket.destroy();
  }
}

/** Clients that are spread evenly over two workers, and have been for some time. */
async function gather(app: App, address: number): Promise<[Client[], Client[]]> {
  const { port } = app.targets[address] as { port: number };
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => Client.open(port)));
  await untilEven(app, 2, CLIENTS);
  // Those that have just moved stay for some beats.
  await delay(6 * BEAT_MS);
  const bySlot: [Client[], Client[]] = [[], []];
  for (const client of clients) bySlot[await client.ask('/')]!.push(client);
  assert.equal(bySlot[0].length, CLIENTS / 2);
  return bySlot;
}

for (const [address, name] of ['node:http', 'prefork/http'].entries()) {
  test(`${name}: a hot worker gives some of those in use to the other, after a second`, async () => {
    await using app = await serve({ entry: 'hot-spots.js', options: ['--workers', '2'] });
    await app.event('listening', {}, 2);
    const [crowd, others] = await gather(app, address);
    const since = performance.now();
    const went: number[] = [];
    const isOver = (): boolean => went.length >= 2 || performance.now() - since > 60_000;
    const work = async (client: Client): Promise<void> => {
      // A connection goes right after the last answer of the hot worker. The first one of the other worker may be late on a busy machine.
      let answered = since;
      while (!isOver()) {
        if ((await client.ask('/work')) !== 0) {
          went.push(answered - since);
          // With much to do the other worker would be as hot.
          return;
        }
        answered = performance.now();
      }
    };
    await Promise.all(crowd.map(work));
    for (const client of [...crowd, ...others]) client.leave();
    const [first, second] = went.toSorted((one, other) => one - other);
    assert.ok(first !== undefined && second !== undefined, 'none went in a minute');
    assert.ok(first >= 3 * BEAT_MS, `after ${first} ms: a moment of much work is none`);
    // Otherwise there is no rest after the first, and one goes at each beat.
    assert.ok(second - first >= 4 * BEAT_MS, `again after ${second - first} ms`);
  });
}

test('all are as busy: none goes', async () => {
  await using app = await serve({ entry: 'hot-spots.js', options: ['--workers', '2'] });
  await app.event('listening', {}, 2);
  const bySlot = await gather(app, 0);
  const until = performance.now() + 12 * BEAT_MS;
  const work = async (client: Client, slot: number): Promise<void> => {
    while (performance.now() < until) assert.equal(await client.ask('/work'), slot);
  };
  await Promise.all(bySlot.flatMap((clients, slot) => clients.map((client) => work(client, slot))));
  for (const client of bySlot.flat()) client.leave();
});
