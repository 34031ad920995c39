import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { prepareRuntimeDirectory } from '../../../src/privileges/runtime-directory.ts';
import { temporaryDirectory } from '../scoreboard/helpers.ts';

const skip = process.geteuid?.() === 0 ? false : 'needs root';
const account = { uid: 4711, gid: 4712 };
const other = 4713;

/** Makes a directory in which only root creates entries. */
function runOf(t: TestContext): { run: string; path: string } {
  const run = join(temporaryDirectory(t), 'run');
  mkdirSync(run, { mode: 0o755 });
  return { run, path: join(run, 'prefork-4711') };
}

function isGivenAway(path: string): boolean {
  const { uid, gid, mode } = lstatSync(path);
  return uid === account.uid && gid === account.gid && (mode & 0o777) === 0o700;
}

test('is made, and the account’s', { skip }, (t) => {
  const { run, path } = runOf(t);
  assert.ok(prepareRuntimeDirectory(account, run));
  assert.ok(isGivenAway(path));
  assert.ok(prepareRuntimeDirectory(account, run), 'and stays');
  assert.ok(isGivenAway(path));
});

test('an earlier start ended before it was given away', { skip }, (t) => {
  const { run, path } = runOf(t);
  mkdirSync(path, { mode: 0o700 });
  assert.ok(prepareRuntimeDirectory(account, run));
  assert.ok(isGivenAway(path));
});

const squatters: ReadonlyArray<readonly [string, (path: string, run: string) => void]> = [
  ['another user’s directory', (path) => (mkdirSync(path), chownSync(path, other, other))],
  ['a link', (path) => symlinkSync('/etc', path)],
  ['a link of the account’s', (path) => symlinkSync('/nowhere', path)],
  ['a file', (path) => writeFileSync(path, '')],
  ['a /run that is open', (_path, run) => chmodSync(run, 0o1777)],
  ['a /run that is a group’s too', (_path, run) => chmodSync(run, 0o775)],
  ['a /run of another user’s', (_path, run) => chownSync(run, other, other)],
];

for (const [what, squat] of squatters) {
  test(`${what} is not touched`, { skip }, (t) => {
    const { run, path } = runOf(t);
    squat(path, run);
    const before = lstatSync(path, { throwIfNoEntry: false });
    assert.equal(prepareRuntimeDirectory(account, run), false);
    assert.equal(lstatSync(path, { throwIfNoEntry: false })?.uid, before?.uid);
    assert.notEqual(lstatSync('/etc').uid, account.uid);
  });
}

test('a /run that is a link leads to where it is, and one that is not there nowhere', { skip }, (t) => {
  const { run } = runOf(t);
  symlinkSync(run, `${run}-link`);
  assert.equal(prepareRuntimeDirectory(account, `${run}-link`), true);
  assert.ok(existsSync(`${run}/prefork-${account.uid}`));
  assert.equal(prepareRuntimeDirectory(account, `${run}/nowhere`), false);
});
