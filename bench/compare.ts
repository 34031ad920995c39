/** `--compare`: whether two runs agree within the spread they state. */

import { REFERENCES, systems } from './systems/index.ts';
import type { Results } from './results.ts';
import { scenarios } from './scenarios/index.ts';
import { overlap } from './statistics.ts';
import { summarise } from './summary.ts';

/** @returns the exit code: 0 when all that both have agrees. */
export function compare(first: Results, second: Results, say: (line: string) => void): number {
  const [a, b] = [summarise(first), summarise(second)];
  let compared = 0;
  let apart = 0;
  for (const { name: scenario, columns } of scenarios) {
    for (const { name: system } of systems) {
      for (const reference of REFERENCES) {
        for (const { key, title, ratio } of columns) {
          const one = a.scenarios[scenario]?.[system]?.ratios[reference]?.[key];
          const other = b.scenarios[scenario]?.[system]?.ratios[reference]?.[key];
          if (ratio !== true || one === undefined || other === undefined) continue;
          compared++;
          if (overlap(one, other)) continue;
          apart++;
          const range = ({ min, max }: typeof one): string => `${min.toFixed(2)}–${max.toFixed(2)}`;
          say(`  apart  ${scenario}: ${system}, ${title} × ${reference}: ${range(one)} and ${range(other)}`);
        }
      }
    }
  }
  say(`${compared - apart} of ${compared} ratios agree: the ranges of their rounds overlap`);
  return apart === 0 ? 0 : 1;
}
