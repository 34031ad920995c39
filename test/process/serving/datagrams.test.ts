/** Tests UDP: all workers share a fixed port, and a port that was 0 belongs to its worker alone. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { serve, type App } from '../../support/app.ts';
import { hasReuseport, noOtherUser, ownSharings } from '../../support/platform.ts';
import { lowPort } from '../../support/low-port.ts';
import { binderOf, compromised, inside, serveAsNobody } from '../../support/separated.ts';
import { endSuccessor, upgraded } from '../../support/upgrades.ts';
import { poll } from '../../support/watched.ts';

/**
 * Answers a datagram with its process id, and a request as `compromised` does. The request's server has a port that is
 * logged.
 */
const app = `const socket = require('node:dgram').createSocket(process.env.UDP_TYPE ?? 'udp4');
socket.on('message', (_message, { port, address }) => socket.send(String(process.pid), port, address));
socket.bind(Number(process.env.UDP_PORT), () => {
${compromised}
});`;

/**
 * Finds the worker that a datagram reaches. The client repeats a datagram that is lost, because UDP promises nothing.
 */
async function who(port: number): Promise<number> {
  const socket = createSocket('udp4');
  try {
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(ANSWER_MS) });
    socket.send('who', port, '127.0.0.1');
    const [message] = (await answer) as [Buffer];
    return Number(message);
  } finally {
    socket.close();
  }
}

const ANSWER_MS = 10_000;
const noReuseport = hasReuseport() ? false : 'this Node shares sockets';

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

const pids = (server: App): number[] => [...server.workers.values()];

for (const sharing of ownSharings) {
  test(`a fixed port is kept through reload, upgrade and the end of its workers, ${sharing}`, async () => {
    const port = await freeUdpPort();
    const options = ['--workers', '2', '--sharing', sharing];
    const env = { UDP_PORT: String(port) };
    await using server = await serve({ entry: './app.cjs', files: { 'app.cjs': app }, options, env });
    assert.ok(pids(server).includes(await who(port)));
    const old = pids(server);
    server.signal('SIGHUP');
    await server.event('reload done');
    for (const pid of old) await server.event('worker stopped', { pid });
    assert.ok(pids(server).includes(await who(port)));
    process.kill(server.worker(0), 'SIGKILL');
    await server.event('worker ready', { slot: 0 }, 3);
    assert.ok(pids(server).includes(await who(port)));
    server.signal('SIGUSR2');
    const next = await upgraded(server);
    assert.ok(pids(server).includes(await who(port)));
    await endSuccessor(server, next);
    // The port becomes free with the last worker.
    const socket = createSocket('udp4').bind(port);
    await once(socket, 'listening');
    socket.close();
  });
}

test('a port that another program has is an error of the worker’s', async () => {
  const taken = createSocket('udp4').bind(0);
  await once(taken, 'listening');
  await using server = await serve({
    entry: './app.cjs',
    files: { 'app.cjs': compromised },
    options: ['--workers', '1'],
  });
  const bind = `const socket = require('node:dgram').createSocket('udp4').bind(${taken.address().port});
    await require('node:events').once(socket, 'listening');`;
  assert.deepEqual(await inside(server.target, bind), { error: 'EADDRINUSE' });
  taken.close();
  await once(taken, 'close');
  assert.deepEqual(await inside(server.target, `${bind} socket.close();`), {});
  // The primary has closed the port too, so that another program can have it.
  await poll(async () => {
    const again = createSocket('udp4').bind(JSON.parse(bind.match(/\d+(?=\);)/)![0]) as number);
    const [outcome] = await Promise.allSettled([once(again, 'listening')]);
    if (outcome.status === 'fulfilled') again.close();
    return outcome.status === 'fulfilled' || undefined;
  }, 'the end of the socket');
});

test('an answer comes to the worker that asked, from port 0', async () => {
  const echo = createSocket('udp4').bind(0, '127.0.0.1');
  echo.on('message', (message, { port, address }) => echo.send(message, port, address));
  await once(echo, 'listening');
  await using server = await serve({
    entry: './app.cjs',
    files: { 'app.cjs': compromised },
    options: ['--workers', '4'],
  });
  // Several workers ask at once. If they shared the sockets, the answers would go to any of them.
  const question = `const socket = require('node:dgram').createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await require('node:events').once(socket, 'listening');
    const answers = [];
    for (let nth = 0; nth < 5; nth++) {
      const answer = require('node:events').once(socket, 'message', { signal: AbortSignal.timeout(${ANSWER_MS}) });
      socket.send(process.pid + '-' + nth, ${echo.address().port}, '127.0.0.1');
      answers.push(String((await answer)[0]));
    }
    const { port } = socket.address();
    setTimeout(() => socket.close(), 500);
    return { port, own: answers.every((text, nth) => text === process.pid + '-' + nth) };`;
  const answers = await Promise.all(Array.from({ length: 12 }, () => inside(server.target, question)));
  const values = answers.map(({ value }) => value as { port: number; own: boolean });
  assert.ok(values.every(({ own }) => own));
  assert.equal(new Set(values.map(({ port }) => port)).size, values.length, 'each a port of its own');
  echo.close();
});

