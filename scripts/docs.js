/**
 * Writes docs/configuration.md, docs/metrics.md, docs/events.md and parts of other pages from the tables in the code; with --check, fails
 * where they are not current.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { NUMBERS } from '../dist/dashboard/frame.js';
import { statusMarkdown } from '../dist/control/status/status-markdown.js';
import { exitCodes } from '../dist/errors.js';
import { httpParts } from '../dist/http/node-internals/parts.js';
import { metricsMarkdown } from '../dist/metrics/markdown.js';
import { optionsMarkdown, waysMarkdown } from '../dist/options/markdown.js';
import { channelsMarkdown, eventsMarkdown } from '../dist/primary/telemetry/markdown.js';
import { workerParts } from '../dist/worker/node-internals/parts.js';

const codes = Object.entries(exitCodes).map(
  ([code, { exitCode, meaning }]) => `| ${exitCode} | \`${code}\` | ${meaning} |\n`,
);

const configuration = `# Configuration

<!-- Written by \`npm run docs\` from src/options/table.ts: change it there. -->

After this page you can set every option of prefork, by flag, variable, config file or in the library, and you know which of them wins.

A flag overrides its variable, which overrides the config file, which overrides the default. In the library, options
override variables. Every value that is given is checked, also one that is overridden.

Times are a whole number with its unit (\`500ms\`, \`10s\`, \`2m\`, \`1h\`); in the library and in a config file a number
is milliseconds too. Sizes are likewise a whole number with its unit (\`64kb\`, \`512mb\`, \`2gb\`; a kb is 1024 bytes), or
a number of bytes.

${optionsMarkdown()}
## The config file

\`prefork.config.js\`, \`.mjs\`, \`.ts\` (where Node strips types: 22.18 and newer) or \`.json\` in the working directory, or
the file that \`--config\` names. Its default export is an object, or a function that returns one, with the options above in
camelCase, \`entry\`, \`args\` and \`env\`, and, except in JSON, \`logger\`,
\`spawnWorker\`, \`onWorkerSpawn\`, \`onPrimaryReady\` and \`onWorkerRecover\`.

\`apps\` is an array of such objects, each with a \`name\`: [several applications](deployment.md#several-applications).

\`\`\`js
/** @type {import('prefork').Config} */
export default {
  entry: 'server.js',
  workers: 4,
  shutdownGracePeriod: '30s',
};
\`\`\`

\`PREFORK_ADMIN_TOKEN\` (16 characters or more) is the token of \`--admin\` where no file has it. Without either a new one is made at
each start: [the token](control.md#the-token). \`PREFORK_RUNTIME_DIR\` says where [control sockets](control.md#where) are.

## What a reload changes

A reload reads the config file again, and files of variables. What is different is logged, applied to the workers that it starts, and, where
it is a limit or a time, to those that serve. A reload that fails takes it back. More or fewer \`workers\` are a scaling that follows the
reload, and \`prefork reload\` waits for it.

Some options need more, and a reload that finds them changed is refused with the line in the file:

| To change | Do |
| --- | --- |
${waysMarkdown()}
The options of the command line stay what they were. So do the hooks of the config file and its \`logger\`, until an upgrade, and the modules
that an ES module imports: Node keeps those for ever.

Root reads a file again only when it is unchanged, or root's alone. Otherwise the reload is refused. A config file that is code must
also be the same file: a link that leads to another one of the same text is a change. Where it, or a CommonJS module beside it that it
requires, is not root's alone, an unchanged one keeps its first export: nothing of it runs again as root until the server is restarted. Where such a
module was written since the start, the reload is refused.

## Variables for the workers

| From | Wins over |
| --- | --- |
| \`--env-file <file>\`, \`envFile\` | nothing but earlier files |
| the environment in which prefork was started | files, as with \`node --env-file\` |
| \`env\` of the config file or the library | both |

Files have the format of \`node --env-file\`. They are read at the start, at each reload and at each upgrade, and reach the workers alone:
the primary's own environment does not change. The log names variables that are new (\`+NAME\`), changed (\`~NAME\`) and gone (\`-NAME\`), never their
values. A relative path starts from the working directory. Node itself also looks for the file of the flag in the directory in which prefork is
started, and ends with code 9 when it is not there.

A file that only root can read is read at the start where the config file names a user, and where no other user may change the way to the
file; else it is read as that user. Reloads and upgrades are then refused, since that user's
process reads the file for them and cannot; the server says so at the start. Let the user's group read the file.

## Options of the library alone

| Option | Default | Meaning |
| --- | --- | --- |
| \`network\` | \`tcp\` | \`tcp4\` or \`tcp6\`: that address family alone, for an address without a host |
| \`backlog\` | 511 | connections that the kernel queues for each socket |
| \`env\` | | variables for the workers: \`{ NODE_ENV: 'production' }\` |
| \`logger\` | stderr | \`{ debug, info, warn, error }\`, each takes a line |
| \`onWorkerSpawn(pid)\`, \`onPrimaryReady(pids)\` | | in the primary; throwing stops everything |
| \`onWorkerRecover(oldPid, newPid)\` | | in the primary; what it throws is logged |
| \`onPrimaryDeath()\` | | in each worker, before it drains |
| \`spawnWorker(context)\` | | makes a worker's process in place of node:cluster |

## What a worker finds in its environment

| Variable | Value |
| --- | --- |
| \`PREFORK_CHILD\` | \`1\` |
| \`PREFORK_SLOT\` | the worker's slot, 0 to workers - 1; a replacement has the slot of the one it replaces |
| \`PREFORK_GENERATION\` | counts reloads, from 1 |
| \`PREFORK_WORKERS\` | how many workers there were when it was started |
| \`NODE_APP_INSTANCE\` | the slot, under the name that PM2's users read. \`--instance-variable\` gives it another name; \`none\` leaves it out, for node-config, which warns of it and refuses to start in strict mode |

## Exit codes

| Exit | Code | Meaning |
| --- | --- | --- |
| 0 | | stopped as asked |
${codes.join('')}`;

