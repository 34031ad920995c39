import assert from 'node:assert/strict';
import { closeSync, fstatSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isStillThere, placeOf } from '../../../src/files/open-place.ts';

/** No other kernel tells where a file is. */
const skip = process.platform !== 'linux';

interface Opened {
  readonly directory: string;
  readonly path: string;
  readonly fd: number;
}

/** Opens a file by this path in a new directory, in which `link` leads to the directory `real`. */
function open(t: TestContext, name: string): Opened {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-place-'));
  mkdirSync(join(directory, 'real'));
  symlinkSync('real', join(directory, 'link'));
  const path = join(directory, name);
  const fd = openSync(path, 'w');
  t.after(() => {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  });
  return { directory, path, fd };
}

for (const name of ['file', 'real/file', 'link/file', 'real/../link/file']) {
  test(`a file that was opened as ${name} is there until it is moved`, { skip }, (t) => {
    const { path, fd } = open(t, name);
    const place = placeOf(fd, path);
    assert.equal(isStillThere(fd, place, fstatSync(fd)), true);
    renameSync(path, `${path}.away`);
    assert.equal(isStillThere(fd, place, fstatSync(fd)), false);
  });
}

for (const to of ['real/other', 'real/file'])
  test(`a file that is moved to ${to} before its place is noted is not there`, { skip }, (t) => {
    const { directory, path, fd } = open(t, 'file');
    renameSync(path, join(directory, to));
    assert.equal(isStillThere(fd, placeOf(fd, path), fstatSync(fd)), false);
  });

test('nor is one whose directory is', { skip }, (t) => {
  const { directory, path, fd } = open(t, 'real/file');
  renameSync(join(directory, 'real'), join(directory, 'away'));
  mkdirSync(join(directory, 'real'));
  assert.equal(isStillThere(fd, placeOf(fd, path), fstatSync(fd)), false);
});
