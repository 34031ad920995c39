import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
  ['link.js', 'server.js'],
  ['node_modules/.bin/next', 'node_modules/.bin/next'],
];

for (const [entry, path] of found) {
  test(`${entry} is ${path}`, () => assert.equal(resolveEntry(entry, root), join(root, path)));
}

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
