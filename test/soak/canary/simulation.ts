/** Simulates thousands of watches, good releases and bad ones, and prints what the policy makes of them. */
import { watch, type Fault, type Noise } from '../../support/canary-traffic.ts';

/** Workers and those of them that are the canary's. */
const FLEETS = [
  [2, 1],
  [4, 1],
  [4, 2],
  [8, 1],
  [8, 4],
  [16, 2],
  [64, 1],
  [64, 32],
] as const;

const RATES = [200, 1000, 5000] as const;

const NOISES: Readonly<Record<string, Noise>> = {
  usual: {},
  'none but chance': { errors: 0, stalls: 0, outages: 0, retries: 0 },
  'many errors': { errors: 0.05 },
  stalls: { stalls: 0.2 },
  outages: { outages: 0.3 },
  retries: { retries: 0.5 },
  'wide latency': { spread: 1.2 },
};

export const FAULTS: Readonly<Record<string, Fault>> = {
  '5xx for 1 %': { errors: 0.01 },
  '5xx for 2 %': { errors: 0.02 },
  '5xx for 5 %': { errors: 0.05 },
  '5xx for 20 %': { errors: 0.2 },
  '5xx for 5 % after 5 s': { errors: 0.05, after: 5000 },
  'twice the latency': { slower: 2 },
  'five times the latency': { slower: 5 },
  'a leak of 100 KB a request': { leak: 100_000 },
  'a crash after 10 s': { crash: 10_000 },
  'a hang after 3 s': { hang: 3000 },
  '5 % never answered': { stuck: 0.05 },
  'its own word after 3 s': { unwell: 3000 },
};

export function simulateGood(runs: number, watchMs: number): void {
  console.log(
    `good releases, ${runs} runs each, a watch of ${watchMs / 1000} s: worse / doubt for too little / other doubt`,
  );
  for (const [name, noise] of Object.entries(NOISES)) {
    const sums = { worse: 0, little: 0, doubt: 0, all: 0 };
    const why = new Map<string, number>();
    each(runs, (workers, canary, rate, seed) => {
      const { verdict, reasons, table } = watch({ seed, workers, canary, rate, watch: watchMs, noise });
      sums.all++;
      if (verdict === 'worse') sums.worse++;
      else if (verdict === 'doubt') sums[reasons.some((one) => one.startsWith('too little')) ? 'little' : 'doubt']++;
      for (const row of table) {
        const isCause =
          row.verdict === 'worse' ||
          (verdict === 'doubt' && row.verdict === 'too little' && !reasons[0]?.startsWith('too little'));
        if (isCause) why.set(row.figure, (why.get(row.figure) ?? 0) + 1);
      }
    });
    const causes = [...why].map(([figure, count]) => `${figure} ${count}`).join(', ');
    console.log(`| ${name} | ${sums.all} | ${sums.worse} | ${sums.little} | ${sums.doubt} | ${causes} |`);
  }
}

export function simulateBad(runs: number, watchMs: number): void {
  console.log('bad releases, % caught as worse / % left in doubt, and when: median and 95th percentile of the time, s');
  for (const [name, fault] of Object.entries(FAULTS)) {
    for (const rate of RATES) {
      const cells = FLEETS.map(([workers, canary]) => {
        const times: number[] = [];
        let doubt = 0;
        for (let seed = 1; seed <= runs; seed++) {
          const { verdict, at } = watch({ seed, workers, canary, rate, watch: watchMs, fault });
          if (verdict === 'worse') times.push(at / 1000);
          else if (verdict === 'doubt') doubt++;
        }
        times.sort((a, b) => a - b);
        const rank = (share: number): string => String(times[Math.floor(share * (times.length - 1))] ?? '-');
        return `${Math.round((100 * times.length) / runs)}/${Math.round((100 * doubt) / runs)} ${rank(0.5)}-${rank(0.95)}`;
      });
      console.log(`| ${name} | ${rate} | ${cells.join(' | ')} |`);
    }
  }
}

function each(runs: number, run: (workers: number, canary: number, rate: number, seed: number) => void): void {
  for (const [workers, canary] of FLEETS) {
    for (const rate of RATES) for (let seed = 1; seed <= runs; seed++) run(workers, canary, rate, seed);
  }
}
