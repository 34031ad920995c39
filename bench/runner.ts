/** Runs the scenarios: for each of them the rounds, and in each round every system in its turn. */

import { systems as allSystems } from './systems/index.ts';
import type { Measured, Missing } from './results.ts';
import type { Bench, Sample, Scenario } from './scenario.ts';
import type { System } from './system.ts';

export interface Plan {
  readonly bench: Bench;
  readonly scenarios: readonly Scenario[];
  readonly systems: readonly System[];
  /** Whether systems were named: then a scenario's own choice of systems does not hold. */
  readonly named: boolean;
  readonly rounds: number;
  readonly seed: number;
  /** When no further measurement is begun, performance.now(); Infinity: never. */
  readonly deadline: number;
  readonly say: (line: string) => void;
}

export interface Ran {
  readonly samples: Measured[];
  readonly missing: Missing[];
  readonly disturbed: Measured[];
}

/** Twice in a row, and the system is left out of the scenario's further rounds. */
const FAILURES_TO_GIVE_UP = 2;

/**
 * A measurement during which other programs used more than this part of the machine's busy time is repeated, so many times
 * at most; the one that was disturbed least counts. The rule knows neither the system nor its figures.
 */
const DISTURBED = 0.15;
const TRIES = 3;

const isDisturbed = ({ figures }: Sample): boolean => (figures['others'] ?? 0) > DISTURBED;

/** mulberry32: the order of the systems in a round, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

/** Who takes part in the scenario, and who does not and why. */
export async function lineUp(
  scenario: Scenario,
  systems: readonly System[],
  named: boolean,
): Promise<{ takePart: System[]; missing: Missing[] }> {
  const takePart: System[] = [];
  const missing: Missing[] = [];
  for (const system of systems) {
    if (!named && scenario.among?.includes(system.name) === false) continue;
    const why = await scenario.skips(system);
    if (why === undefined) takePart.push(system);
    else missing.push({ scenario: scenario.name, system: system.name, why, failed: false });
  }
  return { takePart, missing };
}

export async function runPlan(plan: Plan): Promise<Ran> {
  const ran: Ran = { samples: [], missing: [], disturbed: [] };
  const next = random(plan.seed);
  for (const scenario of plan.scenarios) {
    const { takePart, missing } = await lineUp(scenario, plan.systems, plan.named);
    ran.missing.push(...missing);
    plan.say(`\n${scenario.title} (${scenario.name})`);
    for (const { system, why } of missing) plan.say(`  skipped  ${title(system)}: ${why}`);
    const failures = new Map<string, number>();
    for (let round = 1; round <= plan.rounds; round++) {
      for (const system of shuffled(takePart, next)) {
        if ((failures.get(system.name) ?? 0) >= FAILURES_TO_GIVE_UP) continue;
        await measureOnce(plan, scenario, system, round, ran, failures);
      }
    }
  }
  return ran;
}

async function measureOnce(
  plan: Plan,
  scenario: Scenario,
  system: System,
  round: number,
  ran: Ran,
  failures: Map<string, number>,
): Promise<void> {
  const { bench, say } = plan;
  const missed = (why: string, failed: boolean): void => {
    ran.missing.push({ scenario: scenario.name, system: system.name, why, failed });
    say(`  ${failed ? 'FAILED ' : 'skipped'}  ${system.title}: ${why}`);
  };
  if (performance.now() + scenario.seconds(bench) * 1000 > plan.deadline) return missed('out of time', false);
  try {
    const tries: Measured[] = [];
    do {
      const sample = await scenario.measure(system, bench);
      tries.push({ scenario: scenario.name, system: system.name, round, ...sample });
      const mark = isDisturbed(sample) ? ` (others used ${Math.round(sample.figures['others']! * 100)} %)` : '';
      say(`  ${round}/${plan.rounds}  ${system.title.padEnd(28)} ${figuresLine(scenario, sample.figures)}${mark}`);
    } while (!bench.quick && isDisturbed(tries.at(-1)!) && tries.length < TRIES);
    failures.delete(system.name);
    const [best, ...others] = tries.toSorted((a, b) => (a.figures['others'] ?? 0) - (b.figures['others'] ?? 0));
    ran.samples.push(best!);
    ran.disturbed.push(...others);
  } catch (error) {
    failures.set(system.name, (failures.get(system.name) ?? 0) + 1);
    missed(`round ${round}: ${(error as Error).message}`, true);
  }
}

const figuresLine = ({ columns }: Scenario, figures: Readonly<Record<string, number>>): string =>
  columns.map(({ key, title: name, digits }) => `${name} ${figures[key]?.toFixed(digits) ?? '–'}`).join('  ');

const title = (name: string): string => allSystems.find((system) => system.name === name)?.title ?? name;
