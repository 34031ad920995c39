import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { after, test } from 'node:test';
import { loadConfig, placeOf } from '../../../src/options/config-file.ts';
import { usage } from './usage.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'prefork-config-')));
after(() => rmSync(root, { recursive: true }));
let directories = 0;

type Files = Readonly<Record<string, string>>;

/** Makes a new directory each time, because Node reads a module once. */
function directory(files: Files): string {
  const path = join(root, String(directories++));
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

const readsTypeScript = Boolean((process.features as { typescript?: unknown }).typescript);
const esm = { 'package.json': '{ "type": "module" }' };
const commonjs = { 'package.json': '{ "type": "commonjs" }' };
const text = 'export default { workers: 2, entry: "a.js", args: ["-x"] };';
const values = { workers: 2, entry: 'a.js', args: ['-x'] };

const readable: ReadonlyArray<readonly [string, string, Files]> = [
  ['an ES module', 'prefork.config.js', { ...esm, 'prefork.config.js': text }],
  ['an ES module by its name', 'prefork.config.mjs', { ...commonjs, 'prefork.config.mjs': text }],
  [
    'CommonJS',
    'prefork.config.js',
    { ...commonjs, 'prefork.config.js': text.replace('export default', 'module.exports =') },
  ],
  ['JSON', 'prefork.config.json', { 'prefork.config.json': JSON.stringify(values) }],
  ['JSON from Windows', 'prefork.config.json', { 'prefork.config.json': `\uFEFF${JSON.stringify(values)}\r\n` }],
  [
    'a function',
    'prefork.config.mjs',
    { 'prefork.config.mjs': text.replace('default', 'default () => (').replace(';', ')') },
  ],
  [
    'an async function',
    'prefork.config.mjs',
    { 'prefork.config.mjs': text.replace('default', 'default async () => (').replace(';', ')') },
  ],
];

for (const [name, file, files] of readable) {
  test(`reads ${name}`, async () => {
    const cwd = directory(files);
    const config = await loadConfig(cwd);
    assert.deepEqual({ file: config?.file, values: config?.values }, { file: join(cwd, file), values });
  });
}

test('reads TypeScript where this Node does, and says so where it does not', async () => {
  const cwd = directory({ ...esm, 'prefork.config.ts': 'export default { workers: 2 as number };' });
  if (readsTypeScript) {
    assert.deepEqual((await loadConfig(cwd))?.values, { workers: 2 });
  } else {
    const message = `prefork.config.ts: expected Node 22.18 or later, which reads TypeScript, got ${process.versions.node}`;
    await assert.rejects(loadConfig(cwd), usage(message));
  }
});

const again: ReadonlyArray<readonly [string, (workers: number) => Files]> = [
  ['an ES module', (n) => ({ ...esm, 'prefork.config.js': `export default { workers: ${n} };` })],
  ['CommonJS', (n) => ({ ...commonjs, 'prefork.config.js': `module.exports = { workers: ${n} };` })],
  [
    'CommonJS, and what it requires',
    (n) => ({
      'prefork.config.js': `module.exports = { workers: require('./n.js').n }; // ${n}`,
      ...commonjs,
      'n.js': `exports.n = ${n};`,
    }),
  ],
  ['JSON', (n) => ({ 'prefork.config.json': JSON.stringify({ workers: n }) })],
];

for (const [name, files] of again) {
  test(`a changed file is read again: ${name}`, async () => {
    const cwd = directory(files(2));
    const workers = async (): Promise<unknown> => (await loadConfig(cwd))?.values.workers;
    assert.equal(await workers(), 2);
    for (const n of [3, 2, 4]) {
      for (const [file, content] of Object.entries(files(n))) writeFileSync(join(cwd, file), content);
      assert.equal(await workers(), n);
    }
  });
}

test('an error in a file that was read again has its line', async () => {
  const cwd = directory({ 'prefork.config.mjs': 'export default { workers: 1 };' });
  await loadConfig(cwd);
  writeFileSync(join(cwd, 'prefork.config.mjs'), '\n\nthrow new Error("no");');
  await assert.rejects(loadConfig(cwd), usage('prefork.config.mjs:3: Error: no'));
});

test('the place of a key has its line', () => {
  const file = '/app/prefork.config.js';
  for (const [source, place] of [
    ['export default {\n  entry: "a.js",\n  name: "b",\n};', 'prefork.config.js:3: name'],
    ['{\n"name"  : "b" }', 'prefork.config.js:2: name'],
    ['export default { rename: 1, surname: 2 };', 'prefork.config.js: name'],
  ] as const) {
    assert.equal(placeOf({ file, text: source }, 'name'), place);
  }
});

test('may be missing', async () => assert.equal(await loadConfig(directory({})), undefined));

test('an empty object is a config', async () => {
  assert.deepEqual((await loadConfig(directory({ 'prefork.config.json': '{}' })))?.values, {});
});

test('hooks and a logger are taken', async () => {
  const hooks = 'onWorkerSpawn() {}, onPrimaryReady() {}, onWorkerRecover() {}, spawnWorker() {}, logger: console';
  const config = await loadConfig(directory({ 'prefork.config.mjs': `export default { ${hooks} };` }));
  assert.equal(config?.values.logger, console);
  assert.equal(typeof config?.values.spawnWorker, 'function');
});

test('--config names another file, and only that is read', async () => {
  const cwd = directory({ 'prefork.config.js': 'nonsense(', 'deploy/api.json': '{ "workers": 3 }' });
  const file = join(cwd, 'deploy/api.json');
  const expected = { file, values: { workers: 3 }, text: '{ "workers": 3 }', notes: [] };
  assert.deepEqual(await loadConfig(cwd, 'deploy/api.json'), expected);
  assert.deepEqual(await loadConfig('/', file), expected);
});

const badNames: ReadonlyArray<readonly [string, string]> = [
  ['nowhere.js', '--config: expected a file that exists, got "nowhere.js"'],
  ['', '--config: expected a file that exists, got ""'],
  ['x'.repeat(5000), `--config: expected a file that exists, got "${'x'.repeat(60)}..."`],
  ['deploy', '--config: expected a file that exists, got "deploy"'],
  ['deploy/api.yaml', '--config: expected a file that ends in .js, .mjs, .ts or .json, got "deploy/api.yaml"'],
];

for (const [name, message] of badNames) {
  test(message, async () => {
    await assert.rejects(loadConfig(directory({ 'deploy/api.yaml': '' }), name), usage(message));
  });
}

test('two are one too many', async () => {
  const cwd = directory({ 'prefork.config.js': '', 'prefork.config.json': '' });
  const message = 'expected one config file, got prefork.config.js and prefork.config.json';
  await assert.rejects(loadConfig(cwd), usage(message));
});

const module = 'an object, or a function that returns one, as default export';
const broken: ReadonlyArray<readonly [string, string, string | RegExp]> = [
  ['js', 'export default { wrokers: 2 };', 'prefork.config.js: unknown option wrokers; did you mean workers?'],
  ['json', '{ "log-level": "info" }', 'prefork.config.json: unknown option log-level; did you mean logLevel?'],
  ['json', '{ "$schema": "x" }', 'prefork.config.json: unknown option "$schema"'],
  ['json', '{ "config": "x" }', 'prefork.config.json: unknown option config'],
  ['mjs', 'export default { network: "tcp4" };', 'prefork.config.mjs: network works only in the library'],
  ['mjs', 'export default { onPrimaryDeath() {} };', 'prefork.config.mjs: onPrimaryDeath works only in the library'],
  ['mjs', 'export const workers = 2;', `prefork.config.mjs: expected ${module}, got undefined`],
  ['mjs', 'export default [];', `prefork.config.mjs: expected ${module}, got []`],
  ['mjs', 'export default () => null;', `prefork.config.mjs: expected ${module}, got null`],
  ['json', '[1]', 'prefork.config.json: expected an object, got [ 1 ]'],
  ['json', '"x"', 'prefork.config.json: expected an object, got "x"'],
  ['json', '{ "entry": 3 }', 'prefork.config.json: entry: expected the path of a file, got 3'],
  ['json', '{ "args": "-x" }', 'prefork.config.json: args: expected an array of strings, got "-x"'],
  [
    'json',
    '{ "args": ["-p", 80] }',
    String.raw`prefork.config.json: args: expected an array of strings, got [ '-p', 80 ]`,
  ],
  ['json', '', /^prefork\.config\.json: SyntaxError: Unexpected end of JSON input$/],
  ['json', '{\n  "workers": 2,\n}', /^prefork\.config\.json:3: SyntaxError: .+ in JSON at position \d+[^\n]*$/],
  ['json', '{ workers }', /^prefork\.config\.json:1: SyntaxError: [^\n]+$/],
  ['js', 'export default {\n  workers: 2,\n  name ,,\n};', "prefork.config.js:3: SyntaxError: Unexpected token ','"],
  ['mjs', '\n\nexport default {', 'prefork.config.mjs:3: SyntaxError: Unexpected end of input'],
  ['mjs', 'import "./lib/broken.mjs";\nexport default {};', "prefork.config.mjs: SyntaxError: Unexpected token ')'"],
  [
    'mjs',
    '\nthrow new Error("DATABASE_URL is not set\\nreally");',
    'prefork.config.mjs:2: Error: DATABASE_URL is not set',
  ],
  ['mjs', '\nexport default () => missing;', 'prefork.config.mjs:2: ReferenceError: missing is not defined'],
  ['mjs', 'export default async () => { throw "no" };', 'prefork.config.mjs: "no"'],
  ['mjs', 'throw undefined;', 'prefork.config.mjs: undefined'],
  ['mjs', 'import "nowhere";', /^prefork\.config\.mjs[^\n]*Cannot find package 'nowhere'[^\n]*$/],
];

for (const [extension, content, message] of broken) {
  const name = `prefork.config.${extension}`;
  test(`${name}: ${JSON.stringify(content)}`, async () => {
    const cwd = directory({ ...esm, [name]: content, 'lib/broken.mjs': ')' });
    await assert.rejects(loadConfig(cwd), usage(message));
  });
}

test('a syntax error in CommonJS has its line', async () => {
  const cwd = directory({ ...commonjs, 'prefork.config.js': 'module.exports = {\n  name ,,\n};' });
  await assert.rejects(loadConfig(cwd), usage("prefork.config.js:2: SyntaxError: Unexpected token ','"));
});

test('a syntax error in TypeScript has its line', { skip: !readsTypeScript }, async () => {
  const cwd = directory({ ...esm, 'prefork.config.ts': 'export default {\n  name ,,\n};' });
  await assert.rejects(loadConfig(cwd), usage(/^prefork\.config\.ts:2: SyntaxError[^\n]*$/));
});

test('the text is checked before anything of the file counts, and it is the text that counts', async () => {
  const code = directory({ ...commonjs, 'prefork.config.js': 'globalThis.wasRun = true; module.exports = {};' });
  const refuse = (): never => {
    throw new Error('refused');
  };
  await assert.rejects(loadConfig(code, undefined, undefined, refuse), /refused/);
  assert.equal('wasRun' in globalThis, false);
  const data = directory({ 'prefork.config.json': '{"workers":2}' });
  const config = await loadConfig(data, undefined, undefined, ({ file, isCode }) => {
    assert.equal(isCode, false);
    writeFileSync(file, '{"workers":3}');
    return undefined;
  });
  assert.deepEqual(config?.values, { workers: 2 });
});
