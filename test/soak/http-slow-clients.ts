/**
 * Runs 2,000 slow clients and 10,000 idle ones, and measures what the others notice:
 *
 *     ulimit -n 20000; node out/test/soak/http-slow-clients.js
 *
 * It fails when a slow client is not cut. That takes longer than a timeout: the server accepts and answers the slow clients one after the
 * other first, and the kernel has no memory for all that they leave. What it takes when those before them are cut counts as taken.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Server } from '../../src/http.ts';

const SLOW = 2000;
const IDLE = 10_000;
const READ_TIMEOUT_MS = 10_000;
const MEASURED = 6000;
/** The time within which all slow clients are cut. */
const PATIENCE_MS = 6 * READ_TIMEOUT_MS;
const large = Buffer.alloc(8 * 1024 * 1024, 'x');

async function main(): Promise<void> {
  const server = start('server');
  const [port] = (await once(server, 'message')) as [number];
  const quiet = await p99(port);
  const before = await state(server);
  const attackers = start('attackers', String(port));
  await once(attackers, 'message');
  const begun = performance.now();
  const busy = await p99(port);
  const during = await state(server);
  let { connections } = during;
  for (const over = begun + PATIENCE_MS; connections > IDLE && performance.now() < over; await delay(500)) {
    ({ connections } = await state(server));
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  attackers.send('told');
  const [cut] = (await once(attackers, 'message')) as [Record<string, number>];
  console.log(
    `p99 quiet ${quiet.toFixed(2)} ms, with ${SLOW} slow and ${IDLE} idle ${busy.toFixed(2)} ms: ${(busy / quiet).toFixed(2)}`,
  );
  console.log(`memory quiet ${before.rss} MB, then ${during.rss} MB`);
  // Clients that do not read notice nothing, but the server knows.
  console.log(
    `slow clients that were told: ${JSON.stringify(cut)}; connections left after ${seconds} s: ${connections} of ${IDLE + SLOW}`,
  );
  server.kill('SIGKILL');
  attackers.kill('SIGKILL');
  process.exitCode = connections === IDLE ? 0 : 1;
}

function start(...role: string[]): ChildProcess {
  const child = fork(fileURLToPath(import.meta.url), role);
  // Otherwise its answer would be waited for.
  child.once('exit', (code) => {
    if (code !== null) process.exit(1);
  });
  return child;
}

interface State {
  /** The memory in megabytes. */
  readonly rss: number;
  readonly connections: number;
}

async function state(server: ChildProcess): Promise<State> {
  server.send('state');
  const [told] = (await once(server, 'message')) as [State];
  return told;
}

/** Measures four clients, each with one request after the other. */
async function p99(port: number): Promise<number> {
  const over = performance.now() + MEASURED;
  const times: number[] = [];
  const visit = async (): Promise<void> => {
    const socket = connect(port, '127.0.0.1');
    for (let begun = performance.now(); begun < over; begun = performance.now()) {
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await once(socket, 'data');
      times.push(performance.now() - begun);
      await delay(1);
    }
    socket.destroy();
  };
  await Promise.all([visit(), visit(), visit(), visit()]);
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)]!;
}

async function serve(): Promise<void> {
  const options = { readTimeout: READ_TIMEOUT_MS, writeTimeout: READ_TIMEOUT_MS, idleTimeout: 120_000 };
  const server = new Server({ ...options, handler: (ctx) => ctx.end(ctx.path === '/large' ? large : 'ok') });
  await once(server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }), 'listening');
  process.on('message', () => {
    const rss = Math.round(process.memoryUsage().rss / 1e6);
    server.getConnections((_error, connections) => process.send!({ rss, connections }));
  });
  process.send!((server.address() as AddressInfo).port);
}

interface Way {
  readonly begin: string;
  /** A piece that is sent now and then. */
  readonly more: string;
  readonly reads: boolean;
}

const ways: readonly Way[] = [
  { begin: 'GET / HTTP/1.1\r\nHost: a\r\nX: ', more: 'y', reads: true },
  { begin: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n', more: 'z', reads: true },
  { begin: 'GET /large HTTP/1.1\r\nHost: a\r\n\r\n', more: '', reads: false },
];

async function attack(): Promise<void> {
  const port = Number(process.argv[3]);
  await all(IDLE, () => opened(port));
  const cut: Record<string, number> = {};
  await all(SLOW, async (index) => {
    const way = ways[index % ways.length]!;
    const socket = await opened(port);
    let text = '';
    if (way.reads) socket.on('data', (data) => (text += String(data)));
    socket.write(way.begin);
    const timer = setInterval(() => socket.write(way.more), 1000);
    // A reset is an end, too.
    socket.once('close', () => {
      clearInterval(timer);
      const how = /^HTTP\/1.1 (408)/.exec(text)?.[1] ?? 'closed';
      cut[how] = (cut[how] ?? 0) + 1;
    });
  });
  process.on('message', () => process.send!(cut));
  process.send!('attacking');
}

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Makes a hundred at a time. */
async function all<Result>(count: number, make: (index: number) => Promise<Result>): Promise<Result[]> {
  const made: Result[] = [];
  for (let index = 0; index < count; index += 100) {
    made.push(...(await Promise.all(Array.from({ length: 100 }, (_, more) => make(index + more)))));
  }
  return made;
}

process.once('disconnect', () => process.exit());
const roles: Record<string, () => Promise<void>> = { server: serve, attackers: attack };
await (roles[process.argv[2] ?? ''] ?? main)();
