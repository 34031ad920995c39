/**
 * Measures what --balance does to connections, and what it costs. It takes minutes, so npm test leaves it out.
 *
 *     node out/test/soak/balance.js bursts|trickles|leavers|sticky|cost|compute|bound|kills|simulation [times]
 */
import process from 'node:process';
import { bound } from './balance/bound.ts';
import { compute } from './balance/compute.ts';
import { cost } from './balance/cost.ts';
import { kills } from './balance/kills.ts';
import { simulation } from './balance/simulation.ts';
import { bursts, leavers, trickles } from './balance/spread.ts';
import { sticky } from './balance/sticky.ts';

const parts: Readonly<
  Record<string, { readonly times: number; readonly run: (times: number) => Promise<void> | void }>
> = {
  trickles: { times: 1, run: trickles },
  leavers: { times: 5, run: leavers },
  bursts: { times: 30, run: bursts },
  sticky: { times: 1, run: sticky },
  cost: { times: 10, run: cost },
  compute: { times: 15, run: compute },
  bound: { times: 20_000, run: bound },
  kills: { times: 200_000, run: kills },
  simulation: { times: 10_000_000, run: simulation },
};

const [name = '', times] = process.argv.slice(2);
const part = parts[name];
if (part === undefined) throw new Error(`expected one of ${Object.keys(parts).join(', ')}, not '${name}'`);
await part.run(Number(times ?? part.times));
