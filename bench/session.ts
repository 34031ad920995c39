/** One run of the bench, from the calibration to its results. Owns the workplace, and ends whatever was started. */

import { benchOf, conditionsOf, introduce } from './conditions.ts';
import type { MicroResult } from './micro/micro.ts';
import { runMicro } from './micro/run.ts';
import { type Options, ROUNDS } from './options.ts';
import { marked } from './processes.ts';
import { keep, type Results } from './results.ts';
import { lineUp } from './lineup.ts';
import { type Plan, type Ran, runPlan } from './runner.ts';
import type { Chosen, Present } from './selection.ts';
import type { System } from './system.ts';
import { OURS } from './systems/index.ts';
import { Workplace } from './workplace.ts';

/** Of the user's minute `npm run build` has taken some. */
const QUICK_SECONDS = 50;

/** @param started performance.now() when the command began: the quick form's minute is the user's. */
export async function measureAll(
  options: Options,
  chosen: Chosen,
  present: Present,
  started: number,
  say: (line: string) => void,
): Promise<Results> {
  const workplace = await Workplace.create();
  const restore = endOnSignals(workplace);
  try {
    const conditions = await conditionsOf(options, chosen, present, started);
    const bench = await benchOf(options, workplace);
    introduce(conditions, bench, present, say);
    const resultsOf = ({ samples, missing, disturbed }: Ran, micro: MicroResult[]): Results => {
      const minutes = Number(((performance.now() - started) / 60_000).toFixed(1));
      return { ...conditions, minutes, samples, disturbed, missing: [...present.unable, ...missing], micro };
    };
    const plan: Plan = {
      bench,
      scenarios: chosen.scenarios,
      lineUp: await lineUp(chosen.scenarios, present.able, chosen.named),
      rounds: conditions.rounds,
      seed: options.seed,
      deadline: options.quick ? started + QUICK_SECONDS * 1000 : Infinity,
      say,
      // Whoever interrupts it keeps the rounds that were whole.
      afterRound: (ran, rounds) => keep(soFar(resultsOf(ran, []), rounds)),
    };
    const ran = await runPlan(plan);
    return resultsOf(ran, options.only.length > 0 && !options.check ? [] : await microIfTime(plan, present.able));
  } finally {
    restore();
    endAll(workplace);
  }
}

function soFar(results: Results, rounds: number): Results {
  const shortened = results.shortened || rounds < ROUNDS;
  return { ...results, rounds, shortened, partial: results.partial || shortened };
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
  const sessions = [...workplace.sessions].map((pid) => -pid);
  for (const pid of [...sessions, ...marked(workplace.mark)]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      continue;
    }
  }
  workplace.remove();
}
