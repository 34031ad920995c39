/**
 * Leaves out of the package what none of its entries reaches: most of dist/cli and dist/worker is there once more in the bundles, and
 * most declarations are of modules that no user can name. Part of the build: it writes dist/.npmignore, which npm obeys.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const entries = Object.values(exports).filter(({ types }) => types !== undefined);

const reached = new Set([...(await modules(entries.map((entry) => entry.default))), ...declarations(entries)]);
const left = filesOf('dist').filter((file) => /\.(js|d\.ts)$/.test(file) && !isPage(file) && !reached.has(file));
writeFileSync(
  'dist/.npmignore',
  `${left.map((file) => file.replace(/^dist/, '')).join('\n')}\n*.tsbuildinfo\n.bundled.json\n`,
);

function filesOf(directory) {
  return readdirSync(directory, { recursive: true })
    .map((name) => join(directory, name))
    .toSorted();
}

/** The page of the dashboard is read as it is. */
function isPage(file) {
  return file === 'dist/dashboard/dashboard.js';
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

/** The declarations that a compiler reads for the entries. */
function declarations(starts) {
  const found = new Set();
  const todo = starts.map(({ types }) => join(types));
  for (let file = todo.pop(); file !== undefined; file = todo.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    for (const [, quoted] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]+)['"]/g)) {
      const target = join(dirname(file), quoted.replace(/\.[tj]s$/, '.d.ts'));
      if (!existsSync(target)) throw new Error(`${file} imports ${quoted}, and there is no ${target}`);
      todo.push(target);
    }
  }
  return found;
}
