import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import {
  controlDirectories,
  controlDirectory,
  isFitDirectory,
  makeDirectory,
  othersDirectories,
  previewDirectory,
} from '../../../../src/control/files/directories.ts';
import { prepareRuntimeDirectory } from '../../../../src/privileges/runtime-directory.ts';
import { firstNamesIn } from '../../../../src/files/names.ts';
import { whyNotTrusted } from '../../../../src/files/trust.ts';
import { Place } from '../helpers.ts';

const uid = process.geteuid!();
const isRoot = uid === 0;
const own = `prefork-${uid}`;
const stranger = 12345;
const MANY = 1000;

/** The variable by which node finds the temporary directory. */
const { TMPDIR } = process.env;
let temporary: Place;
beforeEach(() => {
  temporary = new Place();
  process.env['TMPDIR'] = temporary.path;
});
afterEach(() => {
  if (TMPDIR === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = TMPDIR;
  temporary[Symbol.dispose]();
});

test('the directory is made for this user alone, and found again', () => {
  using place = new Place();
  const path = place.file('new');
  assert.equal(isFitDirectory(path), false);
  makeDirectory(path);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.equal(isFitDirectory(path), true);
  makeDirectory(path);
});

/** The problems that make a directory unfit, and what the error has to say. */
const unfit: ReadonlyArray<{ what: string; make: (path: string) => void; says: RegExp; when?: boolean }> = [
  { what: 'a link', make: (path) => symlinkSync(tmpdir(), path), says: /is a symbolic link.*remove it/ },
  { what: 'a link to nowhere', make: (path) => symlinkSync('/nowhere', path), says: /is a symbolic link/ },
  { what: 'a file', make: (path) => writeFileSync(path, ''), says: /is not a directory/ },
  {
    what: 'another user’s',
    make: (path) => {
      mkdirSync(path, 0o700);
      chownSync(path, stranger, stranger);
    },
    says: /belongs to another user \(uid 12345\).*PREFORK_RUNTIME_DIR/,
    when: isRoot,
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

test(
  'a directory that a program of another user’s answers for is not taken for one that is gone',
  { skip: process.platform !== 'linux' },
  () => {
    using place = new Place();
    mkdirSync(place.file('mounted'), 0o700);
    const none = new Set<string>();
    assert.throws(() => makeDirectory(place.file('mounted'), none), {
      code: 'ERR_CONTROL_SOCKET',
      message:
        /mounted is on a file system of another user’s own making \(FUSE\).*unmount it, or set PREFORK_RUNTIME_DIR$/,
    });
  },
);

test('a directory that cannot be made is an error with its cause', () => {
  using place = new Place();
  assert.throws(() => makeDirectory(place.file('no/such')), { code: 'ERR_CONTROL_SOCKET', message: /ENOENT/ });
});

test('PREFORK_RUNTIME_DIR stands alone, for servers and commands', () => {
  using place = new Place();
  const env = { PREFORK_RUNTIME_DIR: place.path, XDG_RUNTIME_DIR: temporary.path };
  assert.equal(controlDirectory(env), place.file(own));
  assert.deepEqual(controlDirectories(env), [place.file(own)]);
});

for (const value of ['relative', '.', '/no/such/directory', '/etc/passwd']) {
  test(`PREFORK_RUNTIME_DIR=${value} is an error, and nothing else is used instead`, () => {
    const env = { PREFORK_RUNTIME_DIR: value };
    const error = { code: 'ERR_CONTROL_SOCKET', message: /^PREFORK_RUNTIME_DIR: .* is not a directory$/ };
    assert.throws(() => controlDirectory(env), error);
    assert.throws(() => controlDirectories(env), error);
    assert.match(previewDirectory(env).problem!, /is not a directory/);
  });
}

test('root’s own place is /run, whatever XDG_RUNTIME_DIR says', { skip: !isRoot }, () => {
  using place = new Place();
  assert.equal(previewDirectory({ XDG_RUNTIME_DIR: place.path }).path, `/run/${own}`);
});

test('root’s commands look into no directory of all users while /run serves', { skip: !isRoot }, () => {
  makeDirectory(`/run/${own}`);
  chmodSync(temporary.path, 0o1777);
  mkdirSync(temporary.file(own), 0o700);
  assert.deepEqual(controlDirectories({}), [`/run/${own}`]);
  assert.deepEqual(controlDirectories({ PREFORK_RUNTIME_DIR: temporary.path }), [temporary.file(own)]);
});

test('many names of other users hide no directory, and are not all looked at', { skip: !isRoot }, (t) => {
  chmodSync(temporary.path, 0o1777);
  for (let nth = 0; nth < MANY; nth++) {
    const path = temporary.file(`${own}-${String(nth).padStart(6, '0')}`);
    writeFileSync(path, '');
    chownSync(path, stranger, stranger);
  }
  mkdirSync(temporary.file(own), 0o700);
  const opened = t.mock.method(fs, 'openSync');
  syncBuiltinESMExports();
  const found = controlDirectories({ PREFORK_RUNTIME_DIR: temporary.path });
  opened.mock.restore();
  syncBuiltinESMExports();
  assert.deepEqual(found, [temporary.file(own)]);
  assert.ok(opened.mock.callCount() < MANY, String(opened.mock.callCount()));
});

test('commands look into every place that a server may have chosen', () => {
  using place = new Place();
  const runtime = place.file('runtime');
  mkdirSync(runtime, 0o700);
  mkdirSync(join(runtime, own), 0o700);
  mkdirSync(temporary.file(own), 0o700);
  const found = controlDirectories({ XDG_RUNTIME_DIR: runtime });
  assert.deepEqual(
    found.filter((path) => !path.startsWith('/run/')),
    [join(runtime, own), temporary.file(own)],
  );
});

test('XDG_RUNTIME_DIR of another user is as good as none', { skip: !isRoot }, () => {
  using place = new Place();
  const runtime = place.file('runtime');
  mkdirSync(runtime, 0o700);
  mkdirSync(join(runtime, own), 0o700);
  chownSync(runtime, stranger, stranger);
  assert.ok(!controlDirectories({ XDG_RUNTIME_DIR: runtime }).some((path) => path.startsWith(runtime)));
});

for (const value of [undefined, '', 'relative', '.', '/no/such/directory', '/etc/passwd']) {
  test(`XDG_RUNTIME_DIR=${value} is as good as none`, () => {
    mkdirSync(temporary.file(own), 0o700);
    const found = controlDirectories({ XDG_RUNTIME_DIR: value }).filter((path) => !path.startsWith('/run/'));
    assert.deepEqual(found, [temporary.file(own)]);
  });
}

test(
  'where others may write, their directory of our name is no hindrance, and ours is found',
  { skip: !isRoot },
  () => {
    chmodSync(temporary.path, 0o1777);
    const env = { PREFORK_RUNTIME_DIR: temporary.path };
    mkdirSync(temporary.file(own));
    chownSync(temporary.file(own), stranger, stranger);
    symlinkSync('/etc', temporary.file(`${own}-abcdef`));
    assert.deepEqual(controlDirectories(env), []);
    const made = controlDirectory(env);
    assert.match(made, new RegExp(`/${own}-\\w{6}$`));
    assert.equal(statSync(made).mode & 0o777, 0o700);
    assert.equal(controlDirectory(env), made, 'the next server has the same');
    assert.deepEqual(controlDirectories(env), [made]);
  },
);

/** The problems of a directory, or of one above it. */
const untrusted: ReadonlyArray<[what: string, spoil: (path: string) => void, says: RegExp]> = [
  ['is another user’s', (path) => chownSync(path, stranger, stranger), /belongs to another user \(uid 12345\)/],
  ['can be written to by all', (path) => chmodSync(path, 0o777), /can be changed by other users \(mode 0777\)/],
  ['can be written to by a group', (path) => chmodSync(path, 0o770), /can be changed by other users \(mode 0770\)/],
];
for (const [what, spoil, says] of untrusted) {
  test(`a place is not used that ${what}, nor one below it`, { skip: !isRoot }, () => {
    using place = new Place();
    const below = place.file('a/b');
    mkdirSync(below, { recursive: true });
    assert.equal(whyNotTrusted(below), undefined);
    spoil(place.path);
    assert.match(whyNotTrusted(place.path)!, says);
    assert.match(whyNotTrusted(below)!, says);
    assert.throws(() => controlDirectory({ PREFORK_RUNTIME_DIR: below }), {
      code: 'ERR_CONTROL_SOCKET',
      message: says,
    });
  });
}

test('root makes a directory for the user that it starts a server as, and looks there', { skip: !isRoot }, () => {
  using place = new Place();
  const env = { PREFORK_RUNTIME_DIR: place.path };
  const owner = { uid: stranger, gid: 54321 };
  const path = place.file(`prefork-${stranger}`);
  assert.equal(prepareRuntimeDirectory(owner, place.path), true);
  const { uid: user, gid, mode } = statSync(path);
  assert.deepEqual([user, gid, mode & 0o777], [stranger, 54321, 0o700]);
  assert.equal(prepareRuntimeDirectory(owner, place.path), true, 'it is there already');
  assert.deepEqual(othersDirectories(env), [{ path, owner }]);
  assert.deepEqual(controlDirectories(env), [], 'it is none of root’s own');
});

test('root looks into no directory that a user can have made', { skip: !isRoot }, () => {
  chmodSync(temporary.path, 0o1777);
  const env = { PREFORK_RUNTIME_DIR: temporary.path };
  mkdirSync(temporary.file(`prefork-${stranger}`), 0o700);
  chownSync(temporary.file(`prefork-${stranger}`), stranger, stranger);
  assert.deepEqual(othersDirectories(env), []);
  assert.equal(prepareRuntimeDirectory({ uid: stranger, gid: stranger }, temporary.path), false);
});

test('a directory of another user’s name and not of that user is not looked into', { skip: !isRoot }, () => {
  using place = new Place();
  const env = { PREFORK_RUNTIME_DIR: place.path };
  mkdirSync(place.file(`prefork-${stranger}`), 0o700);
  symlinkSync('/etc', place.file('prefork-99'));
  assert.deepEqual(othersDirectories(env), []);
  assert.equal(prepareRuntimeDirectory({ uid: 99, gid: 99 }, place.path), false);
});

test('of names that others have made, some are read', () => {
  using place = new Place();
  for (const name of ['a', 'b', 'c']) writeFileSync(place.file(name), '');
  assert.equal(firstNamesIn(place.path, 2).length, 2);
  assert.deepEqual(firstNamesIn(place.path, 9).toSorted(), ['a', 'b', 'c']);
  assert.deepEqual(firstNamesIn(place.file('none'), 9), []);
});
