/**
 * Makes the files that start-up time and memory depend on: the command, and the preload of every worker. As one CommonJS
 * file each they load in a third of the time of some forty ES modules, and without the namespaces that Node
 * builds for built-in modules: `import 'node:process'` alone costs 1.9 MB, as it touches every getter.
 * See docs/architecture.md for the figures. Everything else in dist/ is what tsc made, file by file.
 */
import { build } from 'esbuild';

/** @param url what `import.meta.url` is there, as CommonJS has none. */
const bundle = (entry, outfile, url) =>
  build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    legalComments: 'none',
    define: { 'import.meta.url': '__url' },
    banner: { js: `const __url = require('node:url').pathToFileURL(${url}).href;` },
    plugins: [{ name: 'apart', setup: keepApart }],
  });

/** The command without the verbs, which are half of the text. */
function keepApart({ onResolve }) {
  onResolve({ filter: /^\.\/run-verb\.ts$/ }, () => ({ path: './cli/run-verb.cjs', external: true }));
}

// Its modules find their neighbours from dist/cli/, wherever they are bundled to.
await bundle('src/cli.ts', 'dist/cli.cjs', "__dirname + '/cli/'");
// Shares nothing with the command but the text: a process is either.
await bundle('src/cli/run-verb.ts', 'dist/cli/run-verb.cjs', '__filename');
await bundle('src/worker/preload.ts', 'dist/worker/preload.cjs', '__filename');
