/** Under which conditions a run takes place: the machine, the versions, the tools. */

import { calibrate } from './calibrate.ts';
import { which } from './command.ts';
import { autocannon } from './load/autocannon.ts';
import type { LoadGenerator } from './load/load.ts';
import { wrk } from './load/wrk.ts';
import { commit, describeMachine, machineLine, settingsLine } from './machine.ts';
import { type Options, ROUNDS } from './options.ts';
import { placement } from './placement.ts';
import { warnings } from './report/terminal.ts';
import type { Results } from './results.ts';
import type { Bench } from './scenario.ts';
import type { Chosen, Present } from './selection.ts';
import type { Workplace } from './workplace.ts';

/** All that is known of a run before its first measurement. */
export type Conditions = Omit<Results, 'minutes' | 'samples' | 'disturbed' | 'missing' | 'micro'>;

export async function conditionsOf(
  { rounds, quick, against, seed }: Options,
  { shortened, partial }: Chosen,
  { able }: Present,
  started: number,
): Promise<Conditions> {
  const { serverCores, shared } = placement();
  const load = generator();
  const versions = await Promise.all(able.map(async (one) => [one.name, await one.version()] as const));
  return {
    started: new Date(performance.timeOrigin + started).toISOString(),
    commit: await commit(),
    shortened,
    partial,
    against,
    rounds: rounds ?? (quick ? 1 : ROUNDS),
    seed,
    machine: describeMachine(),
    workers: serverCores,
    sharedCores: shared,
    load: `${load.name} ${await load.version()}`,
    versions: Object.fromEntries(versions),
  };
}

const generator = (): LoadGenerator => (which('wrk') === undefined ? autocannon : wrk);

export const benchOf = async ({ quick, seconds }: Options, workplace: Workplace): Promise<Bench> => ({
  workplace,
  placement: placement(),
  iterationsPerMs: await calibrate(workplace.node),
  load: generator(),
  quick,
  seconds,
});

export function introduce(
  conditions: Conditions,
  { iterationsPerMs }: Bench,
  { able, unable }: Present,
  say: (line: string) => void,
): void {
  const { machine, workers, load, seed, versions } = conditions;
  say(machineLine(machine));
  say(settingsLine(machine));
  say(`${workers} workers; load by ${load}; 1 ms of work is ${iterationsPerMs} iterations; seed ${seed}`);
  for (const { name, title, how } of able) say(`  ${title.padEnd(30)} ${versions[name]!.padEnd(20)} ${how}`);
  for (const { system, why } of unable) say(`  ${system.padEnd(30)} skipped: ${why}`);
  for (const warning of warnings(conditions)) say(`! ${warning}`);
}
