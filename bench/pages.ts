/** Whether the pages have what the committed runs say, and nothing else: `node pages.ts`. Exit code 1 when one has not. */

import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { paths } from './paths.ts';
import { filled } from './report/page.ts';
import { readResults } from './results.ts';
import { scenarios } from './scenarios/index.ts';
import { summarise } from './summary.ts';

const runs = [
  { file: paths.baseline, apart: undefined },
  ...scenarios.filter(({ apart }) => apart === true).map(({ name }) => ({ file: paths.apart(name), apart: name })),
];
for (const page of paths.pages) {
  const text = readFileSync(page, 'utf8');
  for (const { file, apart } of runs) {
    if (!existsSync(file)) continue;
    if (filled(text, summarise(readResults(file)), apart) === text) continue;
    const [where, source] = [page, file].map((path) => relative(paths.bench, path));
    console.error(`${where} does not say what bench/${source} does: npm run bench -- --from bench/${source} --publish`);
    process.exitCode = 1;
  }
}
