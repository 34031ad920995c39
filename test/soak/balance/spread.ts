import { setTimeout as delay } from 'node:timers/promises';
import { skewOf } from '../../../src/balance/skew.ts';
import { countOf, open, summary, withServer, type Client, type Mode } from './server.ts';

interface Spread {
  readonly counts: readonly number[];
  readonly handoffs: number;
}

const MODES = ['kernel', 'least-connections'] as const;

/** Counts each worker's connections. They come at intervals of `gap` ms, or all at once when that is 0, and stay. */
async function spread(mode: Mode, workers: number, connections: number, gap: number): Promise<Spread> {
  return withServer({ mode, workers }, async (app, port) => {
    const coming: Array<Promise<Client>> = [];
    for (let nth = 0; nth < connections; nth++) {
      coming.push(open(port));
      if (gap > 0) await delay(gap);
    }
    const clients = await Promise.all(coming);
    const { done } = (await app.status()).balance.handoffs;
    for (const { socket } of clients) socket.destroy();
    return { counts: countOf(clients, workers), handoffs: done };
  });
}

/** Measures connections one after another, over 2, 4 and 8 workers. */
export async function trickles(): Promise<void> {
  for (const workers of [2, 4, 8]) {
    for (const connections of [16, 64, 512]) {
      for (const mode of MODES) {
        const { counts } = await spread(mode, workers, connections, 5);
        const difference = Math.max(...counts) - Math.min(...counts);
        console.log(`every 5 ms, ${connections} over ${workers}, ${mode}: max - min ${difference}`);
      }
    }
  }
}

/** Measures connections all at once over 8 workers. */
export async function bursts(times: number): Promise<void> {
  for (const connections of [64, 512]) {
    for (const mode of MODES) {
      const runs: Spread[] = [];
      // The kernel's result needs no precision.
      const often = mode === 'kernel' ? Math.min(times, 5) : times;
      for (let nth = 0; nth < often; nth++) runs.push(await spread(mode, 8, connections, 0));
      const skews = runs.map(({ counts }) => skewOf(counts));
      const over = runs.filter(({ counts }) => skewOf(counts) > 1.1).map(({ counts }) => counts.join(' '));
      const handoffs = runs.map((run) => run.handoffs);
      console.log(
        `at once, ${connections} over 8, ${mode}, ${often} times: max / mean ${summary(skews)}, over 1.1 ${over.length}, moved ${summary(handoffs, 0)}`,
      );
      if (mode !== 'kernel') for (const counts of over) console.log(`  ${counts}`);
    }
  }
}
