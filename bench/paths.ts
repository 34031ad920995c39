/** Where things are. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const preforkPackage = JSON.parse(readFileSync(here('../package.json'), 'utf8')) as {
  version: string;
  bin: { prefork: string };
};

export const preforkVersion = preforkPackage.version;

export const paths = {
  bench: here('.'),
  app: (name: string): string => here(`apps/${name}.mjs`),
  launcher: (name: string): string => here(`systems/launchers/${name}`),
  /** A file of a package that is installed here. */
  installed: (path: string): string => here(`node_modules/${path}`),
  /** What `npx prefork` runs. */
  prefork: here(`../${preforkPackage.bin.prefork}`),
  dist: here('../dist/'),
  results: here('results/'),
  pictures: here('pictures/'),
  baseline: here('baseline.json'),
  /** What was published of a scenario by itself. */
  apart: (scenario: string): string => here(`${scenario}.json`),
  /** The pages that have tables between markers. */
  pages: [here('../docs/benchmarks.md'), here('../README.md')],
} as const;
