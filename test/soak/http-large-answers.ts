/**
 * Sends answers of 100 MB to 20 clients that read 1 MB/s, and measures what 64 quick clients notice:
 *
 *     node out/test/soak/http-large-answers.js [--megabytes 100]
 *
 * It fails when an answer is not whole, or when the quick clients' 99th percentile exceeds 1.5 times that without slow
 * clients.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Server } from '../../src/http.ts';

const SLOW = 20;
const QUICK = 64;
const MEGABYTE = 1024 * 1024;
const TICK_MS = 50;
/** The time between two requests of a quick client. 64 of them ask 3,000 times a second. */
const PAUSE_MS = 20;
const WINDOW_MS = 10_000;
const MOST = 1.5;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { megabytes: { type: 'string', default: '100' } } });
  const server = start('server', values.megabytes);
  const [port] = (await once(server, 'message')) as [number];
  const quick = start('quick', String(port));
  await once(quick, 'message');
  const quiet = [await p99(quick)];
  const readers = start('readers', String(port), values.megabytes);
  const reading = once(readers, 'message') as Promise<[{ whole: number; seconds: number }]>;
  const busy: number[] = [];
  for (let told: unknown = undefined; told === undefined; told = await Promise.race([reading, delay(0)])) {
    busy.push(await p99(quick));
  }
  // The last window may be half quiet, so it does not count.
  if (busy.length > 1) busy.pop();
  const [{ whole, seconds }] = await reading;
  quiet.push(await p99(quick), await p99(quick));
  for (const child of [server, quick, readers]) child.disconnect();
  const ratio = median(busy) / median(quiet);
  console.log(`${whole} of ${SLOW} answers of ${values.megabytes} MB whole, in ${seconds.toFixed(0)} s`);
  console.log(`p99 of ${QUICK} quick clients, ms: ${shown(quiet)} alone, ${shown(busy)} beside: ${ratio.toFixed(2)}`);
  process.exitCode = whole === SLOW && ratio <= MOST ? 0 : 1;
}

function start(...role: string[]): ChildProcess {
  return fork(fileURLToPath(import.meta.url), role);
}

async function p99(quick: ChildProcess): Promise<number> {
  quick.send('measure');
  const [told] = (await once(quick, 'message')) as [number];
  return told;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function shown(values: readonly number[]): string {
  return values.map((value) => value.toFixed(2)).join(' ');
}

async function serve(megabytes: number): Promise<void> {
  const large = Buffer.alloc(megabytes * MEGABYTE, 'x');
  function* pieces(): Generator<Buffer> {
    for (let at = 0; at < large.length; at += 64 * 1024) yield large.subarray(at, at + 64 * 1024);
  }
  const server = new Server({
    handler(ctx) {
      if (ctx.path === '/whole') return ctx.end(large);
      return ctx.path === '/stream' ? ctx.stream(pieces()) : ctx.end('quick');
    },
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  process.send!((server.address() as AddressInfo).port);
}

/** Reads slowly. Half of the clients read an answer that was given at once, half a stream. */
async function readSlowly(port: number, megabytes: number): Promise<void> {
  const begun = performance.now();
  const sizes = await Promise.all(
    Array.from({ length: SLOW }, (_, index) => readOne(port, index % 2 === 0 ? '/whole' : '/stream')),
  );
  const whole = sizes.filter((size) => size >= megabytes * MEGABYTE).length;
  process.send!({ whole, seconds: (performance.now() - begun) / 1000 });
}

async function readOne(port: number, path: string): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  let size = 0;
  let allowed = 0;
  let isWhole = true;
  socket.on('error', () => (isWhole = false));
  socket.on('data', (piece) => {
    size += piece.length;
    if (size > allowed) socket.pause();
  });
  const timer = setInterval(() => {
    allowed += (MEGABYTE * TICK_MS) / 1000;
    if (size <= allowed) socket.resume();
  }, TICK_MS);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(timer);
  return isWhole ? size : 0;
}

async function askQuickly(port: number): Promise<void> {
  const sockets = Array.from({ length: QUICK }, () => connect(port, '127.0.0.1').setNoDelay());
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  process.on('message', async () => {
    const over = performance.now() + WINDOW_MS;
    const times: number[] = [];
    await Promise.all(
      sockets.map(async (socket) => {
        await delay(Math.random() * PAUSE_MS);
        for (let begun = performance.now(); begun < over; begun = performance.now()) {
          socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
          await once(socket, 'data');
          times.push(performance.now() - begun);
          await delay(PAUSE_MS);
        }
      }),
    );
    process.send!(times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)]!);
  });
  process.send!('ready');
}

const [role = '', first, second] = process.argv.slice(2);
const roles: Record<string, () => Promise<void>> = {
  server: () => serve(Number(first)),
  readers: () => readSlowly(Number(first), Number(second)),
  quick: () => askQuickly(Number(first)),
};
// A child ends with its parent.
if (role in roles) process.on('disconnect', () => process.exit());
await (roles[role] ?? main)();
