/**
 * What --balance does to connections and costs, in turns with `kernel`, as a table. Not part of npm test: it takes minutes.
 *
 *     node out/test/soak/balance.js [rounds]
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startServer, type App } from 'prefork/testing';
import { fixture } from '../support/paths.ts';

type Mode = 'kernel' | 'least-connections' | 'sticky-ip';
const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

async function withServer<T>(mode: Mode, workers: number, use: (app: App, port: number) => Promise<T>): Promise<T> {
  const options = ['--workers', String(workers), '--balance', mode];
  const app = await startServer({ entry: fixture('hello.js'), options });
  try {
    return await use(app, (app.targets[0] as { port: number }).port);
  } finally {
    await app[Symbol.asyncDispose]();
  }
}

async function open(port: number, localAddress = '127.0.0.1'): Promise<{ socket: Socket; pid: string }> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.setEncoding('latin1').write(REQUEST);
  const [text] = (await once(socket, 'data')) as [string];
  return { socket, pid: /\d+/.exec(text.slice(text.indexOf('\r\n\r\n')))?.[0] ?? text };
}

/** How many connections each worker has that has any, when they come one every so many ms, and stay. */
async function spread(mode: Mode, workers: number, connections: number, gap: number): Promise<number[]> {
  return withServer(mode, workers, async (_app, port) => {
    const coming: Array<ReturnType<typeof open>> = [];
    for (let nth = 0; nth < connections; nth++) {
      coming.push(open(port));
      if (gap > 0) await delay(gap);
    }
    const clients = await Promise.all(coming);
    for (const { socket } of clients) socket.destroy();
    return countOf(
      clients.map(({ pid }) => pid),
      workers,
    );
  });
}

function countOf(pids: readonly string[], workers: number): number[] {
  const counts = new Map<string, number>();
  for (const pid of pids) counts.set(pid, (counts.get(pid) ?? 0) + 1);
  return [...counts.values(), ...Array.from({ length: workers - counts.size }, () => 0)];
}

async function spreads(): Promise<void> {
  for (const workers of [2, 4, 8]) {
    for (const connections of [16, 64, 512]) {
      for (const mode of ['kernel', 'least-connections'] as const) {
        const counts = await spread(mode, workers, connections, 5);
        console.log(
          `every 5 ms, ${connections} over ${workers}, ${mode}: max - min ${Math.max(...counts) - Math.min(...counts)}`,
        );
      }
    }
  }
  for (const connections of [64, 512]) {
    for (const mode of ['kernel', 'least-connections'] as const) {
      const counts = await spread(mode, 8, connections, 0);
      console.log(
        `at once, ${connections} over 8, ${mode}: max / mean ${((Math.max(...counts) * 8) / connections).toFixed(2)}`,
      );
    }
  }
}

/** 1,000 clients with 20 connections each: is each at one slot, and how many has each slot? */
async function sticky(workers: number): Promise<void> {
  await withServer('sticky-ip', workers, async (_app, port) => {
    const home: string[] = [];
    let torn = 0;
    for (let client = 0; client < 1000; client++) {
      const from = `127.${client >> 8}.${client & 255}.2`;
      const visits = await Promise.all(Array.from({ length: 20 }, () => open(port, from)));
      for (const { socket } of visits) socket.destroy();
      home.push(visits[0]!.pid);
      if (visits.some(({ pid }) => pid !== visits[0]!.pid)) torn++;
    }
    console.log(
      `sticky-ip, 1000 clients over ${workers}: ${torn} at two slots; clients of slots ${countOf(home, workers).join(' ')}`,
    );
  });
}

/** A new connection for each request, with wrk. */
async function throughput(mode: Mode): Promise<{ rate: number; share: number }> {
  return withServer(mode, 2, async (app, port) => {
    const flags = ['-t1', '-c64', '-d5s', '-H', 'Connection: close', `http://127.0.0.1:${port}/`];
    const { stdout } = await promisify(execFile)('wrk', flags);
    const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)![1]);
    const requests = Number(/(\d+) requests in/.exec(stdout)![1]);
    const { handoffs } = (await app.status()).balance;
    return { rate, share: handoffs.done / requests };
  });
}

async function throughputs(rounds: number): Promise<void> {
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const kernel = await throughput('kernel');
    const balanced = await throughput('least-connections');
    ratios.push(balanced.rate / kernel.rate);
    const figures = `${kernel.rate.toFixed(0)} and ${balanced.rate.toFixed(0)}/s, moved ${(100 * balanced.share).toFixed(2)} %`;
    console.log(`a connection each, kernel and least-connections: ${figures}`);
  }
  ratios.sort((a, b) => a - b);
  console.log(
    `ratio: median ${ratios[ratios.length >> 1]!.toFixed(2)}, ${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)}`,
  );
}

await spreads();
await sticky(4);
await throughputs(Number(process.argv[2] ?? 5));
