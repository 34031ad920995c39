/**
 * What the history of the last ten minutes costs the primary: `npm run build && node bench/micro/history.ts`. It prints CPU time and
 * memory for some numbers of slots, with the built code.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { paths } from '../paths.ts';

const load = async (file: string): Promise<Record<string, any>> => import(`${paths.dist}${file}`);
const { FIGURES } = await load('contract/figures.js');
const { Totals } = await load('metrics/totals.js');
const { FigureHistory } = await load('primary/telemetry/figure-history.js');

const EVERY_MS = 2000;
const LOOKS = 500;
const ROUNDS = 5;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function memoryInUse(): number {
  for (let nth = 0; nth < 4; nth++) collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function rowOf(slot: number): object {
  const figures = FIGURES.map(({ name, count }: { name: string; count?: number }) => [
    name,
    count === undefined ? 1 : new Float64Array(count).fill(3),
  ]);
  return { ...Object.fromEntries(figures), state: 'ready', slot };
}

for (const slots of [2, 32, 256]) {
  const rows = Array.from({ length: slots }, (_, slot) => rowOf(slot));
  const totals = new Totals();
  for (const row of rows) totals.ended(row);
  const before = memoryInUse();
  const history = new FigureHistory(totals);
  let at = 0;
  const look = (): void => history.look((at += EVERY_MS), 0, rows);
  for (let nth = 0; nth < 2 * LOOKS; nth++) look();
  const memory = memoryInUse() - before;
  const costs = Array.from({ length: ROUNDS }, () => {
    const start = process.cpuUsage();
    for (let nth = 0; nth < LOOKS; nth++) look();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / LOOKS;
  }).toSorted((a, b) => a - b);
  const median = costs[Math.floor(ROUNDS / 2)]!;
  const share = (median / (EVERY_MS * 1000)) * 100;
  console.log(
    `${slots} slots: ${median.toFixed(0)} µs of CPU a point, ${share.toFixed(4)} % of a core; ${(memory / 1024).toFixed(0)} KB of memory; the answer has ${Math.round(JSON.stringify(history.read('')).length / 1024)} KB`,
  );
}
