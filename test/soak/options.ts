import { parseArgs } from 'node:util';
import { scenarios } from './scenarios.ts';

export interface SoakOptions {
  readonly names: readonly string[];
  /** How often each scenario happens. */
  readonly count: number;
  /** The least number of answers over all protocols, because fewer prove too little. */
  readonly minRequests: number;
  /** The number of clients over all protocols. */
  readonly clients: number;
  /** True for one protocol after another, instead of all together. */
  readonly inTurns: boolean;
  readonly sharing: string;
}

const usage = `node out/test/soak/nothing-lost.js [options]
  --scenario <${Object.keys(scenarios).join('|')}|all>   default: all
  --count <n>          how often it happens; default 20
  --min-requests <n>   answers that it takes at least; default 20000
  --clients <n>        default 64
  --in-turns           one protocol after another, instead of all together
  --sharing <mode>     of the command; default auto
`;

/** Reads the options, and throws for those that cannot be used. */
export function readOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', default: 'all' },
      count: { type: 'string', default: '20' },
      'min-requests': { type: 'string', default: '20000' },
      clients: { type: 'string', default: '64' },
      'in-turns': { type: 'boolean', default: false },
      sharing: { type: 'string', default: 'auto' },
    },
  });
  const { scenario } = values;
  const names = scenario === 'all' ? Object.keys(scenarios) : [scenario];
  if (!names.every((name) => Object.hasOwn(scenarios, name))) throw new Error(`no scenario ${scenario}\n${usage}`);
  return {
    names,
    count: wholeNumber('count', values.count),
    minRequests: wholeNumber('min-requests', values['min-requests']),
    clients: wholeNumber('clients', values.clients),
    inTurns: values['in-turns'],
    sharing: values.sharing,
  };
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`--${name}: expected a whole number of 1 or more, got ${text}`);
  return number;
}
