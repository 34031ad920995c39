/** Runs the rounds: in each of them every scenario, and in each scenario every system in its turn. */

import { actsOf, random, type Turn, turnsOf } from './acts.ts';
import { forecast, minutes, remaining, total, turnSeconds } from './forecast.ts';
import type { LineUp } from './lineup.ts';
import type { Measured, Missing } from './results.ts';
import { opened } from './open.ts';
import { withoutPlaces } from './places.ts';
import type { Bench, Sample, Scenario } from './scenario.ts';
import type { System } from './system.ts';

export interface Plan {
  readonly bench: Bench;
  readonly scenarios: readonly Scenario[];
  readonly lineUp: LineUp;
  readonly rounds: number;
  readonly seed: number;
  /** When no further measurement is begun, performance.now(); Infinity: never. */
  readonly deadline: number;
  readonly say: (line: string) => void;
  /** Is given all that there is so far. */
  readonly afterRound: (ran: Ran, round: number) => void;
}

export interface Ran {
  readonly samples: readonly Measured[];
  readonly missing: readonly Missing[];
  readonly disturbed: readonly Measured[];
}

/** So often in one scenario, and the system is left out of its further rounds. */
const FAILURES_TO_GIVE_UP = 2;

/**
 * A measurement during which other programs used more than this part of the machine's busy time is repeated, so many times
 * at most; the one that was disturbed least counts. The rule knows neither the system nor its figures.
 */
const DISTURBED = 0.15;
const TRIES = 3;
/** Repetitions may take this part of what the run was to take. After that what is disturbed stays, and is counted. */
const REPETITIONS = 0.04;

const isDisturbed = ({ figures }: Sample): boolean => (figures['others'] ?? 0) > DISTURBED;

export async function runPlan(plan: Plan): Promise<Ran> {
  const { scenarios, lineUp, rounds, seed, bench, say } = plan;
  const acts = actsOf(scenarios);
  const forecasts = forecast(acts, rounds, lineUp.takesPart, bench);
  const patience = bench.quick ? 0 : REPETITIONS * total(forecasts);
  const more = patience > 0 ? `, and up to ${minutes(patience)} more where other programs disturb` : '';
  say(`about ${minutes(total(forecasts))}${more}`);
  const run = new Run(plan, patience);
  const next = random(seed);
  const start = performance.now();
  for (let round = 1; round <= rounds; round++) {
    say(`\nRound ${round} of ${rounds}`);
    for (const turn of turnsOf(acts, round, lineUp.takesPart, next)) await run.turn(turn, round);
    plan.afterRound(run, round);
    const took = (performance.now() - start) / 1000;
    if (round < rounds) say(`${minutes(took)} so far, about ${minutes(remaining(forecasts, round, took))} to go`);
  }
  return run;
}

/** What has been measured so far, and what could not be. */
class Run implements Ran {
  readonly samples: Measured[] = [];
  readonly missing: Missing[];
  readonly disturbed: Measured[] = [];
  readonly #plan: Plan;
  readonly #failures = new Map<string, number>();
  /** Seconds that may still go into repetitions. */
  #patience: number;

  constructor(plan: Plan, patience: number) {
    this.#plan = plan;
    this.#patience = patience;
    this.missing = [...plan.lineUp.missing];
    for (const { scenario, system, why } of this.missing) plan.say(`skipped  ${scenario}: ${system}, ${why}`);
  }

  async turn({ system, scenarios }: Turn, round: number): Promise<void> {
    const { bench } = this.#plan;
    const due = scenarios.filter((scenario) => this.#isDue(scenario, system));
    for (const scenario of due) {
      if (scenario.stage !== undefined) continue;
      await this.#measure(scenario, system, round, () => scenario.measure(system, bench));
    }
    const staged = due.filter((scenario) => scenario.stage !== undefined);
    if (staged.length === 0) return;
    try {
      await using server = await opened(system, staged[0]!.stage, bench.placement.serverCores, bench);
      for (const scenario of staged) {
        await this.#measure(scenario, system, round, () => scenario.measure(server, bench));
      }
    } catch (error) {
      for (const scenario of staged) this.#failed(scenario, system, round, error);
    }
  }

  #isDue(scenario: Scenario, system: System): boolean {
    if ((this.#failures.get(`${scenario.name} ${system.name}`) ?? 0) >= FAILURES_TO_GIVE_UP) return false;
    const { bench, deadline } = this.#plan;
    if (performance.now() + turnSeconds({ system, scenarios: [scenario] }, bench) * 1000 <= deadline) return true;
    this.#missed(scenario, system, 'out of time', false);
    return false;
  }

  async #measure(scenario: Scenario, system: System, round: number, measure: () => Promise<Sample>): Promise<void> {
    try {
      const tries = await this.#tries(scenario, system, round, measure);
      const [best, ...others] = tries.toSorted((a, b) => (a.figures['others'] ?? 0) - (b.figures['others'] ?? 0));
      this.samples.push(best!);
      this.disturbed.push(...others);
    } catch (error) {
      this.#failed(scenario, system, round, error);
    }
  }

  async #tries(scenario: Scenario, system: System, round: number, measure: () => Promise<Sample>): Promise<Measured[]> {
    const tries: Measured[] = [];
    for (;;) {
      const start = performance.now();
      const sample = await measure();
      const commands = sample.commands.map(withoutPlaces);
      tries.push({ scenario: scenario.name, system: system.name, round, ...sample, commands });
      const mark = isDisturbed(sample) ? ` (others used ${Math.round(sample.figures['others']! * 100)} %)` : '';
      this.#plan.say(`  ${scenario.name.padEnd(16)} ${system.title.padEnd(28)} ${line(scenario, sample)}${mark}`);
      if (!isDisturbed(sample) || tries.length === TRIES || this.#patience <= 0) return tries;
      this.#patience -= (performance.now() - start) / 1000;
    }
  }

  #failed(scenario: Scenario, system: System, round: number, error: unknown): void {
    const key = `${scenario.name} ${system.name}`;
    this.#failures.set(key, (this.#failures.get(key) ?? 0) + 1);
    this.#missed(scenario, system, `round ${round}: ${(error as Error).message}`, true);
  }

  #missed(scenario: Scenario, system: System, why: string, failed: boolean): void {
    this.missing.push({ scenario: scenario.name, system: system.name, why: withoutPlaces(why), failed });
    this.#plan.say(`  ${failed ? 'FAILED ' : 'skipped'}  ${scenario.name}: ${system.title}: ${why}`);
  }
}

const line = ({ columns }: Scenario, { figures }: Sample): string =>
  columns.map(({ key, title, digits }) => `${title} ${figures[key]?.toFixed(digits) ?? '–'}`).join('  ');