const metrics = `# Metrics

<!-- The tables are written by \`npm run docs\` from src/metrics/ and src/primary/telemetry/event-table.ts: change them there. -->

After this page you can watch a server with Prometheus and Grafana, you know what each figure means and what to do when it is high, and you
can hear of events in a program.

\`GET /metrics\` of the [control socket](control.md) and of \`--admin\` answers in Prometheus' text format, or in OpenMetrics
for clients that ask for that. [prom-client](https://github.com/siimon/prom-client) writes it: \`npm install prom-client\`. Without
it the answer is 501 and says so. It is loaded by the first scrape, and takes 12 MB of the primary from then on.

\`\`\`yaml
# prefork --admin 9090 server.js
scrape_configs:
  - job_name: prefork
    static_configs: [{ targets: ['127.0.0.1:9090'] }]
\`\`\`

A dashboard for Grafana and rules for alerts are in [examples/grafana](../examples/grafana).

A scrape waits for no worker. Each worker writes its figures to the scoreboard every 250 ms, and the scrape reads them there. The counters
of a slot count all workers that it ever had, so they do not fall when one ends. They stay when the slot is no more. What a killed worker
had counted since its last beat, at most 250 ms, is lost. Totals are \`sum without (slot) (...)\`.

A new primary begins at 0, also one of \`prefork upgrade\`, and \`prefork_start_time_seconds\` says so. An upgrade passes the
address of \`--admin\` on. So no scrape is refused, and the new primary answers when the old one answers no more. A counter falls once
then, and \`rate()\` takes the new value for what the new workers have counted. What the old workers count after the last scrape, while
they drain, is in no metric.

Every request of node:http, https, http2 and [prefork/http](http.md) servers is timed, and none is sampled: the counts by status
come from there too. A request of node:http lasts from its head to when the last byte of its response was given to the kernel.
One of HTTP/2 lasts until its stream closes. One of prefork/http lasts from the call of its handler until the response is given. Requests whose
client left before, upgraded connections and informational responses are in no bucket.

The metrics \`prefork_cache_...\` and \`prefork_state_...\` belong to [\`prefork/state\`](state.md), where it is used. The workers that use it are
asked, as for the application's own metrics.

${metricsMarkdown()}
## The application's own

If the application uses prom-client, \`/metrics\` has its metrics too. Those of all workers are made one: added up, or as the \`aggregator\`
of a metric says. prefork finds the default registry by itself. Show it other registries, and a prom-client that is bundled with the
application, with \`worker.metrics(registry)\` of \`prefork/worker\`; then those alone are answered. Where several registries have a
metric of one name, it has the values of all.

The workers are asked over IPC, and have 250 ms. The last answer of a worker stands in when it does not answer by then, or when its event
loop stands still. Counters and histograms of workers that have ended are kept as they were last answered, so these do not fall either.
What was counted between the last scrape and the end is lost, and gauges of ended workers are gone. Metrics whose names begin with
\`prefork_\` are left out, except for those of caches. So is what Prometheus would refuse all metrics for, as by other names of labels than
prom-client allows, or by an \`aggregator\` that it does not have. Of one worker 2,000 metrics and 100,000 samples are read, and a metric has
at most 64 names of labels: samples with more are left out. So are samples with labels that begin with \`__\`, which are Prometheus' own.

## Events

For OpenTelemetry and other listeners, the primary publishes on node:diagnostics_channel what happens. Listeners have
to be in the primary's process: the program that uses the library, the config file, or a module of \`node --import\`.
Durations are milliseconds. Listeners run while the event is handled: they should be brief.

\`\`\`js
import { subscribe } from 'node:diagnostics_channel';

subscribe('prefork:worker:exit', ({ slot, pid, reason, planned }) => {
  if (!planned) notify(\`worker \${pid} of slot \${slot}: \${reason}\`);
});
\`\`\`

In TypeScript, \`DiagnosticsChannels['prefork:worker:exit']\` of \`import type { DiagnosticsChannels } from 'prefork'\` is the type
of that message. The [log](events.md) has a line for most of these events.

${channelsMarkdown()}`;

