import { simulate, type SimulationOptions } from '../../unit/balance/simulation.ts';
import { skewOf } from '../../../src/balance/skew.ts';

type Weather = Pick<SimulationOptions, 'gap' | 'burst' | 'life' | 'slow' | 'hung' | 'kills'>;

/** The kinds of load. Times are in ms. */
const weathers: Readonly<Record<string, Weather>> = {
  'a trickle that stays for 10 s': { gap: 5, life: 10_000 },
  'a trickle, with kills': { gap: 5, life: 2000, kills: 2000 },
  'bursts of 64, with kills': { gap: 5, burst: 64, life: 5000, kills: 2000 },
  'short and many, with kills': { gap: 0.1, life: 20, kills: 500 },
  'two slow workers, with kills': { gap: 2, life: 1000, slow: [2, 5], kills: 1000 },
  'one that hangs': { gap: 2, life: 1000, hung: { 3: 60_000 } },
};

/**
 * Simulates this many connections, an equal share under each load, and checks that each is served exactly once. A seed
 * makes a run reproducible.
 */
export function simulation(connections: number): void {
  const share = Math.ceil(connections / Object.keys(weathers).length);
  for (const [seed, [name, weather]] of Object.entries(weathers).entries()) {
    const skews: number[] = [];
    const take = (now: number, loads: readonly number[]): void => {
      // The beginning and the end do not count.
      if (now > 10_000 && loads.reduce((sum, load) => sum + load) >= 100) skews.push(skewOf(loads));
    };
    const sample = { every: 500, take };
    const { served, lost, servedTwice, killed, handoffs } = simulate({
      seed,
      workers: 8,
      connections: share,
      sample,
      ...weather,
    });
    skews.sort((a, b) => a - b);
    const [median, most] = [skews[skews.length >> 1] ?? 1, skews[Math.floor(skews.length * 0.99)] ?? 1];
    const unknown = share - served - lost;
    console.log(
      `${name}: ${share} connections, ${killed} kills, ${lost} lost with a killed worker, ${unknown} lost otherwise, ${servedTwice} served twice, ${((100 * handoffs) / share).toFixed(1)} % moved, max / mean ${median.toFixed(2)}, p99 ${most.toFixed(2)}`,
    );
  }
}
