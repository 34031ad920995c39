/** `--publish`: what is committed of the run, and from it the pictures and the tables in the pages. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { asLines, compact } from './compact.ts';
import { paths } from './paths.ts';
import { drawAll } from './report/charts/index.ts';
import { filled } from './report/page.ts';
import type { Results } from './results.ts';
import { scenarios } from './scenarios/index.ts';
import { summarise } from './summary.ts';

/** Whether all that was run is published by itself: it was not cut short, and it has no systems but its own. */
export const isApart = ({ samples, shortened, against }: Results): boolean =>
  samples.length > 0 && !shortened && against.length === 0 && apartOf(samples).length === 1;

/** The one scenario of a run that is published by itself; none of any other run. */
function apartOf(samples: Results['samples']): string[] {
  const names = [...new Set(samples.map(({ scenario }) => scenario))];
  const apart = names.filter((name) => scenarios.some((one) => one.name === name && one.apart === true));
  return apart.length === names.length ? apart : [];
}

export async function publish(results: Results, say: (line: string) => void): Promise<void> {
  const kept = compact(results);
  const summary = summarise(kept);
  const shown = (file: string): string => relative(process.cwd(), file);
  const [apart] = isApart(kept) ? apartOf(kept.samples) : [];
  const file = apart === undefined ? paths.baseline : paths.apart(apart);
  writeFileSync(file, asLines(kept));
  say(`\nwritten: ${shown(file)}`);
  for (const name of await drawAll(summary)) say(`written: ${shown(paths.pictures)}/${name}-{light,dark}.svg`);
  for (const page of paths.pages) {
    if (!existsSync(page)) continue;
    const before = readFileSync(page, 'utf8');
    const after = filled(before, summary, apart);
    if (after === before) continue;
    writeFileSync(page, after);
    say(`written: ${shown(page)}`);
  }
}