const events = `# Events

<!-- Written by \`npm run docs\` from src/primary/telemetry/event-table.ts: change it there. -->

After this page you know what each line of the log means, and which fields it has.

The log is one line an event on stderr: \`prefork: \`, the words of the line, and \`name=value\` for each field. A field that has
no value is left out. The field \`message\` follows the words after a colon, without its name. With \`--log-format json\` a line is
an object with \`time\`, \`level\`, \`event\` (the words), \`app\` where it is one of several \`apps\`, and the fields. \`--log-level\` says which lines are written, and the
\`logger\` of the library takes them in place of stderr.

\`\`\`log
prefork: worker ready slot=0 gen=1 pid=4711 in=96ms
prefork: worker exited slot=0 gen=1 pid=4711 signal=SIGSEGV after=3m reason=signal why="killed by SIGSEGV"
\`\`\`

Words and names of fields are an interface: scripts may rely on them. The texts of \`message\`, \`reason\` and \`why\` are for people and
may get better. The \`reason\` of a worker that has ended is an exception: it is one of a [few words](lifecycle.md#how-a-worker-ends). \`slot\`, \`gen\`
(the generation) and \`pid\` say which worker it is. \`in\` and \`after\` say how long something took. Several of these events are published
on [channels](metrics.md#events), too, and are shown by the dashboard.

Two kinds of lines that begin with \`prefork: \` are not part of the log: what a command says, and what a worker prints when a hook of
the application fails (\`prefork: onDrain failed: \` and the error).

${eventsMarkdown()}`;

const control = withPart('control', 'src/control/status/status-schema.ts', statusMarkdown());

const rowsOf = (what, parts) =>
  Object.entries(parts).map(([part, without]) => `| ${what} | \`${part}\` | ${without} |\n`);
const rows = [...rowsOf('worker', workerParts), ...rowsOf('HTTP server', httpParts)].join('');
const architecture = withPart(
  'architecture',
  'the tables of parts in src/worker/node-internals/ and src/http/node-internals/',
  `| Of the | Part | Without it |\n| --- | --- | --- |\n${rows}`,
);

const dashboard = withPart(
  'dashboard',
  'src/contract/figure-table.ts',
  `${NUMBERS.map((name) => `\`${name}\``).join(', ')}.\n`,
);

const texts = { architecture, configuration, metrics, events, control, dashboard };

for (const [name, text] of Object.entries(texts)) {
  const file = new URL(`../docs/${name}.md`, import.meta.url);
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    console.error(`docs/${name}.md is not current: npm run docs`);
    process.exitCode = 1;
  }
}

/** A page that is written by hand, but for what is between its mark and the next heading. */
function withPart(name, source, text) {
  const page = readFileSync(new URL(`../docs/${name}.md`, import.meta.url), 'utf8');
  const mark = `<!-- Written by \`npm run docs\` from ${source}, up to the next heading: change it there. -->\n`;
  const start = page.indexOf(mark);
  if (start === -1) throw new Error(`docs/${name}.md lacks its mark: ${mark}`);
  const end = page.indexOf('\n## ', start);
  return `${page.slice(0, start)}${mark}\n${text}${end === -1 ? '' : page.slice(end)}`;
}
