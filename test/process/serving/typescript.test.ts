/** Tests docs/typescript.md: node's flags go to the workers, and with them loaders of TypeScript. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { serve, startApp } from '../../support/app.ts';
import { ask } from '../../support/http.ts';
import { inRoot } from '../../support/paths.ts';
import { typescript } from '../../support/platform.ts';

/** Types that are only to be left out: what node itself runs. */
const plain = `import { createServer, type IncomingMessage } from 'node:http';
createServer((_request: IncomingMessage, response) => response.end('plain')).listen(Number(process.env.PORT));`;

/** An enum and a parameter property are code, which has to be made. */
const withCode = `import { createServer } from 'node:http';
enum Color { Red = 'red' }
class Answer { constructor(private readonly text: string) {} get(): string { return this.text + Color.Red; } }
createServer((_request, response) => response.end(new Answer('is ').get())).listen(Number(process.env.PORT));`;

const packages = inRoot('test/loaders/node_modules');
const noPackages = existsSync(packages) ? false : 'npm run test:loaders installs the loaders';
const esm = { 'package.json': '{ "type": "module" }' };
const commonjs = { 'package.json': '{ "type": "commonjs" }' };
const compilerOptions = '{ "compilerOptions": { "module": "nodenext", "target": "es2022" } }';

interface Loader {
  readonly options: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly answer: string;
  readonly skip: string | false;
}

const loaders: Readonly<Record<string, Loader>> = {
  'node alone, by its flag': {
    options: ['--experimental-strip-types'],
    files: { ...esm, 'app.ts': plain },
    answer: 'plain',
    skip: typescript.byFlag ? false : 'this Node has no such flag',
  },
  'node alone': {
    options: [],
    files: { ...esm, 'app.ts': plain },
    answer: 'plain',
    skip: typescript.byItself ? false : 'this Node needs a flag',
  },
  tsx: {
    options: ['--import', 'tsx'],
    files: { ...esm, 'app.ts': withCode },
    answer: 'is red',
    skip: noPackages,
  },
  'tsx, CommonJS': {
    options: ['--node-arg=--import=tsx'],
    files: { ...commonjs, 'app.ts': withCode },
    answer: 'is red',
    skip: noPackages,
  },
  'ts-node': {
    options: ['--require', 'ts-node/register/transpile-only'],
    files: { ...commonjs, 'app.ts': withCode, 'tsconfig.json': compilerOptions },
    answer: 'is red',
    skip: noPackages,
  },
  swc: {
    options: ['--import', '@swc-node/register/esm-register'],
    files: { ...esm, 'app.ts': withCode, 'tsconfig.json': compilerOptions },
    answer: 'is red',
    skip: noPackages,
  },
};

for (const [name, { options, files, answer, skip }] of Object.entries(loaders)) {
  test(`TypeScript by ${name}, through a reload, and the primary is without`, { skip }, async () => {
    const links = noPackages === false ? { node_modules: packages } : {};
    // A loader compiles before the program runs, which takes its time on a busy machine.
    const patient = ['--workers', '1', '--ready-timeout', '5m'];
    await using server = await serve({ entry: './app.ts', files, links, options: [...patient, ...options] });
    assert.equal(await ask(server.target), answer);
    server.signal('SIGHUP');
    await server.event('reload done');
    assert.equal(await ask(server.target), answer);
  });
}

const flags = `require('node:http').createServer((_request, response) => {
  response.end(JSON.stringify({ flags: process.execArgv, args: process.argv.slice(2), loaded: globalThis.loaded }));
}).listen(process.env.PORT);`;

test("node's flags before the entry go to the workers, as node takes them, and not to the primary", async () => {
  await using server = await serve({
    entry: './app.cjs',
    files: { 'app.cjs': flags, 'load.cjs': 'globalThis.loaded = true; console.log("loaded by", process.pid);' },
    options: [
      '--max-old-space-size=300',
      '-r',
      './load.cjs',
      '--workers',
      '1',
      '--enable-source-maps',
      '--stack-size=900',
    ],
    args: ['--import', 'of-the-entry'],
  });
  assert.deepEqual(JSON.parse(await ask(server.target)), {
    flags: ['--max-old-space-size=300', '-r', './load.cjs', '--enable-source-maps', '--stack-size=900'],
    args: ['--import', 'of-the-entry'],
    loaded: true,
  });
  assert.equal(server.stdout, `loaded by ${server.worker(0)}\n`);
});

const usageErrors: ReadonlyArray<readonly [readonly string[], RegExp]> = [
  [['--no-such-flag', 'app.ts'], /^unknown option --no-such-flag/],
  [
    ['--node-arg', '--no-such-flag', './app.cjs'],
    /^--node-arg: expected flags of node, got --no-such-flag: bad option/,
  ],
  [['--node-arg', 'tsx', './app.cjs'], /^--node-arg: expected flags of node, such as/],
  [
    ['tsx', 'app.ts'],
    /^entry: expected the program itself, got "tsx", which would run it in a process of its own; here that is: prefork --import tsx <entry>/,
  ],
  [['node_modules/.bin/ts-node', 'app.ts'], /here that is: prefork --require ts-node\/register <entry>/],
];

for (const [options, message] of usageErrors) {
  test(`prefork ${options.join(' ')}`, async () => {
    await using app = await startApp({ options, files: { 'app.cjs': flags } });
    assert.deepEqual(await app.exit(), { code: 2, signal: null });
    assert.match(app.stderr.replace(/^prefork: /, ''), message);
  });
}
