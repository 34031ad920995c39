/** Tests the command's input: each bad input causes one line that names it, and exit code 2 before anything starts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { serve, startApp, type AppOptions } from '../../support/app.ts';
import { root } from '../../support/paths.ts';
import { hasReuseport, typescript } from '../../support/platform.ts';

const entry = 'says-started.js';

/** Bad inputs, and what the line has to name: the place, what was expected, what was given. */
const badInputs: ReadonlyArray<AppOptions & { says: RegExp; when?: boolean }> = [
  { says: /no entry/ },
  { entry: './no-such.js', says: /entry.*exists.*no-such\.js/ },
  { entry: './.', says: /entry.*directory.*index\.js/ },
  { entry: './broken', files: { 'broken/package.json': '{' }, says: /entry.*broken/ },

  { entry, options: ['--bogus'], says: /unknown option.*--bogus/ },
  { entry, options: ['--worker', '2'], says: /unknown option.*--worker\b.*--workers/ },
  { entry, options: ['-x'], says: /unknown option.*-x/ },
  { options: ['--workers'], says: /--workers.*value/ },
  { entry, options: ['--workers', '--name', 'x'], says: /--workers.*value/ },
  { entry, options: ['--version=1'], says: /--version.*no value.*1/ },

  ...['two', '0', '-1', '1.5', '', '1e2', '0x2', '1000000', 'NaN'].map((workers) => ({
    entry,
    options: [`--workers=${workers}`],
    says: new RegExp(`--workers: expected .*1.*auto.*got "?${workers}`),
  })),
  ...['soon', '-1s', '10 s', '1.5.2s', '10x', ''].map((time) => ({
    entry,
    options: [`--ready-timeout=${time}`],
    says: new RegExp(`--ready-timeout: expected .*time.*got "?${time}`),
  })),
  { entry, options: ['--recover-threshold', 'often'], says: /--recover-threshold: expected.*got.*often/ },
  { entry, options: ['--sharing', 'maybe'], says: /--sharing: expected.*auto.*reuseport.*shared.*round-robin.*maybe/ },
  { entry, options: ['--log-level', 'loud'], says: /--log-level: expected.*debug.*loud/ },
  { entry, options: ['--log-format', 'xml'], says: /--log-format: expected.*text.*json.*xml/ },
  { entry, options: ['--name', 'a/b'], says: /--name: expected.*a\/b/ },
  { entry, options: ['--sharing', 'reuseport'], when: !hasReuseport(), says: /--sharing reuseport.*22\.12/ },

  { entry, env: { PREFORK_WORKERS: 'many' }, says: /PREFORK_WORKERS: expected.*many/ },
  { entry, env: { PREFORK_READY_TIMEOUT: 'never' }, says: /PREFORK_READY_TIMEOUT: expected.*never/ },

  { entry, options: ['--config', 'nope.js'], says: /--config: expected a file that exists.*nope\.js/ },
  {
    entry,
    files: { 'prefork.config.js': 'module.exports = {\n  workers: ,\n};' },
    says: /prefork\.config\.js:2.*Syntax/,
  },
  {
    entry,
    files: { 'prefork.config.mjs': 'export default {\n  workers: ,\n};' },
    says: /prefork\.config\.mjs:2.*Syntax/,
  },
  { entry, files: { 'prefork.config.json': '{\n  "workers": 2,\n}' }, says: /prefork\.config\.json:3.*JSON/ },
  {
    entry,
    files: { 'prefork.config.json': '{"wrokers": 2}' },
    says: /prefork\.config\.json: unknown.*wrokers.*workers/,
  },
  {
    entry,
    files: { 'prefork.config.json': '{"workers": 0}' },
    says: /prefork\.config\.json.*workers.*expected.*got.*0/,
  },
  { entry, files: { 'prefork.config.json': '[]' }, says: /prefork\.config\.json: expected an object/ },
  { entry, files: { 'prefork.config.mjs': '\nthrow new Error("no vault")' }, says: /prefork\.config\.mjs:2.*no vault/ },
  { entry, files: { 'prefork.config.js': '', 'prefork.config.json': '{}' }, says: /one config file.*\.js.*\.json/ },
];
for (const { says, when = true, ...input } of badInputs) {
  const what = [...(input.options ?? []), input.entry ?? '(no entry)', JSON.stringify(input.env ?? input.files ?? '')];
  test(`exit 2: ${what.join(' ')}`, { skip: !when }, async () => {
    await using app = await startApp(input);
    assert.deepEqual(await app.exit(), { code: 2, signal: null });
    assert.match(app.stderr, /^prefork: [^\n]+\n$/, 'one line');
    assert.match(app.stderr, says);
    assert.equal(app.stdout, '', 'nothing has started');
  });
}

