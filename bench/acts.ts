/** In which order everything is measured, and what shares one start of a system. Pure. */

import type { Scenario } from './scenario.ts';
import type { System } from './system.ts';

/** Scenarios next to each other that ask for the same stage: a system is started once a round for all of them. */
export type Act = readonly Scenario[];

const sameStage = (a: Scenario, b: Scenario): boolean => a.stage !== undefined && a.stage === b.stage;

export function actsOf(scenarios: readonly Scenario[]): Act[] {
  const acts: Scenario[][] = [];
  for (const scenario of scenarios) {
    const last = acts.at(-1);
    if (last !== undefined && sameStage(last[0]!, scenario)) last.push(scenario);
    else acts.push([scenario]);
  }
  return acts;
}

/** The rounds in which it is measured, of all those of the run: from the first on. */
const isDue = ({ rounds = Infinity }: Scenario, round: number): boolean => round <= rounds;

/** mulberry32: the order of the systems in a round, the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

/** A system's turn in an act: the scenarios of it in which it takes part. */
export interface Turn {
  readonly system: System;
  readonly scenarios: readonly Scenario[];
}

/** The turns of a round, act after act. `takesPart` says who is in what. */
export function turnsOf(
  acts: readonly Act[],
  round: number,
  takesPart: (scenario: Scenario) => readonly System[],
  next: () => number,
): Turn[] {
  return acts.flatMap((act) => {
    const due = act.filter((scenario) => isDue(scenario, round));
    const systems = [...new Set(due.flatMap(takesPart))];
    return shuffled(systems, next).map((system) => ({
      system,
      scenarios: due.filter((scenario) => takesPart(scenario).includes(system)),
    }));
  });
}
