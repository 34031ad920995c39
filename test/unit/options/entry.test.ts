import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { entryName, resolveEntry } from '../../../src/options/launch/entry.ts';
import { usage } from './usage.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'prefork-entry-')));
after(() => rmSync(root, { recursive: true }));

const files = {
  'server.js': '',
  'module.mjs': '',
  'typed.ts': '',
  'bin/www': '',
  'both.js': '',
  'both/index.js': '',
  'plain/index.js': '',
  'main/package.json': '{ "main": "lib/start.mjs" }',
  'main/lib/start.mjs': '',
  'broken/package.json': '{ "main": ',
  'short/package.json': '{ "main": "lib" }',
  'short/lib/index.js': '',
  'short/lib/package.json': '{ "main": "other.js" }',
  'short/lib/other.js': '',
  'stale/package.json': '{ "main": "gone.js" }',
  'stale/index.js': '',
  'named/package.json/index.js': '',
  'named/index.json': '',
  'empty/readme.md': '',
  'next/readme.md': '',
  'node_modules/.bin/next': '',
};
for (const [name, text] of Object.entries(files)) {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text);
}
symlinkSync('server.js', join(root, 'link.js'));

const found: ReadonlyArray<readonly [string, string]> = [
  ['server.js', 'server.js'],
  ['./server.js', 'server.js'],
  [join(root, 'server.js'), 'server.js'],
  ['server', 'server.js'],
  ['module.mjs', 'module.mjs'],
  ['typed.ts', 'typed.ts'],
  ['bin/www', 'bin/www'],
  ['both', 'both.js'],
  ['both/', 'both.js'],
  ['plain', 'plain/index.js'],
  ['main', 'main/lib/start.mjs'],
  // Node reads no second package.json.
  ['short', 'short/lib/index.js'],
  ['stale', 'stale/index.js'],
  ['named', 'named/index.json'],
  ['link.js', 'server.js'],
  ['node_modules/.bin/next', 'node_modules/.bin/next'],
];

for (const [entry, path] of found) {
  test(`${entry} is ${path}`, () => assert.equal(resolveEntry(entry, root), join(root, path)));
}

test('node finds the same', () => {
  const { resolve } = createRequire(join(root, 'x.js'));
  for (const [entry, path] of found.filter(([one]) => !one.startsWith('/'))) {
    // Node takes a slash at the end for a directory, and prefork takes the path without it.
    assert.equal(resolve(join(root, entry.replace(/\/$/, ''))), join(root, path));
  }
});

test('a package.json is read by what the caller reads files with', () => {
  const read = (file: string): never => {
    throw new Error(`no file: ${file}`);
  };
  assert.throws(() => resolveEntry('main', root, [], read), usage(/^entry "main": \S+package\.json: no file/));
});

test('a directory is found by its dot', () => {
  assert.equal(resolveEntry('.', join(root, 'plain')), join(root, 'plain/index.js'));
});

const directory = 'a directory with an index.js or a package.json that names its main';
const missing: ReadonlyArray<readonly [string, string | RegExp]> = [
  ['sevrer.js', 'entry: expected a file that exists, got "sevrer.js"'],
  ['', 'entry: expected a file that exists, got ""'],
  ['lib/../nowhere', 'entry: expected a file that exists, got "lib/../nowhere"'],
  // Node does not add these extensions.
  ['module', 'entry: expected a file that exists, got "module"'],
  // A built-in module is not a program.
  ['http', 'entry: expected a file that exists, got "http"'],
  ['empty', `entry: expected ${directory}, got "empty"`],
  ['./next', `entry: expected ${directory}, got "./next"`],
  ['next', `entry: expected ${directory}, got "next"; did you mean ${join('node_modules', '.bin', 'next')}?`],
  ['a\nb', String.raw`entry: expected a file that exists, got "a\nb"`],
  ['x'.repeat(5000), `entry: expected a file that exists, got "${'x'.repeat(60)}..."`],
  ['broken', /^entry "broken": [^\n]*package\.json[^\n]*$/],
];

for (const [entry, message] of missing) {
  test(`no entry: ${JSON.stringify(entry.slice(0, 80))}`, () =>
    assert.throws(() => resolveEntry(entry, root), usage(message)));
}

const names: ReadonlyArray<readonly [string | undefined, string]> = [
  ['/app/server.js', 'server'],
  ['/app/server.test.mjs', 'server.test'],
  ['/app/bin/www', 'www'],
  ['/srv/shop/index.js', 'shop'],
  ['/srv/shop/index.cjs', 'shop'],
  ['/index.js', 'prefork'],
  ['/srv/My shop (new)/index.js', 'My-shop-new-'],
  ['/srv/.hidden.js', 'hidden'],
  ['/srv/---.js', 'prefork'],
  ['/srv/商店.js', 'prefork'],
  [`/srv/${'x'.repeat(80)}.js`, 'x'.repeat(64)],
  [undefined, 'prefork'],
];

for (const [entry, name] of names) {
  test(`${entry} is called ${name}`, () => assert.equal(entryName(entry), name));
}
