/**
 * Leaves out of the package what none of its entries reaches: most of dist/cli and dist/worker is there once more in the bundles, and
 * most declarations are of modules that no user can name. Part of the build: it writes dist/.npmignore, which npm obeys.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { declarationsFrom, typedEntries } from './entries.js';

const entries = typedEntries();
const reached = new Set([
  ...(await modules(entries.map(({ code }) => code))),
  ...declarationsFrom(entries.map(({ types }) => types)),
]);
const left = filesOf('dist').filter((file) => /\.(js|d\.ts)$/.test(file) && !isKept(file) && !reached.has(file));
writeFileSync(
  'dist/.npmignore',
  `${left.map((file) => file.replace(/^dist/, '')).join('\n')}\n*.tsbuildinfo\n.bundled.json\n`,
);

function filesOf(directory) {
  return readdirSync(directory, { recursive: true })
    .map((name) => join(directory, name))
    .toSorted();
}

/** The page of the dashboard is read as it is, and the declarations for CommonJS are chosen where they are made. */
function isKept(file) {
  return file === 'dist/dashboard/dashboard.js' || file.startsWith('dist/commonjs/');
}

/** What the entries import when they run, also later and by `import()`. */
async function modules(entryPoints) {
  const { metafile } = await build({
    entryPoints,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    metafile: true,
    write: false,
    outdir: 'dist',
  });
  return Object.keys(metafile.inputs);
}
