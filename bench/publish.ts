/** `--publish`: the committed summary, and from it the pictures and the tables in the pages. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { paths } from './paths.ts';
import { drawAll } from './report/charts/index.ts';
import { filled } from './report/page.ts';
import type { Results } from './results.ts';
import { type Summary, summarise } from './summary.ts';

export async function publish(results: Results, say: (line: string) => void): Promise<void> {
  const summary = withoutPlaces(summarise(results));
  const shown = (file: string): string => relative(process.cwd(), file);
  writeFileSync(paths.baseline, `${asLines(summary)}\n`);
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

/** JSON with a line a system, so that a diff of two of them can be read. */
function asLines({ scenarios, ...rest }: Summary): string {
  const entries = (object: object, inner: (value: never) => string, indent: string): string =>
    Object.entries(object)
      .map(([key, value]) => `${indent}${JSON.stringify(key)}: ${inner(value as never)}`)
      .join(',\n');
  const systemLines = (systems: object): string =>
    `{\n${entries(systems, (value) => JSON.stringify(value), '      ')}\n    }`;
  const scenarioLines = `{\n${entries(scenarios, systemLines, '    ')}\n  }`;
  return `{\n${entries(rest, (value) => JSON.stringify(value), '  ')},\n  "scenarios": ${scenarioLines}\n}`;
}

/** Where things were on the machine that ran it tells a reader nothing. */
function withoutPlaces(summary: Summary): Summary {
  const root = paths.bench.replace(/bench\/$/, '');
  const text = JSON.stringify(summary)
    .replaceAll(/\/[^\s"']*\/prefork-bench-\w+\/bin\/node/g, 'node')
    .replaceAll(/\/[^\s"']*\/prefork-bench-\w+\/\d+/g, '$DIRECTORY')
    .replaceAll(root, '');
  return JSON.parse(text) as Summary;
}
