/** Writes docs/configuration.md and docs/metrics.md from the tables in the code; with --check, fails where they are not current. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { exitCodes } from '../dist/errors.js';
import { metricsMarkdown } from '../dist/metrics/markdown.js';
import { optionsMarkdown } from '../dist/options/markdown.js';

const codes = Object.entries(exitCodes).map(
  ([code, { exitCode, meaning }]) => `| ${exitCode} | \`${code}\` | ${meaning} |\n`,
);

const configuration = `# Configuration

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

const metrics = `# Metrics

<!-- The table is written by \`npm run docs\` from src/metrics/: change it there. -->

\`GET /metrics\` of the [control socket](control.md) and of \`--admin\` answers in Prometheus' text format, or in OpenMetrics
for who asks for that. [prom-client](https://github.com/siimon/prom-client) writes it: \`npm install prom-client\`. Without
it the answer is 501 and says so. It is loaded by the first scrape, and takes 12 MB of the primary from then on.

\`\`\`yaml
# prefork --admin 9090 server.js
scrape_configs:
  - job_name: prefork
    static_configs: [{ targets: ['127.0.0.1:9090'] }]
\`\`\`

A dashboard for Grafana and rules for alerts are in examples/grafana.

No worker is waited for: each writes its figures to the scoreboard every 250 ms, and a scrape reads them there. Counters are
those of all workers that a slot ever had, so they do not fall when one ends. What a worker that was killed had counted
since its last beat, at most 250 ms, is lost. Those of a slot that is no more stay. A new primary, also one of
\`prefork upgrade\`, begins at 0: \`rate()\` knows how to deal with that. Totals are \`sum without (slot) (...)\`.

\`prefork_cache_...\` are of the caches of [\`prefork/state\`](state.md), where there are any: those who have them are asked, as
for the application's own metrics.

${metricsMarkdown()}
## The application's own

If it uses prom-client, its metrics are answered too, those of all workers made one: added up, or as the \`aggregator\` of a
metric says. Its default registry is found by itself. Other registries, and prom-client bundled with the application, are
shown with \`worker.metrics(registry)\` of \`prefork/worker\`; then those alone are answered.

The workers are asked over IPC, and have 250 ms. For one that does not answer by then, or whose event loop stands still, its
last answer stands in. Counters and histograms of workers that have ended are kept as they were last answered, so these
do not fall either; what was counted between the last scrape and the end is lost. Gauges of theirs are gone. Metrics whose
names begin with \`prefork_\` are left out, but for those of caches.

## Events

For OpenTelemetry and whoever else listens, the primary publishes on node:diagnostics_channel what happens. Listeners have
to be in the primary's process: the program that uses the library, the config file, or a module of \`node --import\`.
Durations are milliseconds. Listeners run while the event is handled: they should be brief.

\`\`\`js
import { subscribe } from 'node:diagnostics_channel';

subscribe('prefork:worker:exit', ({ slot, pid, reason, planned }) => {
  if (!planned) notify(\`worker \${pid} of slot \${slot}: \${reason}\`);
});
\`\`\`

| Channel | When | Message |
| --- | --- | --- |
| \`prefork:worker:spawn\` | a worker's process was started | \`pid\`, \`slot\` (undefined for a spare), \`generation\` |
| \`prefork:worker:ready\` | it serves its slot | the same, and \`took\` since the slot needed it |
| \`prefork:worker:hung\` | its event loop stands still | the same, and \`silent\` |
| \`prefork:worker:recovered\` | it turns again | the same |
| \`prefork:worker:drain\` | it finishes what is in flight, to end then | the same, and \`reason\` |
| \`prefork:worker:exit\` | it has ended | the same, and \`code\`, \`signal\`, \`reason\`, \`text\`, \`planned\`, \`uptime\` |
| \`prefork:ready\` | all slots serve for the first time | \`workers\`, \`took\` |
| \`prefork:reload:start\` | a reload begins | \`generation\` |
| \`prefork:reload:done\` | the new generation serves | \`generation\`, \`took\` |
| \`prefork:reload:failed\` | the old one serves on | \`generation\`, \`reason\` |
| \`prefork:scale\` | the number of slots has changed | \`workers\`, \`before\` |
| \`prefork:stopping\` | it is to stop | \`workers\` |
| \`prefork:stopped\` | every worker is gone | \`error\`, undefined when it stopped as asked |
`;

const texts = { configuration, metrics };

for (const [name, text] of Object.entries(texts)) {
  const file = new URL(`../docs/${name}.md`, import.meta.url);
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    console.error(`docs/${name}.md is not current: npm run docs`);
    process.exitCode = 1;
  }
}
