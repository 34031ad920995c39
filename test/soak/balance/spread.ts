import { setTimeout as delay } from 'node:timers/promises';
import { skewOf } from '../../../src/balance/skew.ts';
import { ask, countOf, open, summary, withServer, type Client, type Mode } from './server.ts';

/** After which it is to be even, ms. */
const SOON = 500;

const MODES = ['kernel', 'auto', 'least-connections'] as const;

/** How many each worker has when they come one every so many ms, 0 for all at once, and stay. */
async function spread(mode: Mode, workers: number, connections: number, gap: number): Promise<number[]> {
  return withServer({ mode, workers }, async (_app, port) => {
    const coming: Array<Promise<Client>> = [];
    for (let nth = 0; nth < connections; nth++) {
      coming.push(open(port));
      if (gap > 0) await delay(gap);
    }
    const clients = await Promise.all(coming);
    const counts = await countSoon(clients, workers);
    for (const { socket } of clients) socket.destroy();
    return counts;
  });
}

async function countSoon(clients: readonly Client[], workers: number): Promise<number[]> {
  await delay(SOON);
  return countOf(await Promise.all(clients.map(ask)), workers);
}

function difference(counts: readonly number[]): number {
  return Math.max(...counts) - Math.min(...counts);
}

/** Measures connections one after another, over 2, 4 and 8 workers. */
export async function trickles(): Promise<void> {
  for (const workers of [2, 4, 8]) {
    for (const connections of [16, 64, 512]) {
      for (const mode of MODES) {
        const counts = await spread(mode, workers, connections, 5);
        console.log(`every 5 ms, ${connections} over ${workers}, ${mode}: max - min ${difference(counts)}`);
      }
    }
  }
}

/** Measures connections all at once over 8 workers. */
export async function bursts(times: number): Promise<void> {
  for (const connections of [64, 512]) {
    for (const mode of MODES) {
      const runs: number[][] = [];
      // What the kernel does needs no exactness.
      const often = mode === 'kernel' ? Math.min(times, 5) : times;
      for (let nth = 0; nth < often; nth++) runs.push(await spread(mode, 8, connections, 0));
      const uneven = runs.filter((counts) => skewOf(counts) > 1.02);
      console.log(
        `at once, ${connections} over 8, ${mode}, ${often} times, ${SOON} ms after: max / mean ${summary(runs.map(skewOf))}, over 1.02 ${uneven.length}`,
      );
      if (mode !== 'kernel') for (const counts of uneven) console.log(`  ${counts.join(' ')}`);
    }
  }
}

/** Measures 4 workers when half of the clients of one leave. */
export async function leavers(times: number): Promise<void> {
  for (const mode of MODES) {
    const differences: number[] = [];
    for (let nth = 0; nth < times; nth++) {
      await withServer({ mode, workers: 4 }, async (_app, port) => {
        const clients = await Promise.all(Array.from({ length: 256 }, () => open(port)));
        await delay(2 * SOON);
        const now = await Promise.all(clients.map(ask));
        const first = now.filter(({ answer }) => answer === now[0]!.answer);
        const gone = new Set(first.slice(0, first.length >> 1));
        for (const { socket } of gone) socket.destroy();
        const left = now.filter((client) => !gone.has(client));
        differences.push(difference(await countSoon(left, 4)));
        for (const { socket } of left) socket.destroy();
      });
    }
    console.log(
      `half of one worker's leave, 256 over 4, ${mode}, ${SOON} ms after: max - min ${summary(differences, 0)}`,
    );
  }
}
