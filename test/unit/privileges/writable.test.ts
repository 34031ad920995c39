import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test, type TestContext } from 'node:test';
import { writablePart } from '../../../src/privileges/writable.ts';
import { temporaryDirectory } from '../scoreboard/helpers.ts';

/** The files of the tests belong to this process, and none to this user. */
const stranger = { uid: 4711, gid: 4711 };
const skip = process.platform === 'win32';

interface Tree {
  readonly top: string;
  readonly package: string;
  readonly file: string;
}

function plant(t: TestContext): Tree {
  const top = temporaryDirectory(t);
  const tree = { top, package: join(top, 'package'), file: join(top, 'package', 'cli.js') };
  mkdirSync(tree.package);
  writeFileSync(tree.file, '');
  chmodSync(top, 0o755);
  chmodSync(tree.package, 0o755);
  chmodSync(tree.file, 0o644);
  return tree;
}

test('what is another’s, and closed', { skip }, (t) => {
  assert.equal(writablePart(plant(t).file, stranger), undefined);
});

test('its own file', { skip }, (t) => {
  const { file } = plant(t);
  assert.equal(writablePart(file, { uid: process.getuid!(), gid: 4711 }), file);
});

const opened: ReadonlyArray<readonly [keyof Tree, number, boolean]> = [
  ['file', 0o646, true],
  ['file', 0o664, false],
  ['package', 0o757, true],
  ['package', 0o775, false],
  ['package', 0o1777, false],
  ['top', 0o777, true],
  ['top', 0o1777, false],
];

for (const [what, mode, isFound] of opened) {
  test(`${what} with mode 0${mode.toString(8)}`, { skip }, (t) => {
    const tree = plant(t);
    chmodSync(tree[what], mode);
    assert.equal(writablePart(tree.file, stranger), isFound ? tree[what] : undefined);
  });
}

test('its group may write', { skip }, (t) => {
  const { file, package: directory } = plant(t);
  const member = { uid: 4711, gid: process.getgid!() };
  assert.equal(writablePart(file, member), undefined);
  chmodSync(directory, 0o775);
  assert.equal(writablePart(file, member), directory);
});

test('an entry that is its own, in a sticky directory', { skip: skip || process.getuid?.() !== 0 }, async (t) => {
  const { file, package: directory } = plant(t);
  const { chownSync } = await import('node:fs');
  chmodSync(directory, 0o1777);
  chownSync(file, stranger.uid, 0);
  assert.equal(writablePart(file, stranger), file);
});

test('a link is followed, and its own directory looked at', { skip }, (t) => {
  const { top, file, package: directory } = plant(t);
  const bin = join(top, 'bin');
  mkdirSync(bin, { mode: 0o755 });
  const link = join(bin, 'prefork');
  symlinkSync(relative(bin, file), link);
  assert.equal(writablePart(link, stranger), undefined);
  chmodSync(directory, 0o777);
  assert.equal(writablePart(link, stranger), directory, 'where it leads');
  chmodSync(directory, 0o755);
  chmodSync(bin, 0o777);
  assert.equal(writablePart(link, stranger), bin, 'where it is');
});

test('a directory that is a link', { skip }, (t) => {
  const { top, package: directory } = plant(t);
  const current = join(top, 'current');
  symlinkSync(directory, current);
  assert.equal(writablePart(join(current, 'cli.js'), stranger), undefined);
  chmodSync(directory, 0o777);
  assert.equal(writablePart(join(current, 'cli.js'), stranger), directory);
});

test('links in a circle end', { skip }, (t) => {
  const { top } = plant(t);
  const [one, other] = [join(top, 'one'), join(top, 'other')];
  symlinkSync(one, other);
  symlinkSync(other, one);
  assert.equal(writablePart(one, stranger), undefined);
});

test('what is not there can be made by who may write to its directory, also a sticky one', { skip }, (t) => {
  const { top, package: directory } = plant(t);
  const missing = join(directory, 'missing.js');
  assert.equal(writablePart(missing, stranger), undefined);
  chmodSync(directory, 0o1777);
  assert.equal(writablePart(missing, stranger), directory);
  const link = join(top, 'link');
  symlinkSync(missing, link);
  assert.equal(writablePart(link, stranger), directory);
});

test('a relative link leads on from the directory that the kernel goes to', { skip }, (t) => {
  const { top } = plant(t);
  // links/tool leads to real/tool, and real/tool/prog to ../lib/prog, which is real/lib/prog.
  for (const name of ['links', 'real', 'real/tool', 'real/lib']) mkdirSync(join(top, name));
  symlinkSync(join(top, 'real/tool'), join(top, 'links/tool'));
  symlinkSync('../lib/prog', join(top, 'real/tool/prog'));
  writeFileSync(join(top, 'real/lib/prog'), '');
  for (const name of ['links', 'real', 'real/tool', 'real/lib']) chmodSync(join(top, name), 0o755);
  chmodSync(join(top, 'real/lib/prog'), 0o644);
  assert.equal(writablePart(join(top, 'links/tool/prog'), stranger), undefined);
  chmodSync(join(top, 'real/lib/prog'), 0o646);
  assert.equal(writablePart(join(top, 'links/tool/prog'), stranger), join(top, 'real/lib/prog'));
});
