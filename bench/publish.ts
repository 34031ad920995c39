/** `--publish`: what is committed of the run, and from it the pictures and the tables in the pages. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { asLines, compact } from './compact.ts';
import { paths } from './paths.ts';
import { drawAll } from './report/charts/index.ts';
import { filled } from './report/page.ts';
import type { Results } from './results.ts';
import { summarise } from './summary.ts';

export async function publish(results: Results, say: (line: string) => void): Promise<void> {
  const kept = compact(results);
  const summary = summarise(kept);
  const shown = (file: string): string => relative(process.cwd(), file);
  writeFileSync(paths.baseline, asLines(kept));
  say(`\nwritten: ${shown(paths.baseline)}`);
  for (const name of await drawAll(summary)) say(`written: ${shown(paths.pictures)}/${name}-{light,dark}.svg`);
  for (const page of paths.pages) {
    if (!existsSync(page)) continue;
    const before = readFileSync(page, 'utf8');
    const after = filled(before, summary);
    if (after === before) continue;
    writeFileSync(page, after);
    say(`written: ${shown(page)}`);
  }
}
