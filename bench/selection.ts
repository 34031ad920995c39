/** Which scenarios and systems a command line means, and who of them is on this machine. */

import { CHECKED } from './check.ts';
import { type Options, pick, ROUNDS } from './options.ts';
import type { Missing } from './results.ts';
import type { Scenario } from './scenario.ts';
import { scenarios as allScenarios } from './scenarios/index.ts';
import type { System } from './system.ts';
import { OURS, REFERENCES, systems as allSystems } from './systems/index.ts';

export interface Chosen {
  readonly scenarios: readonly Scenario[];
  readonly systems: readonly System[];
  /** Whether systems were named: then a scenario's own choice of systems does not hold. */
  readonly named: boolean;
  /** Fewer rounds or shorter runs than the bench's own. */
  readonly shortened: boolean;
  /** Not all of the bench. */
  readonly partial: boolean;
  /** All of it is published by itself. */
  readonly apart: boolean;
}

export function choose({ quick, only, against, rounds = ROUNDS, seconds, check: checks }: Options): Chosen {
  const names = only.length === 0 && checks ? CHECKED : only;
  const together = allScenarios.filter(({ apart }) => apart !== true);
  const usual = quick ? together.filter(({ slow }) => slow !== true) : together;
  const scenarios = names.length === 0 ? usual : pick(allScenarios, names, 'scenario');
  const everyone = against.length === 0 && !quick && !checks;
  const systems = everyone ? allSystems : pick(allSystems, [OURS, ...REFERENCES, ...against], 'system');
  const shortened = quick || checks || rounds < ROUNDS || seconds !== undefined;
  const partial = shortened || names.length > 0 || against.length > 0;
  const apart = names.length > 0 && scenarios.every((one) => one.apart === true) && !shortened && against.length === 0;
  return { scenarios, systems, named: against.length > 0, shortened, partial, apart };
}

export interface Present {
  readonly able: readonly System[];
  readonly unable: readonly Missing[];
}

export async function whoIsHere(systems: readonly System[]): Promise<Present> {
  const able: System[] = [];
  const unable: Missing[] = [];
  for (const system of systems) {
    const why = await system.unavailable();
    if (why === undefined) able.push(system);
    else unable.push({ system: system.name, why, failed: false });
  }
  return { able, unable };
}
