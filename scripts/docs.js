/** Writes docs/configuration.md from the table of options; with --check, fails where it is not current. */
import { readFileSync, writeFileSync } from 'node:fs';
import { exitCodes } from '../dist/errors.js';
import { optionsMarkdown } from '../dist/options/markdown.js';

const file = new URL('../docs/configuration.md', import.meta.url);
const codes = Object.entries(exitCodes).map(
  ([code, { exitCode, meaning }]) => `| ${exitCode} | \`${code}\` | ${meaning} |\n`,
);

const text = `# Configuration

<!-- Written by \`npm run docs\` from src/options/table.ts: change it there. -->

A flag overrides its variable, which overrides the config file, which overrides the default. In the library, options
override variables. All that is given is checked, also what is overridden.

Times are a whole number with its unit (\`500ms\`, \`10s\`, \`2m\`, \`1h\`); in the library and in a config file a number
is milliseconds too. Sizes are likewise a whole number with its unit (\`64kb\`, \`512mb\`, \`2gb\`; a kb is 1024 bytes), or
a number of bytes.

${optionsMarkdown()}
## The config file

\`prefork.config.js\`, \`.mjs\`, \`.ts\` (where Node strips types: 22.18 and newer) or \`.json\` in the working directory, or
the file that \`--config\` names. Its default export is an object, or a function that returns one, with the options above in
camelCase, \`entry\` and \`args\`, and, except in JSON, \`logger\`, \`spawnWorker\` and the hooks.

\`\`\`js
/** @type {import('prefork').Config} */
export default {
  entry: 'server.js',
  workers: 4,
  shutdownGracePeriod: '30s',
};
\`\`\`

## What a worker finds in its environment

| Variable | Value |
| --- | --- |
| \`PREFORK_CHILD\` | \`1\` |
| \`PREFORK_SLOT\` | the worker's slot, 0 to workers - 1; a replacement has the slot of the one it replaces |
| \`PREFORK_GENERATION\` | counts reloads, from 1 |
| \`NODE_APP_INSTANCE\` | the slot, under the name that PM2's users read |

## Exit codes

| Exit | Code | Meaning |
| --- | --- | --- |
| 0 | | stopped as asked |
${codes.join('')}`;

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error('docs/configuration.md is not current: npm run docs');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, text);
}
