import { parseArgs } from 'node:util';
import { simulate } from './canary/simulation.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '20' }, watch: { type: 'string', default: '15' } },
});

if (positionals[0] === 'simulation') simulate(Number(values.runs), Number(values.watch) * 1000);
