/**
 * Tests the blocks of the pages, each by its language. Every command exists, with options that exist and values that are
 * taken. Every line of the log is one that is written. test/process/seeing/page-commands.test.ts types the commands,
 * test/package/pages.test.ts compiles the programs, and tutorial.test.ts beside it follows the tutorial.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { after, test } from 'node:test';
import { isVerb } from '../../../src/cli/verbs.ts';
import { parseCommandLine, resolveSettings } from '../../../src/options/index.ts';
import { eventTable } from '../../../src/primary/telemetry/event-table.ts';
import { testDirectory } from '../../support/abandoned.ts';
import { parseLogLine } from '../../support/log.ts';
import { blocks, placeOf, type Block } from '../../support/pages/blocks.ts';
import { typedIn } from '../../support/pages/typed.ts';
import { command, root } from '../../support/paths.ts';

/** What the pages name, and what the commands look for. */
const FILES = ['server.js', 'app.ts', 'app/server.js', 'instrumentation.mjs', 'load.js', '.env'];

const directory = testDirectory('blocks');
for (const file of FILES) {
  mkdirSync(dirname(join(directory, file)), { recursive: true });
  writeFileSync(join(directory, file), '');
}
after(() => rmSync(directory, { recursive: true, force: true }));

/** Programs of others. */
const OTHERS = /^(cd|cp|curl|do|done|echo|for|grep|kill|ln|mkdir|mv|rotatelogs|sed|sudo|systemctl|tee|useradd)$/;

/** Blocks that show something, and that no program reads. */
const SHOWN: ReadonlySet<string> = new Set(['text']);

/** What is checked of a block beside its commands. */
const checks: Readonly<Record<string, (block: Block) => void>> = {
  sh: () => {},
  console: (block) => assert.ok(typedIn(block).length > 0, 'nothing is typed'),
  log: ({ text }) => text.trimEnd().split('\n').forEach(checkLogLine),
  ini: ({ text }) => checkUnit(text),
  yaml: checkYaml,
  js: () => {},
};

for (const block of blocks) {
  test(`${placeOf(block)} [${block.language}]`, () => {
    if (SHOWN.has(block.language)) return;
    const check = checks[block.language];
    assert.ok(check, `a block needs one of these languages: ${[...Object.keys(checks), ...SHOWN].join(', ')}`);
    for (const { words } of typedIn(block)) checkCommand(words);
    check(block);
  });
}

test('there are as many blocks as pages with blocks would make one expect', () => {
  assert.ok(blocks.length > 60, `${blocks.length} blocks`);
});

function checkCommand(words: readonly string[]): void {
  const [first = '', ...rest] = words;
  const name = first.replace(/^.*\//, '');
  if (/^\w+=/.test(first)) return rest.length === 0 ? undefined : checkCommand(rest);
  if (name === 'prefork') return checkPrefork(rest);
  if (name === 'npx' || name === 'do' || name === 'sudo' || name === 'exec') return checkCommand(rest);
  if (name === 'npm') return checkNpm(rest);
  if (name === 'node') return checkNode(rest);
  if (name === 'curl') return checkCurl(rest);
  assert.match(name, OTHERS, words.join(' '));
}

function checkPrefork(argv: readonly string[]): void {
  const line = parseCommandLine(argv);
  if (line.entry === 'dev') return checkPrefork(['--watch', ...argv.filter((word) => word !== 'dev')]);
  if (!isVerb(line.entry)) {
    resolveSettings({ flags: line.flags, env: {}, entry: line.entry });
    const isStart = line.entry !== undefined || argv.length === 0 || line.help || line.version;
    assert.ok(isStart || line.flags.config !== undefined, `prefork ${argv.join(' ')}: nothing is started`);
    if (line.entry !== undefined) assert.match(line.entry, /\.(c|m)?[jt]s$/, 'neither a command nor a file');
    return;
  }
  // No server runs there. So what is understood answers that none runs, and what is not, is used wrongly: 2.
  const { status, stderr } = run(process.execPath, [command, ...argv], { PREFORK_RUNTIME_DIR: directory });
  assert.ok(status === 0 || status === 3, `prefork ${argv.join(' ')}: ${status} ${stderr}`);
}

function checkNpm(argv: readonly string[]): void {
  const [verb = '', name = ''] = argv;
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  if (verb === 'run') assert.ok(Object.hasOwn(scripts, name), `npm run ${name}`);
  else assert.match(verb, /^(ci|init|install|pkg|start|test)$/);
}

function checkNode(argv: readonly string[]): void {
  const file = argv.find((word) => /\.(c|m)?[jt]s$/.test(word) || word.endsWith('/prefork'));
  assert.ok(file !== undefined, argv.join(' '));
  if (file === 'dist/cli.cjs' || file.endsWith('/prefork')) checkPrefork(argv.slice(argv.indexOf(file) + 1));
  else if (!FILES.includes(file)) assert.ok(existsSync(join(root, file)), `there is no ${file}`);
}

/** Each path of the control socket that is asked is a route. */
function checkCurl(argv: readonly string[]): void {
  if (!argv.includes('--unix-socket')) return;
  const url = argv.find((word) => word.startsWith('http://localhost/'));
  assert.ok(url !== undefined, argv.join(' '));
  const { pathname } = new URL(url);
  const page = readFileSync(join(root, 'docs/control.md'), 'utf8');
  assert.match(page, new RegExp(`\`(GET|POST) ${pathname}[\`?]`), pathname);
}

function checkLogLine(line: string): void {
  const event = parseLogLine(line);
  assert.ok(event !== undefined, line);
  assert.ok(Object.hasOwn(eventTable, event.name), `there is no event "${event.name}"`);
  const { fields = {} } = eventTable[event.name as keyof typeof eventTable];
  for (const field of Object.keys(event.fields)) assert.ok(Object.hasOwn(fields, field), `${event.name}: ${field}`);
}

/** systemd's own check. It says which keys it does not know. */
function checkUnit(text: string): void {
  if (run('systemd-analyze', ['--version']).error !== undefined) return;
  const unit = join(directory, 'app.service');
  writeFileSync(unit, `[Service]\nType=notify\nExecStart=/bin/true\n${text.replaceAll(/^ExecStart=.*$/gm, '')}`);
  const { stderr } = run('systemd-analyze', ['verify', unit]);
  assert.doesNotMatch(stderr, /app\.service.*(Unknown|Failed to parse|Invalid)/);
}

function checkYaml({ text }: Block): void {
  const file = join(directory, 'prometheus.yml');
  writeFileSync(file, text);
  const { error, status, stderr } = run('promtool', ['check', 'config', file]);
  if (error === undefined) assert.equal(status, 0, stderr);
}

function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ReturnType<typeof spawnText> {
  return spawnText(file, args, { ...process.env, ...env });
}

function spawnText(file: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  return spawnSync(file, args, { cwd: directory, encoding: 'utf8', env });
}