test('a port below 1024 with --user', { skip: noOtherUser }, async () => {
  const port = await lowPort();
  const env = { UDP_PORT: String(port) };
  await using server = await serveAsNobody({ files: { 'app.cjs': app }, options: ['--workers', '2'], env });
  assert.ok(binderOf(server.pid));
  assert.ok(pids(server).includes(await who(port)));
  const old = pids(server);
  server.signal('SIGHUP');
  await server.event('reload done');
  for (const pid of old) await server.event('worker stopped', { pid });
  assert.ok(pids(server).includes(await who(port)));
  server.signal('SIGUSR2');
  const next = await upgraded(server);
  assert.ok(pids(server).includes(await who(port)));
  await endSuccessor(server, next);
});

/** A program that serves UDP alone. It answers each datagram with its pid and the datagram. */
const server = `const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (message, { port, address }) => socket.send(process.pid + ' ' + message, port, address));
socket.bind(Number(process.env.UDP_PORT), '127.0.0.1');`;

/** Sends numbered datagrams, each from a port of its own, so that the kernel spreads them, and notes the answers. */
class Questions implements AsyncDisposable {
  readonly answers = new Map<number, number>();
  readonly #sockets: Socket[] = [];
  readonly #port: number;
  asked = 0;

  constructor(port: number) {
    this.#port = port;
  }

  async ask(times: number): Promise<void> {
    for (let nth = 0; nth < times; nth++) {
      const socket = createSocket('udp4').bind(0, '127.0.0.1');
      await once(socket, 'listening');
      this.#sockets.push(socket);
      socket.on('message', (text) => {
        const [pid, number] = String(text).split(' ').map(Number);
        this.answers.set(number!, pid!);
      });
      socket.send(String(this.asked++), this.#port, '127.0.0.1');
    }
  }

  /** Waits until all are answered. Loopback loses none, so one that has none was lost by a server. */
  async allAnswered(): Promise<void> {
    await poll(() => this.answers.size === this.asked || undefined, `${this.asked} answers`);
  }

  get pids(): Set<number> {
    return new Set(this.answers.values());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await Promise.resolve();
  }
}

for (const sharing of ownSharings) {
  test(`a UDP server loses no datagram that the kernel has queued, through crashes and reloads, ${sharing}`, async () => {
    const port = await freeUdpPort();
    await using app = await serve({
      entry: './app.cjs',
      files: { 'app.cjs': server },
      options: ['--workers', '2', '--sharing', sharing, '--ready', 'start'],
      env: { UDP_PORT: String(port) },
    });
    await poll(async () => (await who(port).catch(() => undefined)) !== undefined || undefined, 'the port');
    await using questions = new Questions(port);
    await questions.ask(20);
    await questions.allAnswered();
    // Both workers stand still and then die, so that what comes meanwhile is in the kernel's queues.
    for (const pid of pids(app)) process.kill(pid, 'SIGSTOP');
    await questions.ask(20);
    for (const pid of pids(app)) process.kill(pid, 'SIGKILL');
    await questions.ask(20);
    await questions.allAnswered();
    await app.event('worker ready', { slot: 0 }, 2);
    await app.event('worker ready', { slot: 1 }, 2);
    for (let gen = 2; gen <= 4; gen++) {
      app.signal('SIGHUP');
      await questions.ask(20);
      await app.event('reload done', { gen });
      await questions.ask(20);
      await questions.allAnswered();
    }
  });
}

test(
  'each slot has a UDP socket of its own, over which the kernel spreads clients',
  { skip: noReuseport },
  async () => {
    const port = await freeUdpPort();
    await using app = await serve({
      entry: './app.cjs',
      files: { 'app.cjs': server },
      options: ['--workers', '4', '--ready', 'start'],
      env: { UDP_PORT: String(port) },
    });
    await poll(async () => (await who(port).catch(() => undefined)) !== undefined || undefined, 'the port');
    await using questions = new Questions(port);
    // A worker that is ready at its start may bind its socket later than the others.
    const allServe = async (): Promise<true | undefined> => {
      await questions.ask(40);
      await questions.allAnswered();
      return questions.pids.size >= pids(app).length || undefined;
    };
    await poll(allServe, 'an answer of each worker');
    assert.deepEqual([...questions.pids].toSorted(), pids(app).toSorted());
  },
);
