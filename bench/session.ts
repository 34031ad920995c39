/** One run of the bench, from the calibration to its results. Owns the workplace, and ends whatever was started. */

import { calibrate } from './calibrate.ts';
import { which } from './command.ts';
import { autocannon } from './load/autocannon.ts';
import { wrk } from './load/wrk.ts';
import { commit, describeMachine, machineLine } from './machine.ts';
import type { MicroResult } from './micro/micro.ts';
import { runMicro } from './micro/run.ts';
import { type Options, ROUNDS } from './options.ts';
import { placement } from './placement.ts';
import { marked } from './processes.ts';
import { warnings } from './report/terminal.ts';
import type { Results } from './results.ts';
import { lineUp } from './lineup.ts';
import { type Plan, runPlan } from './runner.ts';
import type { Bench } from './scenario.ts';
import type { Chosen, Present } from './selection.ts';
import type { System } from './system.ts';
import { OURS } from './systems/index.ts';
import { Workplace } from './workplace.ts';

/** Of the user's minute `npm run build` has taken some. */
const QUICK_SECONDS = 50;

/**
 * @param started performance.now() when the command began: the quick form's minute is the user's.
 */
export async function measureAll(
  options: Options,
  { scenarios, named, shortened, partial }: Chosen,
  { able, unable }: Present,
  started: number,
  say: (line: string) => void,
): Promise<Results> {
  const workplace = await Workplace.create();
  const restore = endOnSignals(workplace);
  try {
    const load = which('wrk') === undefined ? autocannon : wrk;
    const machine = describeMachine();
    const where = placement();
    const rounds = options.rounds ?? (options.quick ? 1 : ROUNDS);
    const iterationsPerMs = await calibrate(workplace.node);
    const bench: Bench = {
      workplace,
      placement: where,
      iterationsPerMs,
      load,
      quick: options.quick,
      seconds: options.seconds,
    };
    const versions = Object.fromEntries(
      await Promise.all(able.map(async (one) => [one.name, await one.version()] as const)),
    );
    const loadName = `${load.name} ${await load.version()}`;
    say(machineLine(machine));
    say(
      Object.entries(machine.settings)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    );
    say(
      `${where.serverCores} workers; load by ${loadName}; 1 ms of work is ${iterationsPerMs} iterations; seed ${options.seed}`,
    );
    for (const { name, title, how } of able) say(`  ${title.padEnd(30)} ${versions[name]!.padEnd(20)} ${how}`);
    for (const { system, why } of unable) say(`  ${system.padEnd(30)} skipped: ${why}`);
    for (const warning of warnings({ machine, sharedCores: where.shared, load: loadName })) say(`! ${warning}`);
    const plan: Plan = {
      bench,
      scenarios,
      lineUp: await lineUp(scenarios, able, named),
      rounds,
      seed: options.seed,
      deadline: options.quick ? started + QUICK_SECONDS * 1000 : Infinity,
      say,
    };
    const { samples, missing, disturbed } = await runPlan(plan);
    const micro = options.only.length > 0 && !options.check ? [] : await microIfTime(plan, able);
    return {
      started: new Date().toISOString(),
      minutes: Number(((performance.now() - started) / 60_000).toFixed(1)),
      commit: await commit(),
      shortened,
      partial,
      against: options.against,
      rounds,
      seed: options.seed,
      machine,
      workers: where.serverCores,
      sharedCores: where.shared,
      load: loadName,
      versions,
      samples,
      disturbed,
      missing: [...unable, ...missing],
      micro,
    };
  } finally {
    restore();
    endAll(workplace);
  }
}

/** What the micro-benchmarks need, seconds, in the quick form. */
const MICRO_SECONDS = 5;

async function microIfTime({ bench, deadline, say }: Plan, able: readonly System[]): Promise<MicroResult[]> {
  say('\nParts alone (micro)');
  if (performance.now() + MICRO_SECONDS * 1000 < deadline) return runMicro(microSystems(able), bench, say);
  say('  skipped: out of time');
  return [];
}

const microSystems = (able: readonly System[]): System[] =>
  ['plain', OURS, 'cluster'].flatMap((name) => able.find((system) => system.name === name) ?? []);

/** However it ends, nothing that it started is left. */
function endOnSignals(workplace: Workplace): () => void {
  const end = (signal: NodeJS.Signals): void => {
    endAll(workplace);
    process.removeListener(signal, end);
    process.kill(process.pid, signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end);
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, end);
  };
}

function endAll(workplace: Workplace): void {
  for (const pid of marked(workplace.mark)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      continue;
    }
  }
  workplace.remove();
}
