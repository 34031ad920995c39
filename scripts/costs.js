/**
 * Measures what a primary would pay for modules that it does without, and what its parts cost that are there, and writes the table into
 * docs/architecture.md: npm run build && node scripts/costs.js. Medians of fresh processes, in turns with one that does nothing.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const TURNS = 15;
const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'docs/architecture.md');
const MARK = '<!-- Written by `node scripts/costs.js`, up to the next heading. -->\n';

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const mb = (kb) => `${(kb / 1024).toFixed(1)} MB`;
const ms = (time) => `${Math.round(time)} ms`;

/** What a module costs a process that imports it: resident memory, kB, and time, ms. */
function modules(names) {
  const all = Object.fromEntries(['', ...names].map((name) => [name, []]));
  for (let turn = 0; turn < TURNS; turn++) {
    for (const name of ['', ...names]) {
      const code = `${name === '' ? '' : `import '${name}';`}
        console.log(process.getBuiltinModule('fs').readFileSync('/proc/self/status', 'utf8'));`;
      const start = performance.now();
      const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
      all[name].push({ rss: Number(/VmRSS:\s+(\d+)/.exec(stdout)[1]), time: performance.now() - start });
    }
  }
  const more = (name, key) => median(all[name].map((one) => one[key])) - median(all[''].map((one) => one[key]));
  return names.map((name) => [
    `loading \`${name}\` as an ES module`,
    `${mb(more(name, 'rss'))}, ${ms(Math.max(0, more(name, 'time')))}`,
  ]);
}

/** How long the command takes that does nothing, as it is packed and as the compiler made it. */
function version() {
  const files = ['dist/cli.cjs', 'dist/cli.js'];
  const times = new Map(files.map((file) => [file, []]));
  for (let turn = 0; turn < TURNS; turn++) {
    for (const file of files) {
      const start = performance.now();
      spawnSync(process.execPath, [join(root, file), '--version']);
      times.get(file).push(performance.now() - start);
    }
  }
  const [one, many] = files.map((file) => median(times.get(file)));
  return [['`prefork --version` in one CommonJS file, instead of its ES modules', `${ms(one)} instead of ${ms(many)}`]];
}

/** What the first request of the control socket costs the primary: it loads `node:http`. */
async function firstRequest() {
  const kb = [];
  for (let turn = 0; turn < 5; turn++) {
    const home = mkdtempSync(join(tmpdir(), 'prefork-costs-'));
    const environment = { ...process.env, PREFORK_RUNTIME_DIR: home };
    const args = [join(root, 'dist/cli.cjs'), '--workers', '1', '--ready', 'start', '--name', 'costs'];
    const app = join(home, 'app.mjs');
    writeFileSync(app, 'setInterval(() => {}, 1e6);');
    const child = spawn(process.execPath, [...args, app], { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
    try {
      let log = '';
      for await (const text of child.stderr.setEncoding('utf8')) {
        log += text;
        if (/^prefork: ready /m.test(log)) break;
      }
      const before = rssOf(child.pid);
      await answer(
        join(
          home,
          readdirSync(home, { recursive: true }).find((name) => name.endsWith('costs.sock')),
        ),
      );
      kb.push(rssOf(child.pid) - before);
    } finally {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(home, { recursive: true, force: true });
    }
  }
  return [['the first request of the control socket, which loads `node:http`', mb(median(kb))]];
}

function rssOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

async function answer(socketPath) {
  const [response] = await once(request({ socketPath, path: '/healthz' }).end(), 'response');
  response.resume();
  await once(response, 'end');
}

/** What the text of the command costs a primary: to read it, and to compile it. */
function commandText() {
  const file = join(root, 'dist/cli/main.cjs');
  const code = `const { readFileSync } = require('node:fs');
    const { Script } = require('node:vm');
    const rss = () => Number(/^Rss:\\s+(\\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'latin1'))[1]);
    rss();
    const before = rss();
    const source = readFileSync(${JSON.stringify(file)}, 'utf8');
    const start = process.cpuUsage();
    const script = new Script(source);
    const { user, system } = process.cpuUsage(start);
    const kb = rss() - before;
    console.log(JSON.stringify({ kb, time: (user + system) / 1000 }));`;
  const all = Array.from({ length: TURNS }, () => JSON.parse(spawnSync(process.execPath, ['-e', code]).stdout));
  const of = (key) => median(all.map((one) => one[key]));
  const size = Math.round(readFileSync(file).length / 1000);
  return [[`the text of the command, ${size} kB, read and compiled`, `${mb(of('kb'))}, ${ms(of('time'))} of CPU`]];
}

/** Resident memory of a primary of two workers that idle, beside what Node itself takes. */
async function primaries() {
  const home = mkdtempSync(join(tmpdir(), 'prefork-costs-'));
  const app = join(home, 'app.mjs');
  writeFileSync(app, "process.stdout.write('ready'); setInterval(() => {}, 1e6);");
  const cluster = join(home, 'cluster.mjs');
  writeFileSync(
    cluster,
    `import cluster from 'node:cluster';
    cluster.setupPrimary({ exec: ${JSON.stringify(app)} });
    for (let i = 0; i < 2; i++) cluster.fork();
    process.once('SIGTERM', () => process.exit());`,
  );
  const idle = 'import("node:cluster").then(() => { setInterval(() => {}, 1e9); process.stdout.write("readyready"); })';
  const idlers = [
    { name: 'an idle Node that has loaded node:cluster', args: ['--input-type=module', '--eval', idle] },
    { name: "node:cluster's primary with two workers", args: [cluster] },
    {
      name: "prefork's primary with two workers",
      args: [join(root, 'dist/cli.cjs'), '--workers', '2', '--ready', 'start', app],
    },
  ];
  const environment = { ...process.env, PREFORK_RUNTIME_DIR: home };
  const sizes = idlers.map(() => []);
  try {
    for (let turn = 0; turn < 5; turn++) {
      for (const [at, { args }] of idlers.entries()) {
        const child = spawn(process.execPath, args, { env: environment, stdio: ['ignore', 'pipe', 'ignore'] });
        let said = '';
        for await (const text of child.stdout.setEncoding('utf8')) {
          said += text;
          if (said === 'readyready') break;
        }
        await setTimeout(400);
        const rollup = readFileSync(`/proc/${child.pid}/smaps_rollup`, 'latin1');
        sizes[at].push(
          ['Rss', 'Anonymous'].map((name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)[1])),
        );
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  const of = (at, key) => mb(median(sizes[at].map((one) => one[key])));
  return idlers.map(({ name }, at) => [`resident: ${name}`, `${of(at, 0)}, ${of(at, 1)} of it its own`]);
}

const rows = [
  ...modules(['node:process', 'node:util', 'node:fs', 'node:http']),
  ...version(),
  ...(await firstRequest()),
  ...commandText(),
  ...(await primaries()),
];
const table = `| What | Cost |\n| --- | --: |\n${rows.map((row) => `| ${row.join(' | ')} |\n`).join('')}`;
const text = readFileSync(page, 'utf8');
const start = text.indexOf(MARK);
if (start === -1) throw new Error(`docs/architecture.md lacks its mark: ${MARK}`);
const end = text.indexOf('\n#', start);
writeFileSync(
  page,
  `${text.slice(0, start)}${MARK}\nNode ${process.versions.node}, medians of ${TURNS} processes in turns.\n\n${table}${text.slice(end)}`,
);
console.log(table);
