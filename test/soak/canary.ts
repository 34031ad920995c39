/**
 * Deploys releases with a canary: twenty bad ones, which have to be caught, and twenty good ones of the same noise, none of which may
 * be taken back. `memory` deploys one that leaks to a server in a cgroup, as root, where there is cgroup v1: it has to be caught before
 * the kernel kills a worker. `simulation` asks the policy alone, thousands of times. npm test leaves this out.
 *
 *     node out/test/soak/canary.js bad|good [--from 1] [--to 20] [--watch 15] [--rate 5000] [--verbose] [-- options of the command]
 *     node out/test/soak/canary.js memory [--mb 500] [--read-as v1|v2] [--rate 1000] [--from 1] [--to 4]
 *     node out/test/soak/canary.js simulation [--runs 20] [--watch 15] [--only good|bad]
 */
import { parseArgs } from 'node:util';
import { leakIn } from './canary/memory.ts';
import { deploy, type Result } from './canary/releases.ts';
import { simulateBad, simulateGood } from './canary/simulation.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    from: { type: 'string', default: '1' },
    to: { type: 'string', default: '20' },
    watch: { type: 'string', default: '15' },
    rate: { type: 'string' },
    runs: { type: 'string', default: '20' },
    only: { type: 'string', default: 'good,bad' },
    mb: { type: 'string', default: '500' },
    'read-as': { type: 'string', default: 'v1' },
    verbose: { type: 'boolean', default: false },
  },
});
const [what, ...options] = positionals;
const watch = Number(values.watch);
/** Requests a second; each release has its own where this is undefined. */
const rate = values.rate === undefined ? undefined : Number(values.rate);

if (what === 'simulation') {
  if (values.only.includes('good')) simulateGood(Number(values.runs), watch * 1000);
  if (values.only.includes('bad')) simulateBad(Number(values.runs), watch * 1000);
} else if (what === 'bad' || what === 'good') {
  await soak(what === 'good');
} else if (what === 'memory') {
  await leaks();
} else {
  throw new Error('expected bad, good, memory or simulation');
}

async function soak(isGood: boolean): Promise<void> {
  const results: Result[] = [];
  console.log(`node ${process.version}, a watch of ${watch} s`);
  for (let seed = Number(values.from); seed <= Number(values.to); seed++) {
    const result = await deploy({ seed, isGood, watch, rate, options });
    results.push(result);
    print(result);
    if (values.verbose || result.isCaught === isGood) console.log(result.said);
  }
  const count = (is: (result: Result) => boolean): string => `${results.filter(is).length} of ${results.length}`;
  if (isGood) console.log(`taken back: ${count(({ isCaught }) => isCaught)}`);
  else console.log(`caught: ${count(({ isCaught }) => isCaught)}`);
  console.log(
    `no more lost or failed than the canary's share: ${count(({ lostShare, canaryShare }) => lostShare <= canaryShare)}`,
  );
  console.log(`every client where it belongs: ${count(({ back, clients }) => back === clients)}`);
  console.log(
    `no request lost: ${count(({ lost }) => lost === 0)}, no connection closed: ${count(({ closed }) => closed === 0)}`,
  );
}

async function leaks(): Promise<void> {
  const mb = Number(values.mb);
  console.log(`node ${process.version}, a watch of ${watch} s, a cgroup of ${mb} MB`);
  for (let seed = Number(values.from); seed <= Number(values.to); seed++) {
    const isReadAsV2 = values['read-as'] === 'v2';
    const leak = await leakIn({ seed, watch, rate: rate ?? 1000, mb, isReadAsV2, options });
    print(leak);
    console.log(`  the kernel says: at most ${Math.round(leak.peak)} of ${mb} MB, ${leak.kills} processes killed`);
    if (values.verbose || !leak.isCaught || leak.kills > 0) console.log(leak.said);
    if (!leak.isCaught || leak.kills > 0 || leak.lost > 0) process.exitCode = 1;
  }
}

function print({ seed, kind, workers, canary, rate, isCaught, took, ...counts }: Result): void {
  const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
  const { answered, canaryShare, lostShare, failed, lost, closed, back, clients } = counts;
  console.log(
    `${seed} ${kind}, ${canary} of ${workers} workers, ${rate}/s: ${isCaught ? 'taken back' : 'kept'} after ${took.toFixed(1)} s; ` +
      `${answered} answers, ${percent(canaryShare)} by the canary, ${failed} failed, ${lost} lost (${percent(lostShare)}), ` +
      `${closed} connections closed, ${back} of ${clients} clients where they belong`,
  );
}
