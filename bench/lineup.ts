/** Who takes part in what. */

import type { Missing } from './results.ts';
import type { Scenario } from './scenario.ts';
import type { System } from './system.ts';

export interface LineUp {
  readonly takesPart: (scenario: Scenario) => readonly System[];
  readonly missing: readonly Missing[];
}

/** @param named whether systems were named: then a scenario's own choice of systems does not hold. */
export async function lineUp(
  scenarios: readonly Scenario[],
  systems: readonly System[],
  named: boolean,
): Promise<LineUp> {
  const parts = new Map<Scenario, System[]>();
  const missing: Missing[] = [];
  for (const scenario of scenarios) {
    const takePart: System[] = [];
    for (const system of systems) {
      if (!named && scenario.among?.includes(system.name) === false) continue;
      const why = await scenario.skips(system);
      if (why === undefined) takePart.push(system);
      else missing.push({ scenario: scenario.name, system: system.name, why, failed: false });
    }
    parts.set(scenario, takePart);
  }
  return { takesPart: (scenario) => parts.get(scenario) ?? [], missing };
}
