import { parseArgs } from 'node:util';
import { simulateBad, simulateGood } from './canary/simulation.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '20' },
    watch: { type: 'string', default: '15' },
    only: { type: 'string', default: 'good,bad' },
  },
});

if (positionals[0] === 'simulation') {
  const runs = Number(values.runs);
  const watch = Number(values.watch) * 1000;
  if (values.only.includes('good')) simulateGood(runs, watch);
  if (values.only.includes('bad')) simulateBad(runs, watch);
}
