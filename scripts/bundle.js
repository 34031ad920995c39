/**
 * Makes the files that start-up time and memory depend on: the command, and the preload of every worker. As one CommonJS
 * file each they load in a third of the time of some forty ES modules, and without the namespaces that Node
 * builds for built-in modules: `import 'node:process'` alone costs 1.9 MB, as it touches every getter.
 * See docs/architecture.md for the figures. Everything else in dist/ is what tsc made, file by file.
 */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import * as esbuild from 'esbuild';
import { FIGURE_TABLE } from '../dist/contract/figure-table.js';

/** Packages whose code is in what is built here. */
const bundled = new Set();

async function build(options) {
  const { metafile } = await esbuild.build({ ...options, metafile: true });
  for (const file of Object.keys(metafile.inputs)) {
    const [, name] = /.*\bnode_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
    if (name !== undefined) bundled.add(name);
  }
}

/** @param url what `import.meta.url` is there, as CommonJS has none. */
const bundle = (entry, outfile, url, ...plugins) =>
  build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    legalComments: 'none',
    // Each process keeps the text of its code: without blanks it is a quarter shorter. Names and short lines stay,
    // so that a stack says where it was.
    minifyWhitespace: true,
    lineLimit: 160,
    define: { 'import.meta.url': '__url' },
    banner: { js: `const __url = require('node:url').pathToFileURL(${url}).href;` },
    plugins,
  });

/** Leaves these modules to bundles of their own, beside which they are found by this path. */
const apart = (...pairs) => ({
  name: 'apart',
  setup({ onResolve }) {
    for (const [filter, path] of pairs) onResolve({ filter }, () => ({ path, external: true }));
  },
});

/** The table of figures without what people read of them: workers, verbs and the page have no use for that. */
const wordless = {
  name: 'wordless',
  setup({ onLoad }) {
    const figures = FIGURE_TABLE.map(({ about: _about, metric: _metric, ...figure }) => figure);
    onLoad({ filter: /\/contract\/figure-table\.ts$/ }, () => ({
      contents: `export const FIGURE_TABLE = ${JSON.stringify(figures)};`,
    }));
  },
};

// Loads one of the next two, by require(): the first import() of a process costs it as long as ten modules.
await build({
  entryPoints: ['src/cli.ts'],
  outfile: 'dist/cli.cjs',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  supported: { 'dynamic-import': false },
  minifyWhitespace: true,
  lineLimit: 160,
  plugins: [apart([/\/run-verb\.ts$/, './cli/run-verb.cjs'], [/\/main\.ts$/, './cli/main.cjs'])],
});
// The command without the verbs, which are half of the text.
await bundle('src/cli/main.ts', 'dist/cli/main.cjs', '__filename', apart([/\/run-verb\.ts$/, './run-verb.cjs']));
// Shares nothing with the command but the text: a process is either.
await bundle('src/cli/run-verb.ts', 'dist/cli/run-verb.cjs', '__filename', wordless);
await bundle('src/worker/preload.ts', 'dist/worker/preload.cjs', '__filename', wordless);
await bundle('src/worker/half/main.ts', 'dist/worker/half.cjs', '__filename');
await bundle('src/worker/vitals/hang-thread.ts', 'dist/worker/hang-thread.cjs', '__filename');
// Keeps root's rights, so the less it loads, the better.
await bundle('src/privileges/binder-process.ts', 'dist/privileges/binder.cjs', '__filename');

// The page of the dashboard: what is served is what is here, and nothing of it comes from elsewhere.
await build({
  entryPoints: { dashboard: 'src/dashboard/page/main.ts' },
  outdir: 'dist/dashboard',
  plugins: [wordless],
  bundle: true,
  minify: true,
  platform: 'browser',
  format: 'iife',
  target: 'es2022',
  legalComments: 'none',
  banner: { js: `/*! with uPlot:\n${await readFile('node_modules/uplot/LICENSE', 'utf8')}*/` },
});
await build({
  entryPoints: ['src/dashboard/page/dashboard.css'],
  outdir: 'dist/dashboard',
  bundle: true,
  minify: true,
  legalComments: 'none',
});
await copyFile('src/dashboard/page/index.html', 'dist/dashboard/index.html');

// For scripts/sbom.js: no list of dependencies says it.
await writeFile('dist/.bundled.json', `${JSON.stringify([...bundled])}\n`);