test('--version is the package’s, --help names every option; both exit 0', async () => {
  await using version = await startApp({ options: ['--version'] });
  assert.deepEqual(await version.exit(), { code: 0, signal: null });
  const { version: expected } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string };
  assert.equal(version.stdout, `${expected}\n`);

  await using help = await startApp({ options: ['--help'] });
  assert.deepEqual(await help.exit(), { code: 0, signal: null });
  for (const flag of ['workers', 'name', 'sharing', 'ready-timeout', 'shutdown-grace-period', 'config']) {
    assert.match(help.stdout, new RegExp(`--${flag}\\b`));
  }
  assert.equal(version.stderr + help.stderr, '');
});

/** The places that set the number of workers, and which one counts. */
const sayings: ReadonlyArray<{ what: string; workers: number; app: Partial<AppOptions>; when?: boolean }> = [
  { what: 'flag', workers: 3, app: { options: ['-w', '3'] } },
  { what: 'variable', workers: 2, app: { env: { PREFORK_WORKERS: '2' } } },
  { what: 'file in JSON', workers: 1, app: { files: { 'prefork.config.json': '{"workers": 1}' } } },
  { what: 'file as a module', workers: 1, app: { files: { 'prefork.config.mjs': 'export default { workers: 1 }' } } },
  { what: 'file in CommonJS', workers: 1, app: { files: { 'prefork.config.js': 'module.exports = { workers: 1 }' } } },
  {
    what: 'file in TypeScript',
    workers: 1,
    app: { files: { 'prefork.config.ts': 'const workers: number = 1;\nexport default { workers };' } },
    when: typescript.byItself,
  },
  {
    what: 'file that is a function',
    workers: 1,
    app: { files: { 'prefork.config.mjs': 'export default async () => ({ workers: 1 })' } },
  },
  {
    what: 'file named by --config',
    workers: 1,
    app: { options: ['--config', 'other.json'], files: { 'other.json': '{"workers": 1}', 'prefork.config.js': 'no' } },
  },
  {
    what: 'variable before file',
    workers: 2,
    app: { env: { PREFORK_WORKERS: '2' }, files: { 'prefork.config.json': '{"workers": 1}' } },
  },
  {
    what: 'flag before variable and file',
    workers: 3,
    app: {
      options: ['--workers=3'],
      env: { PREFORK_WORKERS: '2' },
      files: { 'prefork.config.json': '{"workers": 1}' },
    },
  },
];
for (const { what, workers, app: said, when = true } of sayings) {
  test(`workers by ${what}`, { skip: !when }, async () => {
    await using app = await serve({ entry: 'ready-message.js', ...said });
    assert.equal(app.workers.size, workers);
  });
}

test('the config file can name the entry and its arguments', async () => {
  const config = { entry: './app.js', args: ['--from', 'config'], workers: 1 };
  const text = 'console.log(process.argv.slice(2).join()); process.send("ready"); setInterval(() => {}, 1e6);';
  await using app = await serve({ files: { 'prefork.config.json': JSON.stringify(config), 'app.js': text } });
  await app.output(/^--from,config\n/);
});

test('what follows the entry is the application’s', async () => {
  const files = {
    'app.js': 'console.log(process.argv.slice(2).join()); process.send("ready"); setInterval(() => {}, 1e6);',
  };
  const args = ['--workers', 'two', '--bogus', '--', '-w'];
  await using app = await serve({ entry: './app.js', files, args, options: ['-w1'] });
  await app.output(/^--workers,two,--bogus,--,-w\n/);
});
