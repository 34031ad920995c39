/** Tests a worker that is busier than the others and lets go of clients, as they see it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { serve, type App } from '../../support/app.ts';

const WORKERS = 2;
const CLIENTS = 24;
/**
 * The time of the eight beats that have to be hot, in ms; the first may have begun already. The worker then rests for
 * the same time.
 */
const HOT_BEATS_MS = 7 * 250;
const CYCLE = 15 * 250;

interface Answer {
  readonly slot: number;
  readonly isLast: boolean;
}

/** A client that asks one thing at a time. */
class Client {
  readonly socket: Socket;
  readonly #gone: Promise<unknown>;

  private constructor(port: number) {
    this.socket = connect(port, '127.0.0.1').setEncoding('latin1');
    this.socket.on('error', () => undefined);
    this.#gone = new Promise((resolve) => this.socket.once('close', resolve));
  }

  static async open(port: number): Promise<Client> {
    const client = new Client(port);
    await once(client.socket, 'connect');
    return client;
  }

  async ask(path: string): Promise<Answer> {
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    for (let text = ''; ;) {
      const more = new Promise<string>((resolve) => this.socket.once('data', resolve));
      const got = await Promise.race([more, this.#gone]);
      if (typeof got !== 'string') throw new Error(`closed after ${JSON.stringify(text)}`);
      text += got;
      const slot = /slot (\d)/.exec(text)?.[1];
      if (slot !== undefined) return { slot: Number(slot), isLast: /^connection: close\r$/im.test(text) };
    }
  }
}

interface Farewell {
  /** The time since the work began, in ms. */
  readonly at: number;
  readonly from: number;
  /** The slot that the client reached instead. */
  readonly to: number;
}

/** The clients of one slot. They ask until the slot has let go of them this often, or the time is over. */
class Crowd {
  readonly farewells: Farewell[] = [];
  readonly size: number;
  readonly #port: number;
  readonly #clients: Client[];
  readonly #since = performance.now();
  readonly #after: Client[] = [];
  #isOver = false;

  constructor(port: number, clients: Client[]) {
    this.#port = port;
    this.#clients = clients;
    this.size = clients.length;
  }

  async work(ms: number, enough = Infinity): Promise<void> {
    const over = AbortSignal.timeout(ms);
    over.addEventListener('abort', () => (this.#isOver = true));
    await Promise.all(this.#clients.map((client) => this.#work(client, enough)));
    for (const { socket } of this.#after) socket.destroy();
  }

  /**
   * Works until the worker lets go of the client. The client then only reconnects: with much to do, it would heat up
   * the other worker as well.
   */
  async #work(client: Client, enough: number): Promise<void> {
    while (!this.#isOver && this.farewells.length < enough) {
      const { slot: from, isLast } = await client.ask('/work');
      if (isLast) return this.#comeBack(from);
    }
    client.socket.destroy();
  }

  leave(): void {
    for (const { socket } of this.#clients) socket.destroy();
  }

  async #comeBack(from: number): Promise<void> {
    const at = performance.now() - this.#since;
    const client = await Client.open(this.#port);
    this.farewells.push({ at, from, to: (await client.ask('/')).slot });
    this.#after.push(client);
  }
}

/** Spreads clients evenly, of which those of slot 0 are going to work. */
async function gather(app: App, address: number): Promise<[crowd: Crowd, others: Crowd]> {
  const { port } = app.targets[address] as { port: number };
  const bySlot: [Client[], Client[]] = [[], []];
  for (let nth = 0; nth < CLIENTS; nth++) {
    const client = await Client.open(port);
    const { slot } = await client.ask('/');
    bySlot[slot]!.push(client);
  }
  return [new Crowd(port, bySlot[0]), new Crowd(port, bySlot[1])];
}

async function start(rebalance: 'on' | 'off'): Promise<App> {
  const options = ['--workers', String(WORKERS), '--balance', 'least-connections', '--rebalance', rebalance];
  const app = await serve({ entry: 'hot-spots.js', options });
  await app.event('listening', {}, 2);
  return app;
}

for (const [address, name] of ['node:http', 'prefork/http'].entries()) {
  test(`${name}: a hot worker lets go of a client now and then, who comes back elsewhere`, async () => {
    await using app = await start('on');
    const [crowd, idle] = await gather(app, address);
    assert.equal(crowd.size, CLIENTS / WORKERS);
    await crowd.work(60_000, 2);
    idle.leave();
    const [first, second] = crowd.farewells;
    assert.ok(first !== undefined && second !== undefined, 'nobody was let go of in a minute');
    assert.ok(first.at >= HOT_BEATS_MS, `after ${first.at} ms: a moment of much work is none`);
    assert.ok(second.at - first.at >= CYCLE, `again after ${second.at - first.at} ms`);
    assert.deepEqual(
      crowd.farewells.map(({ from, to }) => [from, to]),
      [
        [0, 1],
        [0, 1],
      ],
    );
  });
}

test('nobody is let go of unless that is asked for', async () => {
  await using app = await start('off');
  const [crowd, idle] = await gather(app, 0);
  await crowd.work(HOT_BEATS_MS + CYCLE);
  idle.leave();
  assert.deepEqual(crowd.farewells, []);
});

test('all are as busy: nobody is let go of', async () => {
  await using app = await start('on');
  const [crowd, others] = await gather(app, 0);
  await Promise.all([crowd.work(HOT_BEATS_MS + CYCLE), others.work(HOT_BEATS_MS + CYCLE)]);
  assert.deepEqual([...crowd.farewells, ...others.farewells], []);
});
