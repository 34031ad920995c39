/** `--compare`: whether two runs agree within the spread they state. */

import { tolerance } from './check.ts';
import type { Results } from './results.ts';
import { scenarios } from './scenarios/index.ts';
import { overlap, type Spread } from './statistics.ts';
import { type Summary, summarise } from './summary.ts';
import { OURS, REFERENCES, systems } from './systems/index.ts';

interface Pair {
  readonly system: string;
  readonly what: string;
  readonly one: Spread;
  readonly other: Spread;
}

/** All ratios that the tables of both runs show. */
function pairs(a: Summary, b: Summary): Pair[] {
  return scenarios.flatMap(({ name: scenario, columns }) =>
    systems.flatMap(({ name: system }) =>
      REFERENCES.flatMap((reference) =>
        columns.flatMap(({ key, title, ratio }) => {
          const [one, other] = [a, b].map(({ scenarios: of }) => of[scenario]?.[system]?.ratios[reference]?.[key]);
          if (ratio !== true || one === undefined || other === undefined) return [];
          return [{ system, what: `${scenario}: ${system}, ${title} × ${reference}`, one, other }];
        }),
      ),
    ),
  );
}

/** The ranges of the rounds overlap; or the medians are no further apart than bench:check would let pass as nothing. */
export const agree = ({ one, other }: Pick<Pair, 'one' | 'other'>): boolean =>
  overlap(one, other) || Math.abs(other.median / one.median - 1) <= tolerance(one.values, other.values);

/** @returns the exit code: 0 when all that both have agrees. */
export function compare(first: Results, second: Results, say: (line: string) => void): number {
  const all = pairs(summarise(first), summarise(second));
  const apart = all.filter((pair) => !agree(pair));
  const show = ({ median, min, max }: Spread): string =>
    `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`.padEnd(18);
  say(`${first.started} (${first.commit}) and ${second.started} (${second.commit}): median (smallest–largest round)\n`);
  for (const pair of all) {
    if (pair.system !== OURS && !apart.includes(pair)) continue;
    say(
      `  ${apart.includes(pair) ? 'APART' : 'agree'}  ${pair.what.padEnd(64)} ${show(pair.one)}  ${show(pair.other)}`,
    );
  }
  say(
    `\n${all.length - apart.length} of ${all.length} ratios agree: their rounds overlap, or their medians are apart by`,
  );
  say('no more than three standard errors, at least 5 %. Of the other systems only those that are apart are listed.');
  return apart.length === 0 && all.length > 0 ? 0 : 1;
}
