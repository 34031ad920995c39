import { OURS, REFERENCES, systems } from '../systems/index.ts';
import type { Machine } from '../machine.ts';
import { scenarios } from '../scenarios/index.ts';
import type { Summary } from '../summary.ts';
import { forTerminal, tableOf } from './table.ts';

/** What makes the figures less than they seem. */
export function warnings({
  machine,
  sharedCores,
  load,
}: {
  machine: Machine;
  sharedCores: boolean;
  load: string;
}): string[] {
  const list: string[] = [];
  if (sharedCores) {
    list.push(
      `the load generator shares the ${machine.cores} cores with the servers: a cheap server leaves it more, so requests/s differ less than the systems do; CPU per request is the better measure`,
    );
  }
  if (load.startsWith('autocannon'))
    list.push('no wrk here: autocannon needs much more CPU, and requests/s are those of autocannon');
  if (machine.loadBefore > 0.3)
    list.push(`the machine was not idle before the start: load average ${machine.loadBefore.toFixed(2)}`);
  return list;
}

/** Measurements during which others used more than this part of the machine's busy time are named. */
const MUCH_BY_OTHERS = 0.05;

export function disturbed({ scenarios: measured }: Summary): { disturbed: number; of: number } {
  const shares = Object.values(measured).flatMap((bySystem) =>
    Object.values(bySystem).flatMap(({ figures }) => figures['others']?.values ?? []),
  );
  return { disturbed: shares.filter((share) => share > MUCH_BY_OTHERS).length, of: shares.length };
}

export function printReport(summary: Summary, say: (line: string) => void): void {
  for (const scenario of scenarios) {
    const table = tableOf(scenario, summary, systems, scenario.references ?? REFERENCES);
    if (table === undefined) continue;
    say(`\n${scenario.title}\n${scenario.what}\n`);
    say(forTerminal(table));
    const measured = summary.scenarios[scenario.name]!;
    for (const command of (measured[OURS] ?? Object.values(measured)[0])?.commands ?? []) say(`  $ ${command}`);
  }
  const { disturbed: count, of } = disturbed(summary);
  say(
    `\n${summary.rounds} round${summary.rounds === 1 ? '' : 's'}; median (smallest–largest); ratios taken within each round`,
  );
  if (count > 0)
    say(`! in ${count} of ${of} timed runs other programs used more than ${MUCH_BY_OTHERS * 100} % of the busy time`);
  for (const warning of warnings(summary)) say(`! ${warning}`);
}
