/**
 * What the package weighs, and what each part of it does: npm run weigh. The table is written to CONTRIBUTING.md. With --check it writes
 * nothing, and fails when a part weighs a tenth more or less than the table says: so a heavy file does not come unseen, and a few lines
 * of code are no reason to write the table anew.
 *
 * node scripts/weigh.js [--check] [directory of the package]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const PARTS = [
  [
    'the command, and what starts a server or is one of the other commands',
    /^dist\/cli(\.cjs|\/(main|run-verb)\.cjs)$/,
  ],
  ['what each worker loads', /^dist\/worker\/.*\.cjs$/],
  ['what root runs under `--user`', /^dist\/privileges\/.*\.cjs$/],
  ['the page of the dashboard', /^dist\/dashboard\/(dashboard\.(js|css)|index\.html)$/],
  ['`prefork/http`', /^dist\/http(\.js|\/.*\.js)$/],
  ['`prefork/state` and its adapters', /^dist\/state(\.js|\/.*\.js)$/],
  ['`prefork/testing`', /^dist\/testing(\.js|\/.*\.js)$/],
  ['`prefork` and `prefork/worker`: all other modules', /^dist\/.*\.js$/],
  ['types', /^dist\/(.*\.d\.ts|commonjs\/package\.json)$/],
  ['the schema of the status', /^dist\/status\.schema\.json$/],
  ['pictures', /^(bench|docs)\/pictures\//],
  ['documents', /^(docs\/|[A-Z]+(\.md)?$)/],
  ['examples', /^examples\//],
  ['`package.json`', /^package\.json$/],
];
const TOLERANCE = 0.1;
/** Below this a tenth is nothing that anyone would notice. */
const LEAST_KB = 2;

const args = process.argv.slice(2);
const directory = args.find((arg) => !arg.startsWith('--')) ?? '.';
const page = join(directory, 'CONTRIBUTING.md');
const mark = '<!-- Written by `npm run weigh`, up to the next heading. -->\n';

const rows = weigh();
const text = readFileSync(page, 'utf8');
const start = text.indexOf(mark);
if (start === -1) throw new Error(`${page} lacks its mark: ${mark}`);
const end = text.indexOf('\n## ', start);
if (args.includes('--check')) {
  for (const fault of check(text.slice(start, end))) {
    console.error(fault);
    process.exitCode = 1;
  }
} else {
  const lines = rows.map(({ name, files, kb }) => `| ${name} | ${files} | ${kb} |\n`);
  const table = `| Part | Files | kB |\n| --- | --: | --: |\n${lines.join('')}`;
  writeFileSync(page, `${text.slice(0, start)}${mark}\n${table}${text.slice(end)}`);
  console.log(table);
}

function weigh() {
  const flags = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const shell = process.platform === 'win32';
  const options = { cwd: directory, shell, stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1e8 };
  const [{ files, size, unpackedSize }] = Object.values(JSON.parse(execFileSync('npm', flags, options)));
  const parts = PARTS.map(([name]) => ({ name, files: 0, bytes: 0 }));
  for (const file of files) {
    const part = parts[PARTS.findIndex(([, pattern]) => pattern.test(file.path))];
    if (part === undefined) throw new Error(`${file.path} is of no part that scripts/weigh.js knows`);
    part.files++;
    part.bytes += file.size;
  }
  return [
    ...parts.filter((part) => part.files > 0),
    { name: 'all, unpacked', files: files.length, bytes: unpackedSize },
    { name: 'all, as it is downloaded', files: 1, bytes: size },
  ].map((part) => ({ ...part, kb: Math.ceil(part.bytes / 1000) }));
}

function* check(table) {
  const said = new Map([...table.matchAll(/^\| (.*) \| \d+ \| (\d+) \|$/gm)].map(([, name, kb]) => [name, Number(kb)]));
  for (const { name, kb } of rows) {
    const was = said.get(name);
    said.delete(name);
    if (was === undefined) yield `CONTRIBUTING.md says nothing of what weighs ${kb} kB: ${name}. npm run weigh`;
    else if (Math.abs(kb - was) > Math.max(LEAST_KB, was * TOLERANCE))
      yield `${name}: ${kb} kB, where CONTRIBUTING.md says ${was}. If that is meant: npm run weigh`;
  }
  for (const name of said.keys()) yield `CONTRIBUTING.md weighs what is not in the package: ${name}. npm run weigh`;
}
