/** The command line. */

import { parseArgs } from 'node:util';

export interface Options {
  readonly quick: boolean;
  readonly only: readonly string[];
  readonly against: readonly string[];
  readonly rounds: number | undefined;
  readonly seconds: number | undefined;
  readonly seed: number;
  /** What to do instead of, or after, the run. */
  readonly list: boolean;
  readonly publish: boolean;
  readonly check: boolean;
  readonly help: boolean;
  /** Work on a results file instead of running. */
  readonly from: string | undefined;
  /** Two results files, to see whether they agree. */
  readonly compare: boolean;
  /** Put the scenarios of several results files together. */
  readonly merge: boolean;
  readonly files: readonly string[];
}

/** What a figure needs to have a median and a spread. */
export const ROUNDS = 5;

export const help = `prefork beside every other way to run a server on all cores.

Usage: npm run bench -- [options]

  --quick              a look at everything, at most 60 s: one round, short runs, prefork, one process and node:cluster
  --only <scenario>    only this one; may be repeated
  --against <system>   only prefork, one process, node:cluster (for the ratios) and this one; may be repeated
  --rounds <n>         instead of ${ROUNDS} (quick: 1)
  --seconds <n>        length of a timed run instead of the scenario's own
  --seed <n>           of the systems' order within the rounds; printed and kept with the results
  --list               the scenarios, the systems of this machine, and how long a run takes

  --publish            afterwards write baseline.json, the pictures and the tables of docs/benchmarks.md (and README.md); with
                       --only deploys or --only growth, which are published by themselves, write deploys.json or growth.json
  --from <file>        do not run, work on this file of results/: print its tables, or publish it
  --merge <a> <b> …    put whole scenarios of several files of results/ together, those of the later file first; same commit,
                       machine and number of rounds; with --publish what came out is published
  --compare <a> <b>    whether two files of results/ agree within the spread they state
  --check              run what bench:check runs, compare its ratios with baseline.json, fail when one is worse
  --help
`;

export class UsageError extends Error {}

const wholeNumber = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new UsageError(`--${name} takes a whole number from 1 on, not ${text}`);
  return number;
};

export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  if (values.compare && positionals.length !== 2) throw new UsageError('--compare takes two files');
  if (!values.compare && !values.merge && positionals.length > 0)
    throw new UsageError(`no argument is wanted: ${positionals.join(' ')}`);
  return {
    ...values,
    rounds: wholeNumber('rounds', values.rounds),
    seconds: wholeNumber('seconds', values.seconds),
    seed: wholeNumber('seed', values.seed) ?? 1 + Math.floor(Math.random() * 1_000_000),
    from: values.from,
    files: positionals,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        against: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        seed: { type: 'string' },
        list: { type: 'boolean', default: false },
        publish: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        from: { type: 'string' },
        merge: { type: 'boolean', default: false },
        compare: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

/** Those of `all` that are named; a name that is not there is an error that says which are. */
export function pick<T extends { readonly name: string }>(
  all: readonly T[],
  names: readonly string[],
  what: string,
): T[] {
  const known = all.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`no ${what} named ${unknown}; there are ${known.join(', ')}`);
  return all.filter(({ name }) => names.includes(name));
}
