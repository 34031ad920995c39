/**
 * `--merge`: a whole run out of parts that were run at different times. A ratio only means something between systems that
 * met the same machine in the same rounds, so what is put together is whole scenarios, each out of one run. Pure.
 */

import { UsageError } from './options.ts';
import type { Part, Results } from './results.ts';
import { scenarios } from './scenarios/index.ts';

export function merge(runs: readonly Results[]): Results {
  const [first, ...others] = runs;
  if (first === undefined || others.length === 0) throw new UsageError('--merge takes two files or more');
  for (const run of runs) holdTogether(first, run);
  /** The later file wins. */
  const owner = new Map(runs.flatMap((run) => scenariosOf(run).map((scenario) => [scenario, run] as const)));
  const own = <T extends { readonly scenario?: string }>(run: Results, items: readonly T[]): T[] =>
    items.filter(({ scenario }) => scenario !== undefined && owner.get(scenario) === run);
  const parts = runs.map((run): Part => {
    const { started, minutes, seed } = run;
    return { started, minutes, seed, scenarios: scenariosOf(run).filter((scenario) => owner.get(scenario) === run) };
  });
  return {
    ...first,
    minutes: Number(runs.reduce((sum, { minutes }) => sum + minutes, 0).toFixed(1)),
    partial: first.shortened || first.against.length > 0 || !scenarios.every(({ name }) => owner.has(name)),
    versions: Object.assign({}, ...runs.map(({ versions }) => versions)) as Results['versions'],
    samples: runs.flatMap((run) => own(run, run.samples)),
    disturbed: runs.flatMap((run) => own(run, run.disturbed)),
    missing: [
      ...first.missing.filter(({ scenario }) => scenario === undefined),
      ...runs.flatMap((run) => own(run, run.missing)),
    ],
    micro: runs.findLast(({ micro }) => micro.length > 0)?.micro ?? [],
    parts,
  };
}

const scenariosOf = ({ samples }: Results): string[] => [...new Set(samples.map(({ scenario }) => scenario))];

/** What has to be the same in all of them. */
function identity({ commit, rounds, workers, load, machine, shortened, against }: Results): Record<string, unknown> {
  const { cpu, cores, system, kernel } = machine;
  return { commit, rounds, workers, load, cpu, cores, system, kernel, shortened, against: against.join() };
}

function holdTogether(first: Results, run: Results): void {
  const [wanted, found] = [identity(first), identity(run)];
  const key = Object.keys(wanted).find((name) => wanted[name] !== found[name]);
  if (key !== undefined)
    throw new UsageError(`these runs are not of one thing: ${key} is ${String(wanted[key])} and ${String(found[key])}`);
  const system = Object.keys(run.versions).find(
    (name) => (first.versions[name] ?? run.versions[name]) !== run.versions[name],
  );
  if (system !== undefined)
    throw new UsageError(
      `these runs are not of one thing: ${system} ${first.versions[system]} and ${run.versions[system]}`,
    );
}
