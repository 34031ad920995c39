import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  controlDirectories,
  isFitDirectory,
  makeDirectory,
  nameOfSocket,
  socketPath,
} from '../../../src/control/place.ts';
import { Place } from './helpers.ts';

const own = `prefork-${process.geteuid!()}`;
const temporary = join(tmpdir(), own);

test('the directory is made for this user alone, and found again', () => {
  using place = new Place();
  const path = place.file('new');
  assert.equal(isFitDirectory(path), false);
  makeDirectory(path);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.equal(isFitDirectory(path), true);
  makeDirectory(path);
});

/** What makes a directory unfit, and what the error has to say. */
const unfit: ReadonlyArray<{ what: string; make: (path: string) => void; says: RegExp; when?: boolean }> = [
  { what: 'a link', make: (path) => symlinkSync(tmpdir(), path), says: /is a symbolic link.*remove it/ },
  { what: 'a link to nowhere', make: (path) => symlinkSync('/nowhere', path), says: /is a symbolic link/ },
  { what: 'a file', make: (path) => writeFileSync(path, ''), says: /is not a directory/ },
  {
    what: 'another user’s',
    make: (path) => {
      mkdirSync(path, 0o700);
      chownSync(path, 12345, 12345);
    },
    says: /belongs to another user \(uid 12345\).*XDG_RUNTIME_DIR/,
    when: process.geteuid!() === 0,
  },
  ...[0o755, 0o701, 0o770, 0o1777, 0o702].map((mode) => ({
    what: `open to others, mode ${mode.toString(8)}`,
    make: (path: string): void => {
      mkdirSync(path);
      chmodSync(path, mode);
    },
    says: new RegExp(`is open to other users \\(mode 0${(mode & 0o777).toString(8)}\\): chmod 700`),
  })),
];
for (const { what, make, says, when = true } of unfit) {
  test(`a directory that is ${what} is refused, by servers and by commands`, { skip: !when }, () => {
    using place = new Place();
    const path = place.file('d');
    make(path);
    for (const use of [makeDirectory, isFitDirectory]) {
      assert.throws(() => use(path), { code: 'ERR_CONTROL_SOCKET', message: says });
    }
  });
}

test('a directory that cannot be made is an error with its cause', () => {
  using place = new Place();
  assert.throws(() => makeDirectory(place.file('no/such')), { code: 'ERR_CONTROL_SOCKET', message: /ENOENT/ });
});

test('XDG_RUNTIME_DIR comes first, and the temporary directory is looked into as well', () => {
  using place = new Place();
  assert.deepEqual(controlDirectories({ XDG_RUNTIME_DIR: place.path }), [place.file(own), temporary]);
  assert.deepEqual(controlDirectories({ XDG_RUNTIME_DIR: tmpdir() }), [temporary]);
});

for (const value of [undefined, '', 'relative', '.', '/no/such/directory', '/etc/passwd']) {
  test(`XDG_RUNTIME_DIR=${value} is as good as none`, () => {
    assert.deepEqual(controlDirectories({ XDG_RUNTIME_DIR: value }), [temporary]);
  });
}

test('a path that the kernel would cut is an error that says what to do', () => {
  const longest = process.platform === 'linux' ? 107 : 103;
  const name = 'n'.repeat(longest - '/d/.sock'.length);
  assert.equal(socketPath('/d', name).length, longest);
  const says = new RegExp(`has ${longest + 1} bytes.*may have ${longest}.*shorter --name.*XDG_RUNTIME_DIR`);
  assert.throws(() => socketPath('/d', `${name}n`), { code: 'ERR_CONTROL_SOCKET', message: says });
  assert.throws(() => socketPath('/ä', name), { code: 'ERR_CONTROL_SOCKET' }, 'bytes count, not characters');
});

const fileNames: ReadonlyArray<[fileName: string, name: string | undefined]> = [
  ['api.sock', 'api'],
  ['api-2.sock', 'api-2'],
  ['a.b.sock', 'a.b'],
  ['.4e2-abc.tmp', undefined],
  ['.1a-2b.claim', undefined],
  ['.hidden.sock', undefined],
  ['api.socket', undefined],
  ['two words.sock', undefined],
  ['\u001b[31mred.sock', undefined],
];
for (const [fileName, name] of fileNames) {
  test(`${JSON.stringify(fileName)} is the socket of ${name ?? 'no server'}`, () => {
    assert.equal(nameOfSocket(fileName), name);
  });
}
